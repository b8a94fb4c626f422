"""What is signed: every field, for one session, one kind and one maker."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from pam.domain import proofs
from pam.domain.approval import Ballot, Vote
from pam.domain.circumstances import Circumstances
from pam.domain.kinds import AWS_ROLE
from pam.domain.people import Auth, Surface
from pam.domain.proofs import Kind, Maker
from pam.domain.resource import Environment, Target
from pam.domain.session import Confirmation, Session
from tests.fakes.story import NOON, Story, arn

MINUTE = timedelta(minutes=1)


def granted() -> Session:
    session = Story().granted()
    confirmed = Confirmation(principal=arn("alice"), at=NOON, proof="c")
    return replace(
        session,
        confirmation=confirmed,
        circumstances=Circumstances(
            surface=Surface.RUNBOOK, auth=None, break_glass=True, ticket="INC-1"
        ),
    )


SESSION = granted()
VOTE = SESSION.votes[0]
CONFIRMED = SESSION.confirmation
assert CONFIRMED is not None
OTHER_TARGET = Target(kind=AWS_ROLE, names={"account": "1", "region": "r", "arn": "a"})

OF_THE_REQUEST: dict[str, object] = {
    "session_id": "01JD8XGZ6Q3M4V5N6P7R8S9T0A",
    "requester": arn("dave"),
    "requester_name": "dave",
    "requester_domain": "bank-kyc",
    "resource": "core-ledger-uat-admin",
    "environment": Environment.DEV,
    "domain": "bank-kyc",
    "target": OTHER_TARGET,
    "asked_duration": timedelta(hours=4),
    "reason": "something else altogether",
    "created_at": NOON + MINUTE,
    "approval_expires_at": SESSION.approval_expires_at + MINUTE,
    "execution_arn": "arn:of:another",
    "waits_for": "01JD8XGZ6Q3M4V5N6P7R8S9T0A",
}
OF_THE_CIRCUMSTANCES: dict[str, object] = {
    "surface": Surface.API,
    "auth": Auth.SIGV4,
    "break_glass": False,
    "ticket": "INC-2",
    "signals": {"ticket": "unknown"},
}
OF_A_VOTE: dict[str, object] = {
    "name": "erin",
    "principal": arn("erin"),
    "domain": "bank-kyc",
    "decision": Ballot.DENY,
    "comment": "fine by me",
    "duration": MINUTE,
    "at": NOON + MINUTE,
    "surface": Surface.SLACK,
    "auth": Auth.WEBAUTHN,
}
OF_A_CONFIRMATION: dict[str, object] = {
    "principal": arn("dave"),
    "at": NOON + MINUTE,
    "surface": Surface.CONSOLE,
    "auth": Auth.OIDC,
    "waits_for": "01JD8XGZ6Q3M4V5N6P7R8S9T0A",
}
OF_THE_ACTIVATION: dict[str, Callable[[Session], Session]] = {
    "activated_at": lambda s: replace(s, activated_at=NOON + MINUTE),
    "expires_at": lambda s: replace(s, expires_at=NOON + timedelta(hours=9)),
    "another request": lambda s: replace(s, proof="another"),
    "a vote less": lambda s: replace(s, votes=s.votes[:1]),
    "a vote more": lambda s: replace(s, votes=(*s.votes, replace(VOTE, proof="more"))),
    "the votes in another order": lambda s: replace(s, votes=s.votes[::-1]),
    "no confirmation": lambda s: replace(s, confirmation=None),
    "another session": lambda s: replace(s, session_id="01JD8XGZ6Q3M4V5N6P7R8S9T0A"),
}


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("name", OF_THE_REQUEST)
def test_the_request_vouches_for_each_thing_that_was_asked(name: str) -> None:
    changed = replace(SESSION, **{name: OF_THE_REQUEST[name]})  # type: ignore[arg-type]
    assert proofs.of_request(changed).digest() != proofs.of_request(SESSION).digest()


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("name", OF_THE_CIRCUMSTANCES)
def test_the_request_vouches_for_each_of_its_circumstances(name: str) -> None:
    otherwise = replace(SESSION.circumstances, **{name: OF_THE_CIRCUMSTANCES[name]})  # type: ignore[arg-type]
    changed = proofs.of_request(replace(SESSION, circumstances=otherwise))
    assert changed.digest() != proofs.of_request(SESSION).digest()
    assert set(OF_THE_CIRCUMSTANCES) == set(Circumstances.__dataclass_fields__)


def test_a_request_without_signals_is_signed_as_it_always_was() -> None:
    """So that what waits for its votes while PAM is updated can still be proven."""
    fields = proofs.of_request(SESSION).fields
    assert (fields["break_glass"], fields["ticket"]) == (True, "INC-1")
    assert not {"surface", "auth", "signals"} & set(fields)


def test_a_target_is_signed_with_its_settings() -> None:
    target = replace(SESSION.target, settings={"group_role": "postgres"})
    changed = replace(SESSION, target=target)
    assert proofs.of_request(changed).digest() != proofs.of_request(SESSION).digest()


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("name", OF_A_VOTE)
def test_a_vote_vouches_for_each_thing_that_was_said_and_how(name: str) -> None:
    changed = replace(VOTE, **{name: OF_A_VOTE[name]})  # type: ignore[arg-type]
    signed, was = (proofs.of_vote(SESSION.session_id, each) for each in (changed, VOTE))
    assert signed.digest() != was.digest()


def test_a_vote_of_one_session_is_none_of_another() -> None:
    assert proofs.of_vote("A", VOTE).digest() != proofs.of_vote("B", VOTE).digest()


def test_every_field_of_a_vote_is_signed_or_is_the_proof() -> None:
    assert {*OF_A_VOTE, "proof"} == set(Vote.__dataclass_fields__)


@pytest.mark.parametrize("name", OF_A_CONFIRMATION)
def test_a_confirmation_vouches_for_who_and_how(name: str) -> None:
    assert CONFIRMED is not None
    other = replace(CONFIRMED, **{name: OF_A_CONFIRMATION[name]})  # type: ignore[arg-type]
    changed, was = (proofs.of_confirmation("A", each) for each in (other, CONFIRMED))
    assert changed.digest() != was.digest()
    assert proofs.of_confirmation("B", CONFIRMED).digest() != was.digest()
    assert {*OF_A_CONFIRMATION, "proof"} == set(Confirmation.__dataclass_fields__)


@pytest.mark.guarantee("G1")
@pytest.mark.parametrize("case", OF_THE_ACTIVATION)
def test_the_activation_vouches_for_its_times_and_for_what_it_was_made_on(case: str) -> None:
    changed = OF_THE_ACTIVATION[case](SESSION)
    assert proofs.of_activation(changed).digest() != proofs.of_activation(SESSION).digest()


def test_a_statement_of_one_kind_or_maker_is_none_of_another() -> None:
    statement = proofs.of_request(SESSION)
    digests = {
        replace(statement, kind=kind, maker=maker).digest()
        for kind in Kind
        for maker in (*Maker, None)
    }
    assert len(digests) == len(Kind) * (len(Maker) + 1)


WAYS = [(surface, auth) for surface in Surface for auth in Auth]


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize(("surface", "auth"), WAYS)
def test_a_key_vouches_only_for_the_surface_and_the_auth_of_its_door(
    surface: Surface, auth: Auth
) -> None:
    vote = replace(VOTE, surface=surface, auth=auth)
    doors = {
        (Surface.API, Auth.SIGV4): Maker.DOOR,
        (Surface.SLACK, Auth.SLACK): Maker.SLACK,
    }
    assert proofs.of_vote("A", vote).maker is doors.get((surface, auth))


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize(("surface", "auth"), WAYS)
def test_a_confirmation_is_vouched_for_by_the_one_door_that_knows_a_signature(
    surface: Surface, auth: Auth
) -> None:
    word = Confirmation(principal=arn("alice"), at=NOON, surface=surface, auth=auth)
    signed = (surface, auth) == (Surface.API, Auth.SIGV4)
    assert proofs.of_confirmation("A", word).maker is (Maker.DOOR if signed else None)


WAYS_TO_ASK = {
    (Surface.API, Auth.SIGV4): Maker.DOOR,
    (Surface.SLACK, Auth.SLACK): Maker.SLACK,
    (Surface.RUNBOOK, None): Maker.ADMISSION,
}


@pytest.mark.guarantee("G2")
def test_a_request_is_vouched_for_by_the_one_maker_who_knows_how_it_came_in() -> None:
    """No two of these have one maker, so the maker says the surface and the auth."""
    for surface, auth in product(Surface, (*Auth, None)):
        way = Circumstances(surface=surface, auth=auth)
        statement = proofs.of_request(replace(SESSION, circumstances=way))
        assert statement.maker is WAYS_TO_ASK.get((surface, auth))
    assert len(set(WAYS_TO_ASK.values())) == len(WAYS_TO_ASK)


def test_what_there_is_to_verify_is_the_request_the_approvals_and_what_came_later() -> None:
    kinds = [signed.statement.kind for signed in proofs.evidence(SESSION).all]
    assert kinds == [Kind.REQUEST, Kind.VOTE, Kind.VOTE, Kind.CONFIRMATION, Kind.ACTIVATION]
    denied = replace(SESSION, votes=(replace(VOTE, decision=Ballot.DENY),), activated_at=None)
    kinds = [signed.statement.kind for signed in proofs.evidence(denied).all]
    assert kinds == [Kind.REQUEST, Kind.CONFIRMATION]


def test_a_target_with_an_arn_is_signed_as_it_always_was() -> None:
    """So that what waits for its votes while PAM is updated can still be proven."""
    target = SESSION.target
    assert proofs.of_request(SESSION).fields["target"] == {
        "kind": target.kind,
        "account": target.account,
        "region": target.region,
        "arn": target.arn,
        "settings": dict(target.settings),
    }


@pytest.mark.parametrize("name", ["account", "region", "arn", "group"])
def test_a_request_is_proven_with_everything_that_names_its_target(name: str) -> None:
    moved = replace(SESSION.target, names={**SESSION.target.names, name: "another"})
    other = proofs.of_request(replace(SESSION, target=moved))
    assert other.digest() != proofs.of_request(SESSION).digest()
