"""A deny that somebody takes out is written again and told, whoever comes to write it, and however
often that fails.
"""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.domain.errors import IssuerUnavailable
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.identity_center.denies import covers
from pam.identity_center.permission_set import PermissionSet
from tests.fakes.dying import Died, Dying, Fuse
from tests.identity_center.scene import TARGET, Centre, session_of

ALICE, BOB = session_of("alice"), session_of("bob", 2)
WRITING = ("PutInlinePolicyToPermissionSet", "ProvisionPermissionSet")
READING = "GetInlinePolicyForPermissionSet"
THERE = "444455556666"
ELSEWHERE = replace(TARGET, names={**TARGET.names, "account": THERE})


@pytest.fixture
def centre() -> Centre:
    return Centre()


def stands(centre: Centre, session: Session) -> bool:
    deny = centre.known.deny_of(session.session_id)
    return deny is not None and covers(centre.provisioned, deny)


def minutes(centre: Centre, number: int) -> list[str]:
    """What the searches of so many minutes tell."""
    told: list[str] = []
    for _ in range(number):
        before = set(centre.told)
        with suppress(IssuerUnavailable):
            centre.search()
        told += [session_id for session_id, _ in centre.told - before]
        centre.time.later(minutes=1)
    return told


def take_out(centre: Centre) -> None:
    centre.service.act("write_policy", statements=None)


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("operation", WRITING)
@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_what_could_not_be_written_again_is_told_at_once_and_written_by_the_next_search(
    centre: Centre, operation: str, code: str
) -> None:
    session = centre.active(ALICE)
    take_out(centre)
    centre.service.faults.refuse(operation, code, times=99)
    assert minutes(centre, 2) == [session.session_id]
    assert not stands(centre, session)
    centre.service.faults.forget()
    assert minutes(centre, 2) == []
    assert stands(centre, session)
    assert centre.expire(session).on_time


@pytest.mark.guarantee("G5")
def test_what_takes_longer_to_write_than_one_search_has_is_told_all_the_same(
    centre: Centre,
) -> None:
    session = centre.active(ALICE)
    take_out(centre)
    centre.service.knobs.polls, centre.service.knobs.seconds = 100, 25.0
    assert minutes(centre, 3) == [session.session_id]
    assert stands(centre, session)


def starts(centre: Centre, _: Session) -> None:
    centre.active(session_of("dave", 4))


def ends_early(centre: Centre, other: Session) -> None:
    centre.end(other)


def comes_to_its_end(centre: Centre, other: Session) -> None:
    centre.expire(other)


def starts_in_another_account(centre: Centre, _: Session) -> None:
    centre.service.directory.accounts.add(THERE)
    session = session_of("dave", 4, target=ELSEWHERE)
    centre.make(session)


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("act", [starts, ends_early, comes_to_its_end, starts_in_another_account])
def test_what_another_session_writes_over_is_told(centre: Centre, act: Any) -> None:
    session, other = centre.active(session_of("alice", minutes=60)), centre.active(BOB)
    take_out(centre)
    act(centre, other)
    told = minutes(centre, 2)
    assert stands(centre, session)
    assert session.session_id in told
    assert len(told) == len(set(told)), "once"


@pytest.mark.guarantee("G5")
def test_what_an_early_end_of_its_own_writes_over_is_told(centre: Centre) -> None:
    """And that end is no later by it. Alone, it writes its own deny anew without a look."""
    session, other = centre.active(ALICE), centre.active(BOB)
    take_out(centre)
    assert centre.end(session).on_time
    assert set(minutes(centre, 2)) == {session.session_id, other.session_id}


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("act", [starts, ends_early])
def test_what_was_changed_and_not_taken_out_is_told_as_well(centre: Centre, act: Any) -> None:
    session, other = centre.active(ALICE), centre.active(BOB)
    ours = f"Pam{session.session_id}"
    policy = centre.policy.replace(f"{session.expires_at:%Y-%m-%dT%H:%M:%S}", "2027-01-01T00:00:00")
    assert ours in policy
    assert policy != centre.policy
    centre.service.directory.permission_sets[TARGET.names["permission_set"]].inline_policy = policy
    act(centre, other)
    assert session.session_id in minutes(centre, 2)
    assert stands(centre, session)


def looks(centre: Centre, _: Session) -> None:
    centre.search()


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("act", [starts, ends_early, looks])
@pytest.mark.parametrize("after", [False, True], ids=["asked", "answered"])
def test_whoever_dies_over_it_it_is_written_again_and_told(act: Any, *, after: bool) -> None:
    step, went_on = 0, True
    while went_on:
        step += 1
        centre, fuse = Centre(), Fuse()
        session, other = centre.active(ALICE), centre.active(BOB)
        take_out(centre)
        whole = (centre.table, centre.clients)
        centre.table = Dying(centre.table, fuse)
        sso_admin, identity_store = centre.clients
        centre.clients = (Dying(sso_admin, fuse), Dying(identity_store, fuse))
        fuse.arm(step, after=after)
        with suppress(Died):
            act(centre, other)
        went_on = fuse.dead
        centre.table, centre.clients = whole
        centre.time.later(minutes=1)
        minutes(centre, 2)
        assert session.session_id in {told for told, _ in centre.told}, step
        assert stands(centre, session), step
    assert step > 5


