"""The host of Slack's socket as it is deployed: what it may, where it runs, who is called."""

import ast
import json
import re
import sys
from typing import Any

import pytest

from slack_socket.timing import Timing
from stacks.config import ConfigError
from stacks.synthesis import ROOT, build, new_app, templates
from tests.stacks.conftest import EVERYTHING_ON
from tests.stacks.template import Deployment

IMAGE = EVERYTHING_ON["slack"]["socket_image"]
TOKEN = EVERYTHING_ON["slack"]["socket_token_arn"]


@pytest.fixture
def task(everything_on: Deployment) -> Any:
    return everything_on.only("AWS::ECS::TaskDefinition")[1]["Properties"]


@pytest.fixture
def container(task: Any) -> Any:
    (container,) = task["ContainerDefinitions"]
    return container


@pytest.fixture
def service(everything_on: Deployment) -> Any:
    return everything_on.only("AWS::ECS::Service")[1]["Properties"]


def role_of(deployment: Deployment, task: Any, which: str) -> str:
    return deployment.role_key(task[which])


def actions_of(deployment: Deployment, role: str) -> dict[str, list[str]]:
    return {
        action: sorted(right.resources)
        for right in deployment.identity_statements()
        if right.owner == role
        for action in right.actions
    }


@pytest.mark.guarantee("G11")
def test_the_host_may_call_one_route_and_do_nothing_else(
    everything_on: Deployment, task: Any
) -> None:
    role = role_of(everything_on, task, "TaskRoleArn")
    found = actions_of(everything_on, role)
    assert set(found) == {"execute-api:Invoke"}
    (route,) = found["execute-api:Invoke"]
    assert route.endswith("/v1/POST/slack/socket")
    assert everything_on.of_type("AWS::IAM::Role")[role]["Properties"]["RoleName"] == (
        "pam-prod-slack-socket"
    )


def test_nobody_else_may_call_that_route_by_their_own_rights(everything_on: Deployment) -> None:
    calling = [
        right.owner
        for right in everything_on.identity_statements()
        if any("slack/socket" in resource for resource in right.resources)
    ]
    assert len(calling) == 1


@pytest.mark.guarantee("G11")
def test_what_starts_it_reads_its_own_image_and_the_one_token(
    everything_on: Deployment, task: Any
) -> None:
    role = role_of(everything_on, task, "ExecutionRoleArn")
    assert role != role_of(everything_on, task, "TaskRoleArn")
    found = actions_of(everything_on, role)
    repository = ["arn:aws:ecr:eu-west-1:111111111111:repository/pam/slack"]
    (log,) = {*found.pop("logs:CreateLogStream"), *found.pop("logs:PutLogEvents")}
    assert log.startswith("${SlackSocketTasksLog")
    assert found == {
        "ecr:BatchCheckLayerAvailability": repository,
        "ecr:BatchGetImage": repository,
        "ecr:GetAuthorizationToken": ["*"],
        "ecr:GetDownloadUrlForLayer": repository,
        "secretsmanager:GetSecretValue": [TOKEN],
    }


def test_ecs_assumes_its_roles_for_this_account_alone(everything_on: Deployment, task: Any) -> None:
    for which in ("TaskRoleArn", "ExecutionRoleArn"):
        role = everything_on.of_type("AWS::IAM::Role")[role_of(everything_on, task, which)]
        (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert trust["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "111111111111"},
            "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:111111111111:*"},
        }


