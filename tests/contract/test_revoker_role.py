"""Which role does what in the target's account, and how little is told when it does not."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from pam.aws.role_deny_documents import deny_of, name_of
from pam.aws.role_issuer import RoleIssuer
from pam.domain.errors import IssuerUnavailable
from pam.domain.session import Session
from pam.ports.targets import AwsCredentials
from tests.fakes.roles import ROLE, never_full, noon
from tests.fakes.story import NOON, Story

GIVEN = {"AccessKeyId": "ASIAREVOKER", "SecretAccessKey": "its-secret", "SessionToken": "its-token"}


class Cloud:
    """Both clients; every call is recorded. `faults` says which calls fail, and how."""

    def __init__(self, **faults: Exception) -> None:
        self.made: list[tuple[str, dict[str, Any]]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.policies: dict[tuple[str, str], dict[str, Any]] = {}
        self._faults = faults

    def __call__(self, service: str, **arguments: Any) -> "Cloud":
        self.made.append((service, arguments))
        return self

    def _heard(self, name: str, arguments: dict[str, Any]) -> None:
        self.calls.append((name, arguments))
        if name in self._faults:
            raise self._faults[name]

    def assume_role(self, **arguments: Any) -> dict[str, Any]:
        self._heard("assume_role", arguments)
        until = NOON + timedelta(seconds=arguments["DurationSeconds"])
        return {"Credentials": {**GIVEN, "Expiration": until}}

    def put_role_policy(self, **arguments: Any) -> None:
        self._heard("put_role_policy", arguments)
        key = arguments["RoleName"], arguments["PolicyName"]
        self.policies[key] = json.loads(arguments["PolicyDocument"])

    def get_role_policy(self, **arguments: Any) -> dict[str, Any]:
        self._heard("get_role_policy", arguments)
        return {"PolicyDocument": self.policies[arguments["RoleName"], arguments["PolicyName"]]}

    def get_paginator(self, name: str) -> "Cloud":
        assert name == "list_role_policies"
        return self

    def paginate(self, **arguments: Any) -> list[dict[str, Any]]:
        self._heard("list_role_policies", arguments)
        return [{"PolicyNames": [n for role, n in self.policies if role == arguments["RoleName"]]}]

    def delete_role_policy(self, **arguments: Any) -> None:
        self._heard("delete_role_policy", arguments)
        self.policies.pop((arguments["RoleName"], arguments["PolicyName"]), None)


def refused(code: str) -> ClientError:
    message = "User arn:aws:sts::111122223333:assumed-role/x is not authorized, token FwoGZX"
    return ClientError({"Error": {"Code": code, "Message": message}}, "Call")


@pytest.fixture
def leased() -> Session:
    session = Story().granted(seconds=600)
    return replace(session, leases=2, leases_end_at=session.expires_at)


@pytest.mark.guarantee("G5")
def test_an_end_is_made_by_the_revoker_beside_the_target_and_by_no_other(leased: Session) -> None:
    cloud = Cloud()
    RoleIssuer(cloud, never_full, noon).end(leased, NOON)
    assert [name for name, _ in cloud.calls] == [
        "assume_role",
        "put_role_policy",
        "get_role_policy",
        "list_role_policies",
    ]
    assert cloud.calls[0][1] == {
        "RoleArn": f"arn:aws:iam::111122223333:role/{ROLE}-pam-revoker",
        "RoleSessionName": f"pam-{leased.session_id}",
        "DurationSeconds": 900,
    }
    assert cloud.made == [
        ("sts", {"region_name": "eu-west-1"}),
        (
            "iam",
            {
                "aws_access_key_id": "ASIAREVOKER",
                "aws_secret_access_key": "its-secret",
                "aws_session_token": "its-token",
            },
        ),
    ]


@pytest.mark.guarantee("G5")
def test_ending_twice_writes_one_deny_and_gives_the_same_receipt(leased: Session) -> None:
    cloud = Cloud()
    first, again = (RoleIssuer(cloud, never_full, noon).end(leased, NOON) for _ in range(2))
    assert first == again
    name, document = name_of(leased.session_id), deny_of([leased.session_id])
    assert cloud.policies == {(ROLE, name): document}
    assert name in first.evidence
    assert leased.target.arn in first.evidence


def test_what_is_cleared_is_the_deny_of_this_session_and_nothing_else(leased: Session) -> None:
    cloud = Cloud()
    other = replace(leased, session_id="01JD8XGZ6Q3M4V5N6P7R8S9T0A")
    RoleIssuer(cloud, never_full, noon).end(leased, NOON)
    RoleIssuer(cloud, never_full, noon).end(other, NOON)
    RoleIssuer(cloud, never_full, noon).clear_traces(leased, NOON)
    assert list(cloud.policies) == [(ROLE, name_of(other.session_id))]


def test_a_deny_that_is_gone_already_is_no_fault(leased: Session) -> None:
    RoleIssuer(Cloud(delete_role_policy=refused("NoSuchEntity")), never_full, noon).clear_traces(
        leased, NOON
    )


TIMED_OUT = ReadTimeoutError(endpoint_url="https://iam.amazonaws.com/?token=FwoGZX")
STOPS = {
    "activate": ("assume_role",),
    "lease": ("assume_role",),
    "end": ("assume_role", "put_role_policy", "get_role_policy"),
    "clear_traces": ("assume_role", "delete_role_policy", "list_role_policies"),
}


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("fault", [refused("AccessDenied"), TIMED_OUT], ids=["refused", "late"])
@pytest.mark.parametrize(
    ("act", "call"), [(act, call) for act, calls in STOPS.items() for call in calls]
)
def test_whatever_fails_on_the_way_is_unavailable_and_keeps_awss_text_to_itself(
    leased: Session, act: str, call: str, fault: ClientError | BotoCoreError
) -> None:
    with pytest.raises(IssuerUnavailable) as refusal:
        getattr(RoleIssuer(Cloud(**{call: fault}), never_full, noon), act)(leased, NOON)
    assert "FwoGZX" not in refusal.value.detail
    assert "arn:" not in refusal.value.detail
    assert refusal.value.detail.endswith(("AccessDenied", "ReadTimeoutError"))


@pytest.mark.guarantee("G4")
def test_a_session_without_an_end_is_lent_nothing(leased: Session) -> None:
    cloud = Cloud()
    with pytest.raises(IssuerUnavailable):
        RoleIssuer(cloud, never_full, noon).lease(replace(leased, expires_at=None), NOON)
    assert cloud.calls == []


@pytest.mark.guarantee("G4")
def test_a_lease_asked_for_within_a_second_still_ends_on_a_whole_one(leased: Session) -> None:
    cloud = Cloud()
    late = NOON.replace(microsecond=999_999)
    lease = RoleIssuer(cloud, never_full, noon).lease(
        replace(leased, expires_at=late + timedelta(hours=4)), late
    )
    until = json.loads(cloud.calls[0][1]["Policy"])["Statement"][0]["Condition"]
    assert until == {"DateLessThan": {"aws:CurrentTime": "2026-03-01T12:30:00Z"}}
    assert lease.expires_at == NOON.replace(minute=30, microsecond=0)


@pytest.mark.guarantee("G8")
def test_credentials_that_are_printed_show_no_secret(leased: Session) -> None:
    lease = RoleIssuer(Cloud(), never_full, noon).lease(leased, NOON)
    shown = f"{lease!r} {lease} {[lease]}"
    assert isinstance(lease, AwsCredentials)
    assert "its-secret" not in shown
    assert "its-token" not in shown
    assert "ASIAREVOKER" in shown
