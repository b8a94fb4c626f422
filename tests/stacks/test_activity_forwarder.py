"""What CloudTrail tells in other regions and accounts finds its way to where PAM listens."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pam.domain.partitions import global_region_of
from stacks.activity_forwarder import Origin, origins
from stacks.config import ConfigError, DeployConfig
from stacks.synthesis import ROOT, apply_rules, build, new_app
from tests.fakes.story import COMPILED
from tests.stacks.template import Deployment

HOME, LENDER = "111111111111", "222222222222"
BUS = f"arn:aws:events:eu-west-1:{HOME}:event-bus/default"
PLACES = {
    # stack: its account and region
    "pam-prod-activity-us-east-1": (HOME, "us-east-1"),
    "pam-prod-activity-eu-central-1": (HOME, "eu-central-1"),
    f"pam-prod-activity-eu-west-1-{LENDER}": (LENDER, "eu-west-1"),
    f"pam-prod-activity-us-east-1-{LENDER}": (LENDER, "us-east-1"),
    f"pam-prod-activity-eu-central-1-{LENDER}": (LENDER, "eu-central-1"),
}
OF_LENDER = """  - id: of-another-account
    title: Another
    description: One of another account.
    environment: prod
    domain: bank-core
    issuer: {kind: aws-role, role_name: theirs, account: "222222222222"}"""
Templates = Mapping[str, Mapping[str, Any]]


def app_with(folder: Path, **settings: object) -> Any:
    """prod, with one role of another account."""
    for file in (ROOT / "policy").iterdir():
        (folder / file.name).write_text(file.read_text())
    catalogue = folder / "catalogue.yaml"
    catalogue.write_text(f"{catalogue.read_text()}\n{OF_LENDER}\n")
    prod = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]["prod"]
    return new_app("prod", environments={"prod": prod | {"policy_dir": str(folder)} | settings})


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Templates, Mapping[str, Any]]:
    """Templates, and environments, of two accounts and three regions."""
    app = app_with(
        tmp_path_factory.mktemp("policy"),
        account=HOME,
        activity_regions=["eu-central-1"],
        cloudtrail="the-trail",
    )
    apply_rules(app)
    build(app)
    found = app.synth().stacks
    return (
        {stack.stack_name: stack.template for stack in found},
        {
            stack.stack_name: (stack.environment.account, stack.environment.region)
            for stack in found
        },
    )


@pytest.fixture(scope="module")
def home(places: tuple[Templates, Mapping[str, Any]]) -> Deployment:
    found, _ = places
    return Deployment.of("prod", found)


def rules(deployment: Deployment) -> list[Any]:
    """Of those that CloudTrail's events reach the recorder by."""
    found = [rule["Properties"] for rule in deployment.of_type("AWS::Events::Rule").values()]
    return [r for r in found if "$or" in r.get("EventPattern", {}).get("detail", {})]


def of_type(template: Mapping[str, Any], kind: str) -> list[Any]:
    return [r["Properties"] for r in template["Resources"].values() if r["Type"] == kind]


def test_each_account_and_region_but_pams_own_has_a_forwarder(
    places: tuple[Templates, Mapping[str, Any]],
) -> None:
    _, environments = places
    assert {n: e for n, e in environments.items() if "-activity-" in n} == PLACES


def test_in_pams_own_account_a_forwarder_hears_the_very_same_as_the_recorder(
    places: tuple[Templates, Mapping[str, Any]], home: Deployment
) -> None:
    found, environments = places
    for name, (account, _) in PLACES.items():
        if account != HOME:
            continue
        here = rules(home)
        there = of_type(found[name], "AWS::Events::Rule")
        assert [r["EventPattern"] for r in there] == [r["EventPattern"] for r in here]
        assert [r["State"] for r in there] == [r["State"] for r in here]
    assert environments