def test_the_container_has_no_rights_on_its_own_machine(task: Any, container: Any) -> None:
    assert container["User"] == "65532:65532"
    assert container["ReadonlyRootFilesystem"] is True
    # Not privileged. On Fargate the parameter itself is not valid (fargate-tasks-services).
    assert "Privileged" not in container
    assert container["LinuxParameters"] == {"Capabilities": {"Drop": ["ALL"]}}
    assert "PortMappings" not in container
    # All that it can write is a folder that ends with the task.
    assert task["Volumes"] == [{"Name": "run"}]
    (mounted,) = container["MountPoints"]
    assert (mounted["ContainerPath"], mounted["SourceVolume"]) == ("/run/pam", "run")
    assert task["NetworkMode"] == "awsvpc"
    assert task["RequiresCompatibilities"] == ["FARGATE"]
    assert task["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}


def test_it_runs_the_very_image_that_was_reviewed(container: Any) -> None:
    assert container["Image"] == IMAGE
    assert "@sha256:" in container["Image"]


def test_the_token_is_filled_in_when_it_starts_and_stands_nowhere(
    everything_on: Deployment, container: Any
) -> None:
    assert container["Secrets"] == [{"Name": "PAM_SLACK_APP_TOKEN", "ValueFrom": TOKEN}]
    env = {each["Name"]: everything_on.text(each["Value"]) for each in container["Environment"]}
    assert set(env) == {
        "AWS_REGION",
        "PAM_SLACK_API_URL",
        "PAM_SLACK_CONNECTIONS",
        "PAM_SLACK_HEALTH_FILE",
        "PAM_SLACK_SOCKET_URL",
    }
    assert env["PAM_SLACK_API_URL"] == "https://slack.com/api/"
    assert env["PAM_SLACK_SOCKET_URL"].startswith("https://")
    assert env["PAM_SLACK_SOCKET_URL"].endswith("/slack/socket")


def test_nothing_comes_in_and_it_goes_out_by_443_alone(
    everything_on: Deployment, service: Any
) -> None:
    name, group = everything_on.only("AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group["Properties"]
    assert not everything_on.of_type("AWS::EC2::SecurityGroupIngress")
    (out,) = group["Properties"]["SecurityGroupEgress"]
    assert (out["IpProtocol"], out["FromPort"], out["ToPort"]) == ("tcp", 443, 443)
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert network["Subnets"] == EVERYTHING_ON["vpc_subnet_ids"]
    # Not the group of the functions, which reaches databases.
    assert [everything_on.text(each) for each in network["SecurityGroups"]] == [
        f"${{{name}.GroupId}}"
    ]
    assert service["EnableExecuteCommand"] is False


def test_new_tasks_are_connected_before_the_old_ones_go(service: Any, container: Any) -> None:
    assert service["DesiredCount"] == 2
    assert service["DeploymentConfiguration"] == {
        "MinimumHealthyPercent": 100,
        "MaximumPercent": 200,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }
    env = {each["Name"]: each["Value"] for each in container["Environment"]}
    # Twice while it rolls, and once more if all of them are refreshed meanwhile: Slack takes ten.
    assert service["DesiredCount"] * int(env["PAM_SLACK_CONNECTIONS"]) * 2 * 2 <= 10


def test_ecs_waits_as_long_as_the_host_takes(container: Any) -> None:
    timing, check = Timing(), container["HealthCheck"]
    assert check["Command"] == ["CMD", "python", "-m", "slack_socket.health"]
    assert check["StartPeriod"] >= timing.start_within
    assert container["StopTimeout"] > timing.tick + timing.leave_within + timing.goodbye_within


def test_its_log_is_encrypted_and_ends(everything_on: Deployment, container: Any) -> None:
    options = container["LogConfiguration"]["Options"]
    name = everything_on.text(options["awslogs-group"]).strip("${}")
    log = everything_on.of_type("AWS::Logs::LogGroup")[name]["Properties"]
    assert log["LogGroupName"] == "/pam/prod/slack-socket"
    assert log["RetentionInDays"] == 365
    assert "KmsKeyId" in log


def said_by_the_host() -> set[str]:
    """Each first word of `say(...)`, from the source."""
    found = set()
    for path in sorted((ROOT / "services" / "slack_socket").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in {"say", "_say"}:
                    found.add(str(node.args[0].value))
    return found


def filters(deployment: Deployment) -> dict[str, set[str]]:
    """Metric -> the messages that it counts, of those of the host's log."""
    return {
        each["Properties"]["MetricTransformations"][0]["MetricName"]: set(
            re.findall(r'\$\.message = "([^"]+)"', each["Properties"]["FilterPattern"])
        )
        for each in deployment.of_type("AWS::Logs::MetricFilter").values()
        if "SlackSocket" in deployment.text(each["Properties"]["LogGroupName"])
    }


def test_what_the_alarms_count_is_what_the_host_says(everything_on: Deployment) -> None:
    counted = filters(everything_on)
    assert counted == {
        "SlackConnectionsHealthy": {"healthy"},
        "SlackUnanswered": {"not acknowledged", "not forwarded", "not taken"},
    }
    assert set().union(*counted.values()) <= said_by_the_host()


def test_tier_1_hears_when_a_task_is_missing_or_clicks_go_unanswered(
    everything_on: Deployment,
) -> None:
    alarms = {
        each["Properties"]["AlarmName"].removeprefix("pam-prod-"): each["Properties"]
        for each in everything_on.of_type("AWS::CloudWatch::Alarm").values()
        if "slack-socket" in each["Properties"]["AlarmName"]
    }
    assert set(alarms) == {"slack-socket-not-running", "slack-socket-unanswered"}
    running = alarms["slack-socket-not-running"]
    assert (running["MetricName"], running["Statistic"]) == ("SlackConnectionsHealthy", "Sum")
    # Two tasks that say so once a minute; one of them alone is below it, a late line is not.
    said_by_one = running["Period"] / Timing().heartbeat
    assert said_by_one + 1 < running["Threshold"] < 2 * said_by_one
    assert running["ComparisonOperator"] == "LessThanThreshold"
    assert running["EvaluationPeriods"] == 2
    assert running["InsufficientDataActions"] == running["AlarmActions"]
    assert alarms["slack-socket-unanswered"]["ComparisonOperator"] == (
        "GreaterThanOrEqualToThreshold"
    )


def synthesised(**slack: Any) -> dict[str, Any]:
    settings = EVERYTHING_ON | {"slack": EVERYTHING_ON["slack"] | slack}
    app = new_app("prod", environments={"prod": settings})
    build(app)
    found: dict[str, Any] = templates(app)["pam-prod-service"]["Resources"]
    return found


def test_without_the_socket_there_is_nothing_of_it() -> None:
    found = synthesised(modes=["http"])
    assert not [name for name in found if name.startswith("SlackSocket")]
    assert not [each for each in found.values() if each["Type"].startswith("AWS::ECS::")]
    assert "SlackConnectionsHealthy" not in json.dumps(found)


def test_where_no_network_is_named_the_role_is_there_for_whoever_runs_the_host(
    deployment_of: Any,
) -> None:
    """The local stack does."""
    local = deployment_of("local")
    assert not local.of_type("AWS::ECS::Service")
    assert [
        role["Properties"]["RoleName"]
        for role in local.of_type("AWS::IAM::Role").values()
        if role["Properties"].get("RoleName", "").endswith("-slack-socket")
    ] == ["pam-local-slack-socket"]


REPOSITORY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/pam/slack"
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("socket_image", f"{REPOSITORY}:1.0"),
        ("socket_image", f"{REPOSITORY}:latest"),
        ("socket_image", REPOSITORY),
        ("socket_image", f"{REPOSITORY}:1.0@{DIGEST}"),
        ("socket_image", f"{REPOSITORY}@sha256:{'a' * 63}"),
        ("socket_image", f"{REPOSITORY}@sha256:{'A' * 64}"),
        ("socket_image", f"{REPOSITORY}@sha512:{'a' * 64}"),
        ("socket_image", f"docker.io/pam/slack@{DIGEST}"),
        ("socket_image", f"evil.example/{REPOSITORY}@{DIGEST}"),
        ("socket_image", f"{REPOSITORY}@{DIGEST}\n"),
        ("socket_image", ""),
        ("socket_image", 7),
        ("socket_vpc_id", "vpc-1"),
        ("socket_vpc_id", ""),
        ("socket_token_arn", TOKEN.removesuffix("-AbCdEf")),
        ("socket_token_arn", TOKEN.replace("app-token", "bot-token")),
        ("socket_token_arn", TOKEN.replace("pam/prod", "pam/uat")),
        ("socket_token_arn", TOKEN.replace("eu-west-1", "eu-central-1")),
        ("socket_token_arn", "pam/prod/slack/app-token"),
        ("socket_token_arn", ""),
    ],
)
def test_what_would_run_something_else_than_was_meant_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=field):
        synthesised(**{field: value})


