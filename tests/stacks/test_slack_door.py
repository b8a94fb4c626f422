"""The door of Slack as it is deployed: who may call which route, and what it may do."""

from collections.abc import Callable
from typing import Any

import pytest

from pam.names import SlackParameter, parameter_path
from pam.settings import SlackDoorSettings
from stacks.concurrency import RESERVED
from tests.stacks.conftest import EVERYTHING_ON, _templates
from tests.stacks.template import Deployment, Resource

HOST = "role/pam-prod-slack-socket"
ROUTES = {
    "/slack/events": "NONE",
    "/slack/interactions": "NONE",
    "/slack/commands": "NONE",
    "/slack/socket": "AWS_IAM",
}


@pytest.fixture(scope="module")
def with_modes(shared: Callable[..., Deployment]) -> Callable[..., Deployment]:
    def deployed(*modes: str) -> Deployment:
        settings = EVERYTHING_ON | {"slack": EVERYTHING_ON["slack"] | {"modes": list(modes)}}
        return shared(
            f"slack-{'-'.join(modes) or 'off'}",
            "prod",
            lambda: _templates("prod", environments={"prod": settings}),
        )

    return deployed


def api_of(deployment: Deployment) -> tuple[str, Resource]:
    (found,) = (
        (name, api)
        for name, api in deployment.of_type("AWS::ApiGateway::RestApi").items()
        if api["Properties"]["Name"] == f"pam-{deployment.env_name}-slack"
    )
    return found


def routes_of(deployment: Deployment) -> dict[str, str]:
    """By path: what authorises a call."""
    name, _ = api_of(deployment)
    parts = deployment.of_type("AWS::ApiGateway::Resource")

    def path(reference: Any) -> str:
        if "Ref" not in reference:
            return ""
        own = parts[reference["Ref"]]["Properties"]
        return f"{path(own['ParentId'])}/{own['PathPart']}"

    methods = [
        method["Properties"]
        for method in deployment.of_type("AWS::ApiGateway::Method").values()
        if method["Properties"]["RestApiId"] == {"Ref": name}
    ]
    assert {method["HttpMethod"] for method in methods} <= {"POST"}
    return {path(method["ResourceId"]): method["AuthorizationType"] for method in methods}


@pytest.mark.parametrize(
    ("modes", "routes"),
    [
        (("socket", "http"), ROUTES),
        (("http",), {path: ROUTES[path] for path in ROUTES if "socket" not in path}),
        (("socket",), {"/slack/socket": "AWS_IAM"}),
    ],
)
def test_each_way_in_has_its_routes_and_no_other(
    with_modes: Callable[..., Deployment], modes: tuple[str, ...], routes: dict[str, str]
) -> None:
    assert routes_of(with_modes(*modes)) == routes


@pytest.mark.guarantee("G11")
def test_the_sockets_route_is_refused_to_everybody_but_one_role(everything_on: Deployment) -> None:
    """An explicit Deny: in the API's own account an Allow of the caller's own would do without."""
    _, api = api_of(everything_on)
    allow, deny = api["Properties"]["Policy"]["Statement"]
    assert (allow["Effect"], deny["Effect"]) == ("Allow", "Deny")
    assert sorted(allow["Resource"]) == sorted(
        f"execute-api:/v1/POST{path}" for path, kind in ROUTES.items() if kind == "NONE"
    )
    assert "Condition" not in allow
    assert deny["Principal"] == {"AWS": "*"}
    assert deny["Resource"] == "execute-api:/v1/*/slack/socket"
    ((operator, keyed),) = deny["Condition"].items()
    assert operator == "StringNotEquals"
    ((key, role),) = keyed.items()
    assert key == "aws:PrincipalArn"
    assert everything_on.text(role) == f"arn:aws:iam::111111111111:{HOST}"


