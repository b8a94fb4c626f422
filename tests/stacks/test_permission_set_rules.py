"""What makes the recorder hear of lent permission sets, wherever they are used."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from moto.events.models import EventPattern

from stacks.activity_pattern import patterns
from stacks.lent_permission_sets import SetRole
from stacks.synthesis import ROOT, apply_rules, build, new_app
from tests.fakes.cloudtrail import event, identity
from tests.fakes.permission_sets import call, role, sign_in, user_identity
from tests.stacks.template import Deployment

HOME, LENDER, STRANGER = "111122223333", "222222222222", "999999999999"
AT = "eu-west-1"
LONGEST = 2048


def entry(number: int, name: str, account: str = "") -> str:
    where = f'\n      account: "{account}"' if account else ""
    return f"""  - id: set-{number}
    title: A set
    description: One of Identity Center.
    environment: prod
    domain: bank-core
    issuer:
      kind: identity-center
      instance: arn:aws:sso:::instance/ssoins-1111222233334444
      identity_store: d-99671a2b3c{where}
      permission_set: arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-{number:016}
      permission_set_name: {name}
      portal: https://d-99671a2b3c.awsapps.com/start
"""


SECTION = {
    "region": "eu-central-1",
    "issuer_role": f"arn:aws:iam::{STRANGER}:role/issuer",
    "revoker_role": f"arn:aws:iam::{STRANGER}:role/revoker",
    "user_name": "{person}@bank.example",
}
_STANDING = re.compile(
    r"(?m)^  - id: (?:(?!^  - id: ).*\n)*?      kind: (?:identity|okta)-.*\n(?:      .*\n)*"
)


def synthesised(folder: Path, lent: str, **settings: object) -> Mapping[str, Any]:
    """Templates of production with these sets and no other."""
    for file in (ROOT / "policy").iterdir():
        (folder / file.name).write_text(file.read_text())
    catalogue = folder / "catalogue.yaml"
    catalogue.write_text(f"{_STANDING.sub('', catalogue.read_text())}\n{lent}")
    prod = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]["prod"]
    app = new_app("prod", environments={"prod": prod | {"policy_dir": str(folder)} | settings})
    apply_rules(app)
    build(app)
    return {stack.stack_name: stack.template for stack in app.synth().stacks}


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """With three sets, one of another account."""
    sets = [entry(1, "PamPayments"), entry(2, "PamReports"), entry(3, "PamPayments", LENDER)]
    folder = tmp_path_factory.mktemp("policy")
    return synthesised(folder, "".join(sets), account=HOME, identity_center=SECTION)


@pytest.fixture(scope="module")
def home(stacks: Mapping[str, Any]) -> Deployment:
    return Deployment.of("prod", stacks)


def rights(deployment: Deployment) -> set[tuple[str, str]]:
    """Of the recorder, on tables."""
    return {
        (action, resource)
        for statement in deployment.rights_of("record_activity")
        for action in statement.actions
        for resource in statement.resources
        if action.startswith("dynamodb:")
    }


def written(template: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Its patterns about calls, as AWS would have them."""
    for resource in template["Resources"].values():
        pattern = resource["Properties"].get("EventPattern", {})
        if resource["Type"] == "AWS::Events::Rule" and "$or" in pattern.get("detail", {}):
            yield _plain(pattern)


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and list(value) == ["Fn::Join"]:
        return "".join(str(_plain(each)) for each in value["Fn::Join"][1])
    if value == {"Ref": "AWS::Partition"}:
        return "aws"
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def taken(template: Mapping[str, Any], told: dict[str, Any]) -> bool:
    """Whether any rule takes the event, by a matcher that PAM did not write."""
    as_delivered: Any = {"account": HOME, "region": AT, **told}
    return any(
        EventPattern.load(json.dumps(each)).matches_event(as_delivered)
        for each in written(template)
    )


def used(permission_set: str = "PamPayments", account: str = HOME, **path: str) -> dict[str, Any]:
    return call(user_identity(role_arn=role(permission_set, account, **path)))


def signed_in(permission_set: str = "PamPayments", account: str = HOME) -> dict[str, Any]:
    return sign_in(role_arn=role(permission_set, account))