def test_in_another_account_it_hears_the_same_of_that_accounts_roles(
    places: tuple[Templates, Mapping[str, Any]], home: Deployment
) -> None:
    found, _ = places
    here, _ = rules(home)
    theirs = f"arn:aws:iam::{LENDER}:role/theirs"
    by_a_role, of_a_role, unnamed = here["EventPattern"]["detail"]["$or"]
    assert theirs in of_a_role["requestParameters"]["roleArn"], "PAM's account tells who took it"
    wanted = here["EventPattern"] | {
        "detail": {
            "$or": [
                {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": [theirs]}}}},
                {**of_a_role, "requestParameters": {"roleArn": [theirs]}},
                unnamed,
            ]
        }
    }
    assert by_a_role
    for name, (account, _) in PLACES.items():
        if account == LENDER:
            (rule,) = of_type(found[name], "AWS::Events::Rule")
            assert rule["EventPattern"] == wanted


@pytest.mark.parametrize("name", PLACES)
def test_it_sends_to_pams_bus_in_a_role_that_can_do_nothing_else(
    places: tuple[Templates, Mapping[str, Any]], name: str
) -> None:
    found, _ = places
    template = found[name]
    for rule in of_type(template, "AWS::Events::Rule"):
        (target,) = rule["Targets"]
        assert target["Arn"] == BUS
    (policy,) = of_type(template, "AWS::IAM::Policy")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement == {"Action": "events:PutEvents", "Effect": "Allow", "Resource": BUS}
    (role,) = of_type(template, "AWS::IAM::Role")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": PLACES[name][0]}}


@pytest.mark.parametrize("name", PLACES)
def test_what_it_cannot_send_is_kept_and_calls_somebody(
    places: tuple[Templates, Mapping[str, Any]], name: str
) -> None:
    found, _ = places
    template = found[name]
    ((queue, kept),) = (
        (logical, r["Properties"])
        for logical, r in template["Resources"].items()
        if r["Type"] == "AWS::SQS::Queue"
    )
    assert kept["MessageRetentionPeriod"] == 14 * 24 * 3600
    arn = {"Fn::GetAtt": [queue, "Arn"]}
    for rule in of_type(template, "AWS::Events::Rule"):
        assert rule["Targets"][0]["DeadLetterConfig"] == {"Arn": arn}
        assert rule["Name"].startswith("pam-prod-activity-")
    (policy,) = of_type(template, "AWS::SQS::QueuePolicy")
    allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    (may,) = allowed
    assert (may["Action"], may["Resource"]) == ("sqs:SendMessage", arn)
    account, region = PLACES[name]
    rules = f"arn:aws:events:{region}:{account}:rule/pam-prod-activity-*"
    assert may["Condition"] == {"ArnLike": {"aws:SourceArn": rules}}
    (alarm,) = of_type(template, "AWS::CloudWatch::Alarm")
    assert alarm["Dimensions"][0]["Value"] == {"Fn::GetAtt": [queue, "QueueName"]}
    ((topic,),) = ([r for r in template["Resources"] if r.startswith("Alarms")][:1],)
    assert alarm["AlarmActions"] == [{"Ref": topic}]


def test_the_bus_takes_from_a_lender_what_aws_said_there_and_nothing_that_anybody_puts(
    home: Deployment,
) -> None:
    (policy,) = home.of_type("AWS::Events::EventBusPolicy").values()
    statement = policy["Properties"]["Statement"]
    assert policy["Properties"]["EventBusName"] == "default"
    assert statement["Principal"] == {"AWS": [f"arn:aws:iam::{LENDER}:root"]}
    assert (statement["Effect"], statement["Action"]) == ("Allow", "events:PutEvents")
    assert home.text(statement["Resource"]) == BUS
    assert statement["Condition"] == {
        # EventBridge adds it where a rule sends; PutEvents by hand has none, and is refused.
        "ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/pam-prod-activity-*"},
        "StringEquals": {"events:detail-type": "AWS API Call via CloudTrail"},
        # PutEvents refuses such a source from anybody but AWS.
        "StringLike": {"events:source": "aws.*"},
    }