@pytest.mark.guarantee("G11")
def test_the_door_may_do_what_people_do_in_slack_and_nothing_else(
    everything_on: Deployment,
) -> None:
    by_table: dict[str, set[str]] = {}
    other: set[str] = set()
    tables = {
        f"${{{name}.Arn}}": table["Properties"].get("TableName", name)
        for name, table in everything_on.of_type("AWS::DynamoDB::Table").items()
    }
    for statement in everything_on.rights_of("slack_door"):
        assert statement.effect == "Allow"
        for action in statement.actions:
            service, _, name = action.partition(":")
            if service != "dynamodb":
                other.add(action)
                continue
            for arn in statement.resources:
                table = tables[arn.partition("/index/")[0]]
                by_table.setdefault(str(table).removeprefix("pam-prod-"), set()).add(name)
    assert {name: actions for name, actions in by_table.items() if "Table" not in name} == {
        "grants": {"DeleteItem"},
        "blocks": {"BatchGetItem"},
        "links": {"GetItem"},
        "link-codes": {"PutItem"},
        "slack": {"GetItem", "PutItem", "UpdateItem"},
    }
    (calls,) = (each for name, each in by_table.items() if name.startswith("Calls"))
    (sessions,) = (each for name, each in by_table.items() if name.startswith("Sessions"))
    assert calls == {"PutItem", "UpdateItem"}
    assert sessions == {"GetItem", "Query", "PutItem", "BatchGetItem"}
    assert {each for each in other if not each.startswith(("kms:", "logs:", "xray:"))} == {
        "states:StartExecution",
        "states:SendTaskSuccess",
        "states:SendTaskFailure",
        "lambda:InvokeFunction",
        "sqs:SendMessage",
        "secretsmanager:GetSecretValue",
    }


def test_the_door_reads_the_secrets_of_its_ways_in_and_no_other(
    with_modes: Callable[..., Deployment],
) -> None:
    for modes, secrets in (
        (("socket", "http"), {"bot-token", "signing-secret"}),
        (("http",), {"bot-token", "signing-secret"}),
        (("socket",), {"bot-token"}),
    ):
        deployment = with_modes(*modes)
        read = {
            arn.partition("pam/prod/slack/")[2].removesuffix("-??????")
            for statement in deployment.rights_of("slack_door")
            for arn in statement.resources
            if "secretsmanager:GetSecretValue" in statement.actions
        }
        assert read == secrets
        env = deployment.function("slack_door")[1]["Properties"]["Environment"]["Variables"]
        assert bool(env["PAM_SLACK_SIGNING_SECRET"]) == ("http" in modes)
        assert bool(env["PAM_SLACK_SOCKET_ROLE"]) == ("socket" in modes)
        assert "xoxb" not in str(env)


@pytest.mark.guarantee("G5")
def test_whoever_floods_the_door_takes_nothing_from_what_ends_access(
    everything_on: Deployment,
) -> None:
    _, door = everything_on.function("slack_door")
    assert door["Properties"]["ReservedConcurrentExecutions"] == RESERVED["slack_door"]


def test_the_door_calls_the_revocation_and_no_other_function(everything_on: Deployment) -> None:
    called = {
        arn
        for statement in everything_on.rights_of("slack_door")
        for arn in statement.resources
        if "lambda:InvokeFunction" in statement.actions
    }
    name, _ = everything_on.function("revoke_session")
    assert called == {f"${{{name}.Arn}}"}


def test_no_public_route_leads_to_another_function(everything_on: Deployment) -> None:
    door, _ = everything_on.function("slack_door")
    for method in everything_on.of_type("AWS::ApiGateway::Method").values():
        properties = method["Properties"]
        if properties["AuthorizationType"] == "NONE":
            assert door in everything_on.text(properties["Integration"]["Uri"])


def test_it_has_throttles_and_a_log_of_its_own_and_writes_no_bodies(
    everything_on: Deployment,
) -> None:
    name, _ = api_of(everything_on)
    (stage,) = (
        stage["Properties"]
        for stage in everything_on.of_type("AWS::ApiGateway::Stage").values()
        if stage["Properties"]["RestApiId"] == {"Ref": name}
    )
    settings = {f"{each['HttpMethod']} {each['ResourcePath']}": each for each in _settings(stage)}
    # A route without settings of its own would share the stage's with others.
    assert set(settings) == {"* /*", *(f"POST {route}" for route in ROUTES)}
    for each in settings.values():
        assert each["DataTraceEnabled"] is False
        assert each["LoggingLevel"] == "ERROR"
        assert each["ThrottlingRateLimit"] > 0
        assert each["ThrottlingBurstLimit"] > 0
    written = stage["AccessLogSetting"]["Format"]
    assert "header" not in written
    assert "body" not in written
    groups = {
        everything_on.text(each["Properties"]["AccessLogSetting"]["DestinationArn"])
        for each in everything_on.of_type("AWS::ApiGateway::Stage").values()
    }
    assert len(groups) == len(everything_on.of_type("AWS::ApiGateway::Stage")) == 2