RESERVED = "aws-reserved/sso.amazonaws.com/"
HEARD = {
    "a call": used(),
    "a call, with no region in the role's path": used(path=RESERVED),
    "a call, with another region in it": used(path=f"{RESERVED}us-west-2/"),
    "a call of another set": used("PamReports"),
    "a call in another account": used(account=LENDER),
    "a sign-in": signed_in(),
    "a sign-in in another account": signed_in(account=LENDER),
    "a call that names no role": call({"type": "AssumedRole", "arn": "x"}),
}
UNHEARD = {
    "a set that is not lent": used("AdministratorAccess"),
    "a sign-in to one": signed_in("AdministratorAccess"),
    "a set whose name only begins like it": used("PamPaymentsToo"),
    "an account that lends nothing": used(account=STRANGER),
    "a sign-in there": signed_in(account=STRANGER),
    "a role outside the reserved path": used(path=""),
    "a role that is not lent": event(userIdentity=identity(f"arn:aws:iam::{HOME}:role/somebodys")),
    "what somebody put on the bus": used() | {"source": "bank.app"},
}


@pytest.mark.parametrize("case", HEARD)
def test_use_of_lent_sets_reaches_the_recorder(stacks: Mapping[str, Any], case: str) -> None:
    assert taken(stacks["pam-prod-service"], HEARD[case])


@pytest.mark.parametrize("case", UNHEARD)
def test_what_others_do_in_the_account_does_not(stacks: Mapping[str, Any], case: str) -> None:
    assert not taken(stacks["pam-prod-service"], UNHEARD[case])


def test_the_region_of_identity_center_and_the_account_of_a_set_have_forwarders(
    stacks: Mapping[str, Any],
) -> None:
    forwarders = {name for name in stacks if "-activity-" in name}
    regions = {"us-east-1", "eu-central-1"}
    assert forwarders == {
        *(f"pam-prod-activity-{region}" for region in regions),
        *(f"pam-prod-activity-{region}-{LENDER}" for region in {*regions, AT}),
    }


def test_a_forwarder_hears_what_is_used_in_its_own_account_and_no_more(
    stacks: Mapping[str, Any],
) -> None:
    theirs = stacks[f"pam-prod-activity-{AT}-{LENDER}"]
    assert taken(theirs, used(account=LENDER))
    assert taken(theirs, signed_in(account=LENDER))
    assert taken(theirs, call({"type": "AssumedRole", "arn": "x"}))
    assert not taken(theirs, used())
    assert not taken(theirs, used("PamReports", LENDER))
    own = stacks["pam-prod-activity-eu-central-1"]
    assert taken(own, signed_in())
    assert list(written(own)) == list(written(stacks["pam-prod-service"]))


def test_the_recorder_is_told_how_the_directory_names_people(home: Deployment) -> None:
    _, function = home.function("record_activity")
    variables = function["Properties"]["Environment"]["Variables"]
    assert variables["PAM_IDENTITY_CENTER_USER_NAME"] == "{person}@bank.example"


def test_the_recorder_finds_a_persons_sessions_and_lists_nothing_else(home: Deployment) -> None:
    table, _ = home.table()
    assert rights(home) - {("dynamodb:Query", f"${{{table}.Arn}}")} == {
        ("dynamodb:BatchGetItem", f"${{{table}.Arn}}"),
        ("dynamodb:Query", f"${{{table}.Arn}}/index/by_requester"),
        *((f"dynamodb:{action}", f"${{{table}.Arn}}") for action in ("GetItem", "PutItem")),
    }


def test_where_no_set_is_lent_nothing_is_heard_of_any_and_no_session_is_looked_for(
    tmp_path: Path,
) -> None:
    stacks = synthesised(tmp_path, lent="")
    nothing = Deployment(
        env_name="prod",
        foundation=stacks["pam-prod-foundation"],
        service=stacks["pam-prod-service"],
    )
    assert not taken(stacks["pam-prod-service"], used())
    assert {action for action, _ in rights(nothing)} == {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
    }
    assert not any("/index/" in resource for _, resource in rights(nothing))
    forwarders = {name for name in stacks if "-activity-" in name}
    assert forwarders == {"pam-prod-activity-us-east-1"}


def test_many_sets_are_spread_over_rules_whose_patterns_are_not_too_long() -> None:
    def longest(number: int) -> SetRole:
        account, name = f"{number:012}", f"AWSReservedSSO_{number:02}".ljust(47, "x") + "_"
        return SetRole(
            path=f"arn:aws-us-gov:iam::{account}:role/{RESERVED}",
            name=name,
            session=f"arn:aws-us-gov:sts::{account}:assumed-role/{name}",
        )

    sets = [longest(number) for number in range(23)]
    told = [
        {"source": [{"prefix": "aws."}], "detail-type": each.detail_type, "detail": each.detail}
        for each in patterns([], sets, "us-gov-west-1")
    ]
    texts = [json.dumps(each, separators=(",", ":")) for each in told]
    assert max(len(each) for each in texts) <= LONGEST
    assert ["AssumedRole" in each for each in texts].count(True) == 1
    for each in sets:
        assert sum(each.session in text for text in texts) == 1
