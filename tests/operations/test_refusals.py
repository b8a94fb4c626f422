"""Where a refusal is recorded, and that nothing of what a stranger sent stands in it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.domain.errors import Conflict, Invalid, NotEligible, NotFound, Refusal
from pam.domain.free_text import LONGEST_CAUSE
from pam.domain.lifecycle import Status
from pam.domain.proofs import Maker
from pam.edge.bodies import parse_start
from pam.ids import new_id
from pam.operations.admit_request import Admission, NextState, admit_request
from pam.operations.answer_workflow import why_refused
from pam.operations.record_refusal import Attempt, record_refusal
from pam.ports.people import Execution
from tests.fakes.story import HOME, LEDGER, SANDBOX, Story, caller


@pytest.fixture
def story() -> Story:
    return Story()


def recorded(story: Story, who: str, refusal: Refusal) -> None:
    attempt = Attempt(act="POST /pam/approve", actor=caller(who).actor, person=caller(who).person)
    record_refusal(refusal, attempt, now=story.now, store=story.store, policy=story.policy)


KNOW = {
    "alice": True, "bob": True, "sam": True, "ada": True,
    "dave": False, "kim": False, "kate": False, "mallory": False, "runbook": False,
}  # fmt: skip


@pytest.mark.guarantee("G7")
@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("who", KNOW)
def test_only_those_who_may_know_of_a_session_write_into_its_trail(story: Story, who: str) -> None:
    session_id = story.request().session_id
    recorded(story, who, NotEligible("no", session_id=session_id))
    assert story.store.types(session_id).count("Refused") == KNOW[who]
    alone = [record["detail"] for record in story.store.refusals]
    expected = f"NOT_ELIGIBLE: POST /pam/approve on {session_id}: no"
    assert alone == ([] if KNOW[who] else [expected])
    assert all(r["session_id"] == "" and r["sequence"] == 0 for r in story.store.refusals)


@pytest.mark.guarantee("G7")
def test_a_trail_takes_a_hundred_refusals_and_the_others_stand_alone(story: Story) -> None:
    session_id = story.request().session_id
    for _ in range(103):
        recorded(story, "alice", Conflict("no", session_id=session_id))
    assert story.store.types(session_id).count("Refused") == 100
    assert len(story.store.refusals) == 3
    story.vote("bob", session_id)
    assert story.store.types(session_id)[-1] == "Voted"


@pytest.mark.guarantee("G12")
def test_what_was_sent_is_told_to_the_caller_and_stands_in_no_record(story: Story) -> None:
    with pytest.raises(NotFound) as refused:
        story.request(resource="jane-roes-laptop")
    recorded(story, "alice", refused.value)
    assert "jane-roes-laptop" in refused.value.detail
    assert "jane" not in json.dumps(story.store.refusals)


def start(story: Story, given: Any, **execution: Any) -> Admission:
    started = execution.get("started_at", story.now)
    return admit_request(
        Execution(arn="arn:execution", started_at=started, input="{}", running=True),
        None,
        lambda: parse_start(given),
        now=story.now,
        store=story.store,
        policy=story.policy,
        notifier=story.notifier,
        signer=story.keys.of(Maker.ADMISSION),
        home=HOME,
    )


GOOD = {"requester": "alice", "resource": SANDBOX, "reason": "nightly repair job"}
EVIL = "\x1b[2J\x1b[31m FAKE \n\u202e"
UNKNOWN: dict[str, dict[str, Any]] = {
    "nine thousand": {f"key-{number}": "x" for number in range(9_000)},
    "one that drives a terminal": {EVIL: 1},
    "one of 200 kB": {"k" * 200_000: 1},
    "ten of 20 kB": {f"{number}" * 20_000: 1 for number in range(10)},
    "a half surrogate": {"\ud800" * 50: 1},
}


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("case", UNKNOWN)
def test_a_start_with_unknown_keys_is_refused_on_record_with_none_of_them(
    story: Story, case: str
) -> None:
    refused = start(story, GOOD | UNKNOWN[case])
    assert (refused.next_state, refused.error) == (NextState.REFUSED, "VALIDATION")
    assert len(refused.cause.encode()) <= LONGEST_CAUSE
    assert refused.cause.replace("…", "").isprintable()
    (record,) = story.store.refusals
    assert record["detail"].startswith("VALIDATION: start: ")
    if case != "a half surrogate":
        assert "a field that this call does not have" in record["detail"]
    assert len(json.dumps(record)) < 2_000
    assert not any(name[:3] in record["detail"] for name in UNKNOWN[case])


@pytest.mark.parametrize("case", UNKNOWN)
def test_ten_errors_are_told_with_names_of_a_hundred_characters(case: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_start(GOOD | UNKNOWN[case])
    assert 1 <= len(refused.value.errors) <= 10
    for fault in refused.value.errors:
        assert 0 < len(fault.field) <= 100
        assert fault.field.isprintable()
    if len(UNKNOWN[case]) > 10:
        assert "and 8990 more" in refused.value.detail


@pytest.mark.guarantee("G12")
@pytest.mark.parametrize(
    "given", [GOOD | {"requester": "jane-roe"}, GOOD | {"resource": "jane-roes"}]
)
def test_who_or_what_a_start_names_and_nobody_knows_stands_in_no_record(
    story: Story, given: dict[str, Any]
) -> None:
    refused = start(story, given)
    assert "jane-roe" in refused.cause
    assert "jane" not in json.dumps(story.store.refusals)


APART = {
    "long ago": -timedelta(days=20_000),
    "six minutes before": -timedelta(minutes=6),
    "six minutes after": timedelta(minutes=6),
    "far ahead": timedelta(days=365_000),
}


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("case", APART)
def test_an_id_that_a_runbook_chose_carries_the_time_of_its_start(story: Story, case: str) -> None:
    session_id = new_id(story.now + APART[case])
    refused = start(story, GOOD | {"session_id": session_id})
    assert (refused.next_state, refused.error) == (NextState.REFUSED, "VALIDATION")
    assert "session_id" in refused.cause
    assert story.store.sessions == {}
    assert len(story.store.refusals) == 1


@pytest.mark.parametrize("session_id", ["00000000010000000000000000", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"])
def test_an_id_of_no_time_that_there_was_is_refused(story: Story, session_id: str) -> None:
    assert start(story, GOOD | {"session_id": session_id}).error == "VALIDATION"


@pytest.mark.parametrize("minutes", [-4, 0, 4])
def test_an_id_of_about_now_is_the_sessions(story: Story, minutes: int) -> None:
    session_id = new_id(story.now + timedelta(minutes=minutes))
    # A retry of the state comes later than the execution's start, which is what counts.
    started = story.now
    story.later(minutes=30)
    admitted = start(story, GOOD | {"session_id": session_id}, started_at=started)
    assert (admitted.next_state, admitted.session_id) == (NextState.APPROVED, session_id)


def test_the_cause_of_an_end_is_a_kilobyte_whatever_was_written(story: Story) -> None:
    ended = story.revoke(story.request(resource=LEDGER).session_id)
    assert ended.ending is not None
    long = replace(ended, ending=replace(ended.ending, reason="ä" * 1000))
    assert len(why_refused(long).encode()) <= LONGEST_CAUSE
    assert why_refused(long).startswith(Status.REVOKED.value)