def test_the_rules_of_forwarders_have_names_that_the_bus_lets_in(
    places: tuple[Templates, Mapping[str, Any]],
) -> None:
    found, _ = places
    for name in PLACES:
        for rule in of_type(found[name], "AWS::Events::Rule"):
            assert rule["Name"].startswith("pam-prod-activity-")


def test_where_a_trail_is_named_its_silence_about_a_lease_calls_somebody(
    home: Deployment, prod: Deployment
) -> None:
    def alarms(deployment: Deployment) -> list[Any]:
        found = deployment.of_type("AWS::CloudWatch::Alarm").values()
        named = [alarm["Properties"] for alarm in found]
        return [a for a in named if a["AlarmName"] == "pam-prod-lease-echo-missing"]

    (alarm,) = alarms(home)
    assert alarm["MetricName"] == "LeaseEchoMissing"
    assert alarm["TreatMissingData"] == "notBreaching"
    assert "Tier1Topic" in home.text(alarm["AlarmActions"])
    assert alarms(prod) == []
    for deployment, trail in ((home, "the-trail"), (prod, "")):
        _, function = deployment.function("revoke_session")
        assert function["Properties"]["Environment"]["Variables"]["PAM_CLOUDTRAIL"] == trail


@pytest.mark.parametrize("trail", ["", "no trail", "arn:aws:s3:::bucket", "*"])
def test_what_names_no_trail_is_refused(tmp_path: Path, trail: str) -> None:
    with pytest.raises(ConfigError, match="name or the ARN of a trail"):
        build(app_with(tmp_path, account=HOME, cloudtrail=trail))


def test_a_trail_whose_echoes_no_rule_would_hear_is_refused(tmp_path: Path) -> None:
    """CloudTrail counts AssumeRole among the calls that only read."""
    with pytest.raises(ConfigError, match="activity_reads must be true"):
        build(app_with(tmp_path, account=HOME, cloudtrail="bank-trail", activity_reads=False))


def test_without_another_account_the_bus_stays_closed(prod: Deployment) -> None:
    assert prod.of_type("AWS::Events::EventBusPolicy") == {}


def test_roles_of_another_account_need_the_number_of_pams_own(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"name account, too: roles of {LENDER} are lent"):
        build(app_with(tmp_path))


REGIONS = {
    "eu-west-1": "us-east-1",
    "cn-northwest-1": "cn-north-1",
    "us-gov-east-1": "us-gov-west-1",
    "eusc-de-east-1": "eusc-de-east-1",
}


@pytest.mark.parametrize("region", REGIONS)
def test_each_partition_has_one_region_that_speaks_for_iam(region: str) -> None:
    assert global_region_of(region) == REGIONS[region]


BROKEN = {
    "no region": (["eu-west-99"], "is no region of AWS"),
    "a misspelled one": (["eu-wset-1"], "is eu-west-1 meant"),
    "another partition": (["cn-north-1"], "is in aws-cn"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_regions_that_no_session_can_reach_are_refused(tmp_path: Path, case: str) -> None:
    regions, told = BROKEN[case]
    with pytest.raises(ConfigError, match=told):
        build(app_with(tmp_path, account=HOME, activity_regions=regions))


def test_pams_own_region_needs_no_forwarder_and_each_place_has_one() -> None:
    config = DeployConfig(
        env_name="prod", region="us-east-1", account=HOME, activity_regions=("us-east-1",)
    )
    issuer = {"kind": "aws-role", "role_name": "theirs", "account": LENDER}
    lent = replace(COMPILED.resources[0], resource_id="theirs", issuer=issuer)
    policy = replace(COMPILED, resources=(*COMPILED.resources, lent))
    assert origins(config, COMPILED) == []
    assert origins(config, policy) == [Origin(account=LENDER, region="us-east-1")]
    none_lent = replace(COMPILED, resources=())
    assert origins(replace(config, region="eu-west-1"), none_lent) == []