def _settings(stage: Resource) -> list[dict[str, Any]]:
    """With the paths as they are written; in a patch of a stage a slash is `~1`."""
    settings: list[dict[str, Any]] = stage["MethodSettings"]
    return [
        each | {"ResourcePath": each["ResourcePath"].replace("~1", "/").replace("//", "/")}
        for each in settings
    ]


def test_whoever_floods_what_anybody_may_call_takes_nothing_from_the_sockets_route(
    with_modes: Callable[..., Deployment],
) -> None:
    for modes in (("http",), ("socket",), ("socket", "http")):
        deployment = with_modes(*modes)
        name, _ = api_of(deployment)
        (stage,) = (
            stage["Properties"]
            for stage in deployment.of_type("AWS::ApiGateway::Stage").values()
            if stage["Properties"]["RestApiId"] == {"Ref": name}
        )
        own = {each["ResourcePath"] for each in _settings(stage)} - {"/*"}
        assert own == set(routes_of(deployment))


@pytest.mark.guarantee("G11")
def test_calls_past_either_gateway_are_looked_for_in_its_log(everything_on: Deployment) -> None:
    _, function = everything_on.function("find_dark_calls")
    env = function["Properties"]["Environment"]["Variables"]
    groups = everything_on.text(env["PAM_ACCESS_LOG"]).split(",")
    names = everything_on.of_type("AWS::Logs::LogGroup")
    assert sorted(
        names[group.removeprefix("${").removesuffix("}")]["Properties"]["LogGroupName"]
        for group in groups
    ) == ["/pam/prod/request-api-access", "/pam/prod/slack-api-access"]


def test_where_it_is_stands_in_ssm_and_nothing_does_where_it_is_not(
    everything_on: Deployment, with_modes: Callable[..., Deployment]
) -> None:
    def published(deployment: Deployment) -> set[str]:
        parameters = deployment.of_type("AWS::SSM::Parameter").values()
        return {each["Properties"]["Name"] for each in parameters}

    own = {parameter_path("prod", parameter) for parameter in SlackParameter}
    assert own <= published(everything_on)
    assert not own & published(with_modes())


def test_without_modes_nothing_of_slack_is_in_the_template(
    with_modes: Callable[..., Deployment], prod: Deployment
) -> None:
    for deployment in (with_modes(), prod):
        for template in deployment.templates():
            for name, resource in template["Resources"].items():
                assert "slack" not in name.lower()
                properties = dict(resource.get("Properties", {}))
                # Where a gate looks for what Slack's door signed: at no key.
                told = properties.pop("Environment", {}).get("Variables", {})
                assert told.pop("PAM_SLACK_KEY_ARN", "") == ""
                assert "slack" not in str([properties, told]).lower()
    quiet = {"modes": [], "team_ids": ["T0BANK00001"], "commands": ["/ask"], "reactions": True}
    settings = EVERYTHING_ON | {"slack": quiet}
    others = _templates("prod", environments={"prod": settings})
    assert others["pam-prod-service"] == with_modes().service


def test_its_settings_are_all_there(everything_on: Deployment) -> None:
    env = everything_on.function("slack_door")[1]["Properties"]["Environment"]["Variables"]
    names = {name for name in env if name.startswith("PAM_")}
    assert names == {f"PAM_{name.upper()}" for name in SlackDoorSettings.field_names()}
    assert env["PAM_SLACK_REACTIONS"] == "on"
    assert env["PAM_SLACK_COMMANDS"] == "/jit,/request-admin"
    assert env["PAM_SLACK_API_URL"] == "https://slack.com/api/"