@pytest.mark.parametrize("act", [starts, ends_early, comes_to_its_end, looks])
def test_an_answer_from_before_the_last_write_is_no_word_of_a_change(
    centre: Centre, act: Any
) -> None:
    centre.active(BOB)
    before = centre.policy
    centre.active(ALICE)
    dave = centre.active(session_of("carol", 9))
    call, stale = centre.service.call, [before]

    def behind(service: str, operation: str, params: Any) -> Any:
        answer = call(service, operation, params)
        if operation == READING and stale:
            answer = {**answer, "InlinePolicy": stale.pop()}
        return answer

    centre.service.call = behind  # type: ignore[method-assign]
    act(centre, dave)
    assert not stale
    assert minutes(centre, 2) == []
    assert centre.told == set()


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_no_end_waits_for_a_look_at_what_it_writes_over(centre: Centre, code: str) -> None:
    session, _ = centre.active(ALICE), centre.active(BOB)
    live = centre.sign_in("alice")
    call, refused = centre.service.call, list[str]()

    def busy(service: str, operation: str, params: Any) -> Any:
        if operation == "PutInlinePolicyToPermissionSet":
            centre.service.faults.forget()
        refused.append(operation)
        return call(service, operation, params)

    centre.service.faults.refuse(READING, code, times=99)
    centre.service.call = busy  # type: ignore[method-assign]
    decided = centre.now
    centre.end(session)
    assert refused[:2] == [READING, "PutInlinePolicyToPermissionSet"]
    assert centre.refuses(live)
    assert centre.now - decided < timedelta(seconds=10)


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("written_by", ["the end", "the search", "another's end"])
def test_a_receipt_of_what_was_not_written_again_in_time_says_so(
    centre: Centre, written_by: str
) -> None:
    bob = centre.active(session_of("bob", 2, minutes=60))
    session = centre.active(ALICE)
    assert session.expires_at is not None
    take_out(centre)
    centre.service.faults.refuse(WRITING[0], "AccessDeniedException", times=99)
    with pytest.raises(IssuerUnavailable):
        centre.search()
    centre.time.later(seconds=(session.expires_at - centre.now).total_seconds() + 1)
    centre.service.faults.forget()
    if written_by == "the search":
        centre.search()
    if written_by == "another's end":
        centre.end(bob)
    assert not centre.end(session).on_time


@pytest.mark.guarantee("G4")
def test_what_anothers_end_wrote_over_after_the_time_was_late(centre: Centre) -> None:
    """And no search had seen it before."""
    bob = centre.active(session_of("bob", 2, minutes=60))
    session = centre.active(ALICE)
    assert session.expires_at is not None
    centre.time.later(seconds=(session.expires_at - centre.now).total_seconds() + 1)
    take_out(centre)
    centre.end(bob)
    assert not centre.end(session).on_time


def test_an_early_end_that_needs_two_tries_is_on_time(centre: Centre) -> None:
    session = replace(centre.active(ALICE))
    centre.service.faults.refuse(WRITING[0], "AccessDeniedException")
    assert centre.end(session).on_time


def ends_early_twice(centre: Centre, session: Session) -> Session:
    centre.end(session)
    return session


def ends_in_time_twice(centre: Centre, session: Session) -> Session:
    centre.expire(session)
    return session


TWICE = [ends_early_twice, ends_in_time_twice]


@pytest.mark.parametrize("end", TWICE)
@pytest.mark.parametrize("narrowed", [False, True])
def test_an_end_that_is_made_once_more_is_no_finding_and_no_later(
    centre: Centre, end: Any, *, narrowed: bool
) -> None:
    """Its function died before it could say so; meanwhile others wrote the narrowed deny."""
    centre.active(session_of("bob", 2, minutes=60))
    session = end(centre, centre.active(ALICE))
    if narrowed:
        starts(centre, session)
    puts = centre.calls()["PutInlinePolicyToPermissionSet"]
    assert centre.end(session).on_time
    assert centre.calls()["PutInlinePolicyToPermissionSet"] - puts == narrowed
    assert minutes(centre, 2) == []


@pytest.mark.parametrize("step", range(1, 8))
def test_an_end_that_dies_the_second_time_too_is_no_finding(centre: Centre, step: int) -> None:
    centre.active(session_of("bob", 2, minutes=60))
    session = ends_in_time_twice(centre, centre.active(ALICE))
    starts(centre, session)
    whole, fuse = centre.table, Fuse()
    centre.table = Dying(whole, fuse)
    fuse.arm(step)
    with suppress(Died):
        centre.end(session)
    assert fuse.dead
    centre.table = whole
    centre.time.later(minutes=1)
    assert minutes(centre, 2) == []
    assert stands(centre, session)
    assert centre.end(session).on_time


