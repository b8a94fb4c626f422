"""Borrowing a role, as AWS is asked for it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from pam.aws.role_deny_documents import deny_of, name_of
from pam.aws.role_issuer import RoleIssuer
from pam.domain import role_limits, timestamps
from pam.domain.ending import Ending
from pam.domain.errors import IssuerUnavailable
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from tests.contract.recording import RecordingSts, lived_until
from tests.fakes.roles import ROLE, in_moto, never_full, noon
from tests.fakes.story import Story


@pytest.fixture
def sts() -> RecordingSts:
    return RecordingSts()


@pytest.fixture
def issuer(sts: RecordingSts) -> RoleIssuer:
    return RoleIssuer(lambda service, **_: sts, never_full, noon)


@pytest.fixture
def session() -> Session:
    return Story().granted(seconds=600)


def test_a_lease_is_bound_to_the_session_in_every_way_there_is(
    issuer: RoleIssuer, sts: RecordingSts, session: Session
) -> None:
    lease = issuer.lease(session, Story().now)
    (call,) = sts.calls
    assert call["RoleArn"] == f"arn:aws:iam::111122223333:role/{ROLE}"
    assert call["RoleSessionName"] == "alice"
    assert call["SourceIdentity"] == session.session_id
    assert call["Tags"] == [{"Key": "pam:session_id", "Value": session.session_id}]
    assert session.expires_at is not None
    assert json.loads(call["Policy"]) == role_limits.lease_policy(
        ROLE, session.expires_at, iam_writes=False
    )
    assert lease.expires_at == session.expires_at


def test_a_lease_of_a_role_that_is_lent_for_changing_iam_may_change_what_is_not_pams(
    issuer: RoleIssuer, sts: RecordingSts, session: Session
) -> None:
    target = replace(session.target, settings={"iam_writes": "true"})
    issuer.lease(replace(session, target=target), Story().now)
    assert session.expires_at is not None
    assert json.loads(sts.calls[0]["Policy"]) == role_limits.lease_policy(
        ROLE, session.expires_at, iam_writes=True
    )


def test_a_lease_says_how_long_sts_knows_it(issuer: RoleIssuer, session: Session) -> None:
    soon = replace(session, expires_at=Story().now + timedelta(seconds=10))
    assert issuer.lease(soon, Story().now).live_until == Story().now + timedelta(minutes=15)


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize(
    ("left", "asked", "given"),
    [(1, 900, 1), (60, 900, 60), (900, 900, 900), (1000, 1000, 1000), (14400, 1800, 1800)],
)
def test_a_lease_never_outlives_its_session_and_never_exceeds_half_an_hour(
    issuer: RoleIssuer, sts: RecordingSts, session: Session, left: int, asked: int, given: int
) -> None:
    now = Story().now.replace(microsecond=0)
    session = replace(session, expires_at=now + timedelta(seconds=left))
    lease = issuer.lease(session, now)
    assert sts.calls[0]["DurationSeconds"] == asked
    assert lease.expires_at == now + timedelta(seconds=given)
    policy = json.loads(sts.calls[0]["Policy"])
    until = policy["Statement"][0]["Condition"]["DateLessThan"]["aws:CurrentTime"]
    assert timestamps.parse(until) == lease.expires_at


def test_activation_tries_the_role_with_credentials_that_may_do_nothing(
    issuer: RoleIssuer, sts: RecordingSts, session: Session
) -> None:
    issuer.activate(session, Story().now)
    assert json.loads(sts.calls[0]["Policy"])["Statement"] == [
        {"Effect": "Deny", "Action": "*", "Resource": "*"}
    ]


@pytest.mark.parametrize(
    "error",
    [
        ClientError(
            {"Error": {"Code": "AccessDenied", "Message": "arn:secret-detail"}}, "AssumeRole"
        ),
        EndpointConnectionError(endpoint_url="https://sts"),
    ],
)
def test_a_target_that_refuses_or_does_not_answer_is_unavailable(
    session: Session, error: Exception
) -> None:
    issuer = RoleIssuer(lambda service, **_: RecordingSts(error), never_full, noon)
    for act in (issuer.activate, issuer.lease):
        with pytest.raises(IssuerUnavailable) as refusal:
            act(session, Story().now)
        assert "secret-detail" not in refusal.value.detail


def test_a_session_without_a_lease_has_nothing_to_take_back(
    issuer: RoleIssuer, sts: RecordingSts, session: Session
) -> None:
    receipt = issuer.end(session, Story().now)
    assert (receipt.method, sts.calls) == ("no-lease", [])


def of_an_earlier_version(session: Session) -> Session:
    return replace(session, leases=1, leases_end_at=session.expires_at)


@pytest.mark.parametrize(
    ("leased", "minutes"),
    [(lambda s: lived_until(s, 5), 5), (lambda s: lived_until(s, 0), 0)],
)
def test_credentials_that_sts_knows_no_more_need_no_deny(
    issuer: RoleIssuer,
    sts: RecordingSts,
    session: Session,
    leased: Callable[[Session], Session],
    minutes: int,
) -> None:
    assert session.expires_at is not None
    over = leased(session)
    receipt = issuer.end(over, session.expires_at + timedelta(minutes=minutes))
    assert (receipt.method, sts.calls) == ("lease-over", [])
    assert receipt.traces_until is None


def test_a_deny_that_a_dead_try_may_have_written_is_removed_when_its_leases_are_over(
    issuer: RoleIssuer, session: Session
) -> None:
    assert session.expires_at is not None
    over = session.expires_at + timedelta(minutes=5)
    decided = Ending(
        decided_at=over - timedelta(seconds=1), outcome=Status.REVOKED, reason="enough", by="sam"
    )
    tried = replace(lived_until(session, 5), ending=decided)
    receipt = issuer.end(tried, over)
    assert (receipt.method, receipt.traces_until) == ("lease-over", over + timedelta(minutes=1))


@pytest.fixture
def leased(session: Session) -> Session:
    in_motos_account = session.target.arn.replace("111122223333", "123456789012")
    names = {**session.target.names, "account": "123456789012", "arn": in_motos_account}
    target = replace(session.target, names=names)
    return lived_until(replace(session, target=target), 5)


@pytest.fixture
def roles(aws: None) -> Any:
    iam = boto3.client("iam")
    for name in (ROLE, f"{ROLE}-pam-revoker"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    return iam


@pytest.mark.guarantee("G5")
def test_an_early_end_denies_this_session_alone_and_reads_it_back(
    roles: Any, leased: Session
) -> None:
    receipt = RoleIssuer(in_moto, never_full, noon).end(leased, Story().now)
    assert receipt.method == "deny-read-back"
    assert leased.credentials_live_until is not None
    assert receipt.traces_until == leased.credentials_live_until + timedelta(minutes=1)
    name, document = name_of(leased.session_id), deny_of([leased.session_id])
    assert name == f"pam-revoke-{leased.session_id}"
    assert roles.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"] == document
    assert document["Statement"] == [
        {
            "Sid": "PamEndedThisSession",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/pam:session_id": leased.session_id}},
        }
    ]


def test_a_deny_is_removed_once_and_removing_it_again_is_no_fault(
    roles: Any, leased: Session
) -> None:
    issuer = RoleIssuer(in_moto, never_full, noon)
    issuer.end(leased, Story().now)
    issuer.clear_traces(leased, Story().now)
    issuer.clear_traces(leased, Story().now)
    assert roles.list_role_policies(RoleName=ROLE)["PolicyNames"] == []


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("minutes", [0, 4])
def test_a_natural_end_is_denied_as_well_while_sts_knows_the_credentials(
    roles: Any, leased: Session, minutes: int
) -> None:
    assert leased.expires_at is not None
    receipt = RoleIssuer(in_moto, never_full, noon).end(
        leased, leased.expires_at + timedelta(minutes=minutes)
    )
    assert receipt.method == "deny-read-back"
    assert roles.list_role_policies(RoleName=ROLE)["PolicyNames"] == [name_of(leased.session_id)]


@pytest.mark.guarantee("G4")
def test_credentials_of_an_earlier_version_are_thought_to_live_as_long_as_they_can(
    roles: Any, leased: Session
) -> None:
    old = of_an_earlier_version(replace(leased, credentials_live_until=None))
    assert old.expires_at is not None
    issuer = RoleIssuer(in_moto, never_full, noon)
    longest = old.expires_at + timedelta(minutes=15)
    assert issuer.end(old, longest - timedelta(seconds=1)).method == "deny-read-back"
    assert issuer.end(old, longest).method == "lease-over"


@pytest.mark.guarantee("G5")
def test_a_deny_that_does_not_read_back_is_no_receipt(roles: Any, leased: Session) -> None:
    class Forgetful:
        def __getattr__(self, name: str) -> Any:
            return getattr(roles, name)

        def get_role_policy(self, **_: Any) -> dict[str, Any]:
            return {"PolicyDocument": {"Statement": []}}

    def client(service: str, **arguments: Any) -> Any:
        return Forgetful() if service == "iam" else in_moto(service, **arguments)

    with pytest.raises(IssuerUnavailable):
        RoleIssuer(client, never_full, noon).end(leased, Story().now)


def test_a_target_that_is_gone_gives_no_receipt(aws: None, leased: Session) -> None:
    with pytest.raises(IssuerUnavailable):
        RoleIssuer(in_moto, never_full, noon).end(leased, Story().now)


def test_access_is_missing_where_a_deny_stands_without_an_end_or_the_role_is_gone(
    roles: Any, leased: Session
) -> None:
    other = replace(leased, session_id="01M7XKKX570BEDA009FKKTH2H2")
    issuer = RoleIssuer(in_moto, never_full, noon)
    assert issuer.missing(leased.target, [leased, other]) == {}
    issuer.end(leased, Story().now)
    assert list(issuer.missing(leased.target, [leased, other])) == [leased.session_id]
    issuer.clear_traces(leased, Story().now)
    roles.delete_role(RoleName=ROLE)
    assert set(issuer.missing(leased.target, [leased, other]).values()) == {
        "the role does not exist"
    }


def test_a_role_that_cannot_be_searched_is_not_said_to_be_missing(
    aws: None, leased: Session
) -> None:
    def refusing(service: str, **arguments: Any) -> Any:
        error = {"Error": {"Code": "AccessDenied", "Message": "x"}}
        return RecordingSts(ClientError(error, "AssumeRole"))

    with pytest.raises(IssuerUnavailable):
        RoleIssuer(refusing, never_full, noon).missing(leased.target, [leased])


def test_a_region_has_one_client_whatever_is_asked_of_it(session: Session) -> None:
    made: list[tuple[str, str]] = []

    def client(service: str, **arguments: Any) -> Any:
        made.append((service, arguments.get("region_name", "")))
        return RecordingSts()

    issuer = RoleIssuer(client, never_full, noon)
    for region in ("eu-west-1", "eu-west-1", "eu-central-1"):
        issuer.activate(
            replace(
                session,
                target=replace(session.target, names={**session.target.names, "region": region}),
            ),
            noon(),
        )
    assert made == [("sts", "eu-west-1"), ("sts", "eu-central-1")]
