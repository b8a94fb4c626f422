"""Two at once is the normal case: exactly one of them wins, and what the other sees is true."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from local import crowd
from local.cast import Answer, Cast, Person, is_refused, until
from pam.domain import timestamps
from pam.domain.kinds import AWS_ROLE, kind_of
from tests.e2e import databases

LEDGER = "core-ledger-admin"
ROUNDS = int(os.environ.get("PAM_RACE_ROUNDS", "5"))
"""50 in `make soak`."""
A_FEW = 8
"""Rounds at a time, where a round is mostly waiting."""


def together(*acts: Callable[[], Answer]) -> list[Answer]:
    """Fires all acts at the same instant, each from a thread of its own."""
    barrier = Barrier(len(acts))

    def fire(act: Callable[[], Answer]) -> Answer:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(fire, acts))


@pytest.fixture
def engineer(cast: Cast) -> Person:
    return crowd.engineers(cast)[0]


@pytest.fixture
def first(cast: Cast) -> Person:
    return crowd.approvers(cast)[0]


@pytest.fixture
def second(cast: Cast) -> Person:
    return crowd.approvers(cast)[1]


@pytest.fixture
def third(cast: Cast) -> Person:
    return crowd.approvers(cast)[2]


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left_at_the_targets(cast: Cast) -> Iterator[None]:
    """After all rounds: no deny beyond its time, and no user of a session that is over."""
    began = datetime.now(UTC)
    yield
    ada = cast.person("ada")
    for name in denies(cast):
        if name.startswith(("pam-revoke-pack-", "pam-revoke-older-")):
            assert time.time() < int(name.split("-")[3]) + SEARCHED_EVERY, name
        else:
            session = ada.get(f"/pam/sessions/{name.removeprefix('pam-revoke-')}").body
            # Other tests write denies of sessions that there never were.
            known = "created_at" in session and timestamps.parse(session["created_at"]) >= began
            assert not known or deny_may_stand(session), name
    for name in users(cast):
        session = ada.get(f"/pam/sessions/{name.removeprefix('pam_').upper()}").body
        known = "created_at" in session and timestamps.parse(session["created_at"]) >= began
        assert not known or session["ended_at"] is None, name


SEARCHED_EVERY = 16 * 60
"""Seconds; with a minute for the search itself."""


def denies(cast: Cast) -> list[str]:
    iam = cast.person("root").client("iam")
    return [
        name
        for page in iam.get_paginator("list_roles").paginate()
        for role in page["Roles"]
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
        if name.startswith("pam-revoke-")
    ]


def deny_may_stand(session: dict[str, Any]) -> bool:
    """Until a tick after the last lease can have ended by itself, and its end was delivered."""
    if session["ended_at"] is None:
        return session["status"] == "REVOKING"
    lives_on = kind_of(AWS_ROLE).outlasting
    assert lives_on is not None
    last = timestamps.parse(session["ended_at"]) + lives_on.at_most
    return datetime.now(UTC) < last + timedelta(minutes=4)


def users(cast: Cast) -> list[str]:
    with databases.superuser(cast) as connection:
        found = connection.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^pam_0'")
        return [str(name) for (name,) in found.fetchall()]


def types_of(ada: Person, session_id: str) -> list[str]:
    items = ada.get(f"/pam/sessions/{session_id}/audit").body["items"]
    assert [item["sequence"] for item in items] == list(range(1, len(items) + 1))
    return [item["type"] for item in items]


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize("_", range(ROUNDS))
def test_two_approvals_at_the_same_instant_both_count_once(
    _: int, engineer: Person, first: Person, second: Person, ada: Person
) -> None:
    session_id = engineer.request(LEDGER)["session_id"]
    answers = together(lambda: first.approve(session_id), lambda: second.approve(session_id))
    assert [answer.status for answer in answers] == [200, 200]
    engineer.wait_for(session_id, "ACTIVE")
    types = types_of(ada, session_id)
    assert types.count("Voted") == 2
    assert types.count("Approved") == types.count("Activated") == 1


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize("_", range(ROUNDS))
def test_one_approver_clicking_twice_at_once_counts_once(
    _: int, engineer: Person, first: Person
) -> None:
    session_id = engineer.request(LEDGER)["session_id"]
    answers = together(lambda: first.approve(session_id), lambda: first.approve(session_id))
    assert sorted(answer.status for answer in answers) == [200, 409]
    assert engineer.session(session_id)["approvals"]["received"] == 1


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_last_approval_and_a_denial_at_once_leave_one_of_two_ends(
    _: int, engineer: Person, first: Person, second: Person, third: Person, ada: Person
) -> None:
    session_id = engineer.request(LEDGER)["session_id"]
    first.approve(session_id)
    approved, denied = together(
        lambda: second.approve(session_id),
        lambda: third.approve(session_id, decision="deny"),
    )
    assert sorted([approved.status, denied.status]) == [200, 409]
    types = types_of(ada, session_id)
    assert types.count("Approved") + types.count("Denied") == 1
    if denied.status == 200:
        lease = engineer.post(f"/pam/sessions/{session_id}/credentials")
        assert lease.code == "CONFLICT"


def leased_while_revoked(session_id: str, engineer: Person, sam: Person) -> Answer:
    """What the engineer gets who asks for credentials at the instant of the revocation."""
    lease, revoked = together(
        lambda: engineer.post(f"/pam/sessions/{session_id}/credentials"),
        lambda: sam.post("/pam/revoke", {"session_id": session_id, "reason": "at once"}),
    )
    assert (revoked.status, revoked.body["status"]) == (200, "REVOKED")
    assert lease.status in {200, 409}
    return lease


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_lease_and_a_revocation_at_once_leave_no_working_credential(
    _: int, cast: Cast, engineer: Person, first: Person, second: Person, sam: Person
) -> None:
    session_id = engineer.request(LEDGER)["session_id"]
    first.approve(session_id)
    second.approve(session_id)
    engineer.wait_for(session_id, "ACTIVE")
    lease = leased_while_revoked(session_id, engineer, sam)
    if lease.status == 200:
        s3 = cast.with_lease(lease.body, "s3")
        assert is_refused(lambda: s3.put_object(Bucket=cast.bucket(LEDGER), Key="n", Body=b""))


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_login_and_a_revocation_at_once_leave_no_user(
    _: int, cast: Cast, engineer: Person, first: Person, second: Person, sam: Person
) -> None:
    session = databases.granted(engineer, first, second)
    lease = leased_while_revoked(str(session["session_id"]), engineer, sam)
    if lease.status == 200:
        assert not databases.is_let_in(lease.body)
    assert not databases.has_user(cast, session)


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_last_approval_and_a_withdrawal_at_once_never_leave_access(
    _: int, engineer: Person, first: Person, second: Person
) -> None:
    session_id = engineer.request(LEDGER)["session_id"]
    first.approve(session_id)
    _approved, withdrawn = together(
        lambda: second.approve(session_id),
        lambda: engineer.post("/pam/end", {"session_id": session_id}),
    )
    assert withdrawn.status == 200
    assert withdrawn.body["status"] in {"WITHDRAWN", "ENDED"}
    lease = engineer.post(f"/pam/sessions/{session_id}/credentials")
    assert lease.code == "CONFLICT"


def closing(ada: Person, session_id: str) -> list[str]:
    """The records that say it is over."""
    over = {"Expired", "Revoked", "Ended", "Failed"}
    return [kind for kind in types_of(ada, session_id) if kind in over]


def at_its_end(
    cast: Cast, act: Callable[[str], object], seen: Callable[[Person, str], None]
) -> None:
    """So many short sessions, with the act fired at each the instant that it ends by the clock.

    `seen` is given each and its requester once a record says that it is over.
    """
    people, ada = crowd.Crowd(crowd.engineers(cast)), cast.person("ada")

    def one(_: int) -> None:
        with people.turn() as engineer:
            asked = engineer.request("core-sandbox-admin", duration_seconds=8)
            session_id = str(asked["session_id"])
            ends = engineer.wait_for(session_id, "ACTIVE")["expires_at"]
            engineer.post(f"/pam/sessions/{session_id}/credentials")
            left = timestamps.parse(ends).timestamp() - time.time()
            time.sleep(max(0.0, left))
            act(session_id)
            until(lambda: closing(ada, session_id) or None, "the end")
            seen(engineer, session_id)

    with ThreadPoolExecutor(min(ROUNDS, A_FEW)) as pool:
        assert len(list(pool.map(one, range(ROUNDS)))) == ROUNDS


@pytest.mark.guarantee("G9")
def test_a_revocation_and_the_clock_at_once_end_a_session_once(
    cast: Cast, sam: Person, ada: Person
) -> None:
    def revoked(session_id: str) -> None:
        sam.post("/pam/revoke", {"session_id": session_id, "reason": "at the very end"})

    def ended_once(engineer: Person, session_id: str) -> None:
        assert len(closing(ada, session_id)) == 1
        lease = engineer.post(f"/pam/sessions/{session_id}/credentials")
        assert lease.code == "CONFLICT"

    at_its_end(cast, revoked, ended_once)


@pytest.mark.guarantee("G9")
def test_the_tick_and_the_workflow_at_once_end_a_session_once(cast: Cast, ada: Person) -> None:
    def expired_once(_: Person, session_id: str) -> None:
        assert closing(ada, session_id) == ["Expired"]

    at_its_end(cast, lambda _: cast.tick(), expired_once)


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize("_", range(ROUNDS))
def test_many_requests_at_once_open_no_more_than_one_person_may_have(
    _: int, engineer: Person
) -> None:
    body = {"resource": LEDGER, "reason": "clicked in a hurry"}
    answers = together(*[lambda: engineer.post("/pam/request", body)] * 8)
    opened = [answer.body["session_id"] for answer in answers if answer.status == 202]
    assert len(opened) == 3, [(answer.status, answer.code) for answer in answers]
    refused = [answer.body for answer in answers if answer.status != 202]
    assert {(each["code"], tuple(each["sessions"])) for each in refused} == {
        ("LIMIT", tuple(sorted(opened)))
    }
    for session_id in opened:
        assert engineer.post("/pam/end", {"session_id": session_id}).status == 200
    assert engineer.request(LEDGER)["status"] == "PENDING_APPROVAL"


@pytest.mark.guarantee("G9")
def test_one_idempotency_key_used_at_once_opens_one_session(engineer: Person) -> None:
    body = {"resource": LEDGER, "reason": "clicked in a hurry"}

    def ask() -> Answer:
        return engineer.post("/pam/request", body, Idempotency_Key="in-a-hurry")

    answers = together(ask, ask, ask, ask)
    assert {answer.status for answer in answers} == {202}
    assert len({answer.body["session_id"] for answer in answers}) == 1