@pytest.mark.guarantee("G5")
def test_what_was_taken_out_before_an_end_is_made_once_more_is_told(centre: Centre) -> None:
    other = centre.active(BOB)
    session = ends_early_twice(centre, centre.active(ALICE))
    take_out(centre)
    centre.end(session)
    assert set(minutes(centre, 1)) == {session.session_id, other.session_id}
    assert stands(centre, session)


@pytest.mark.guarantee("G5")
def test_what_a_sweep_writes_over_in_another_account_is_told(centre: Centre) -> None:
    centre.service.directory.accounts.add(THERE)
    elsewhere = session_of("dave", 4, target=ELSEWHERE)
    begins = centre.make(elsewhere)
    centre.end(
        replace(
            elsewhere,
            status=Status.ACTIVE,
            activated_at=begins,
            expires_at=begins + elsewhere.duration,
        )
    )
    centre.end(centre.active(ALICE))
    changed = json.loads(centre.policy)
    (over,) = [each for each in changed["Statement"] if each["Sid"] == f"PamOver{THERE}"]
    over["Condition"]["StringEquals"]["identitystore:userId"] = ["somebody"]
    permission_sets = centre.service.directory.permission_sets
    permission_sets[TARGET.names["permission_set"]].inline_policy = json.dumps(changed)
    centre.time.later(minutes=1)
    centre.search()
    assert "somebody" not in centre.policy
    assert list(centre.target().undone_at(ELSEWHERE)) == [elsewhere.session_id]


OF_THE_FIRST_VERSION = {
    "session_id", "user_id", "account", "armed_at", "begins", "end", "version", "begun", "made",
    "over", "late", "gone_at", "issued_before",
}  # fmt: skip


def test_an_earlier_version_reads_what_is_noted_and_so_does_this_one_what_a_later_notes(
    centre: Centre,
) -> None:
    """While one takes the other's place, and after one that was taken back, ends go on."""
    session = centre.active(ALICE)
    take_out(centre)
    assert minutes(centre, 1) == [session.session_id]
    kept = json.loads(centre.known.as_text())
    assert all(set(each) == OF_THE_FIRST_VERSION for each in kept["denies"])
    assert PermissionSet.of_text(json.dumps(kept)) == centre.known
    kept["denies"][0]["of_a_later_version"] = kept["of_a_later_version"] = 1
    assert PermissionSet.of_text(json.dumps(kept)) == centre.known
    del kept["undone"]
    (deny,) = PermissionSet.of_text(json.dumps(kept)).denies
    assert deny.undone_at is None


@pytest.mark.guarantee("G4")
def test_an_end_that_was_late_is_late_by_each_receipt_of_it(centre: Centre) -> None:
    """Also when the person has a later session by then."""
    session = centre.active(ALICE)
    assert session.expires_at is not None
    centre.time.later(seconds=(session.expires_at - centre.now).total_seconds() + 1)
    take_out(centre)
    assert not centre.end(session).on_time
    centre.active(session_of("alice", 7))
    assert not centre.end(session).on_time


@pytest.mark.guarantee("G4")
def test_an_end_that_was_late_is_late_though_its_set_is_gone(centre: Centre) -> None:
    session = centre.active(ALICE)
    assert session.expires_at is not None
    centre.time.later(seconds=(session.expires_at - centre.now).total_seconds() + 1)
    take_out(centre)
    centre.search()
    centre.service.directory.assignments.clear()
    del centre.service.directory.permission_sets[TARGET.names["permission_set"]]
    receipt = centre.end(session)
    assert "permission set" in receipt.evidence
    assert not receipt.on_time


def test_what_two_accounts_of_a_set_write_is_no_finding_in_either(centre: Centre) -> None:
    """One is given a policy; then an end there narrows it, and it is written for the other alone,
    where somebody died before over what that account was to have.
    """
    centre.service.directory.accounts.add(THERE)
    elsewhere = session_of("dave", 4, target=ELSEWHERE)
    begins = centre.make(elsewhere)
    ended = replace(
        elsewhere,
        status=Status.ACTIVE,
        activated_at=begins,
        expires_at=begins + elsewhere.duration,
    )
    whole, fuse = centre.clients, Fuse()
    centre.clients = tuple(Dying(each, fuse) for each in whole)  # type: ignore[assignment]
    fuse.arm(when=lambda: centre.known.deny_of(ended.session_id).over)  # type: ignore[union-attr]
    with suppress(Died):
        centre.end(ended)
    centre.clients = whole
    session = centre.active(BOB)
    first = centre.active(ALICE)
    centre.end(first)
    centre.end(ended)
    assert stands(centre, session)
    assert minutes(centre, 2) == []