@pytest.mark.parametrize("field", ["socket_image", "socket_vpc_id", "socket_token_arn"])
def test_what_the_socket_needs_is_named_where_it_is_missing(field: str) -> None:
    slack = {name: it for name, it in EVERYTHING_ON["slack"].items() if name != field}
    app = new_app("prod", environments={"prod": EVERYTHING_ON | {"slack": slack}})
    with pytest.raises(ConfigError, match=rf"slack\.{field} must name"):
        build(app)


def test_a_network_is_needed_and_said_so() -> None:
    settings = {name: it for name, it in EVERYTHING_ON.items() if name != "vpc_subnet_ids"} | {
        "vpc_security_group_ids": []
    }
    app = new_app("prod", environments={"prod": settings})
    with pytest.raises(ConfigError, match="vpc_subnet_ids"):
        build(app)


DOCKERFILE = (ROOT / "services" / "slack_socket" / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_is_made_for_the_task_that_runs_it(container: Any) -> None:
    assert f"USER {container['User']}\n" in DOCKERFILE
    (mounted,) = container["MountPoints"]
    assert f'VOLUME ["{mounted["ContainerPath"]}"]\n' in DOCKERFILE
    owner, _, group = container["User"].partition(":")
    assert f"install -d -o {owner} -g {group} -m 0700 {mounted['ContainerPath']}" in DOCKERFILE
    assert 'ENTRYPOINT ["python", "-m", "slack_socket"]\n' in DOCKERFILE
    assert "EXPOSE" not in DOCKERFILE


def test_the_image_holds_what_is_locked_and_what_is_reviewed() -> None:
    assert "--require-hashes" in DOCKERFILE
    copied = re.findall(r"^COPY (?:--from=\w+ )?(\S+)", DOCKERFILE, re.MULTILINE)
    assert copied == ["requirements/socket.txt", "/packages", "services/slack_socket/*.py"]
    ignored = (ROOT / "services" / "slack_socket" / "Dockerfile.dockerignore").read_text()
    assert ignored.split() == ["*", "!requirements/socket.txt", "!services/slack_socket/*.py"]


def test_the_host_imports_what_its_image_holds_and_nothing_of_pam() -> None:
    pinned = {"botocore", "slack_sdk", "slack_socket"}
    for path in sorted((ROOT / "services" / "slack_socket").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                top = name.partition(".")[0]
                assert top in pinned or top in sys.stdlib_module_names, path
