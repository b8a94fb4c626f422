"""Calls that need no other's answer go at once, and what is wrong with one is heard in order."""

import threading

import pytest

from pam import side_by_side as module
from pam.domain.session import Session
from pam.operations.transition import Step, transition
from pam.side_by_side import in_order, outcomes, side_by_side
from tests.fakes.story import Story

_PATIENCE = 20


def fail(with_word: str) -> None:
    raise ValueError(with_word)


def test_each_goes_on_while_the_others_do() -> None:
    together = threading.Barrier(3, timeout=_PATIENCE)
    assert len(in_order(lambda _: together.wait(), range(3))) == 3


def test_answers_come_in_the_order_of_the_calls() -> None:
    assert side_by_side(lambda: "a", lambda: 2, lambda: None) == ("a", 2, None)
    assert in_order(str, range(25)) == [str(number) for number in range(25)]
    assert in_order(str, []) == []


def test_all_have_answered_before_the_first_fault_in_order_is_heard() -> None:
    done: list[str] = []
    with pytest.raises(ValueError, match="first"):
        side_by_side(lambda: fail("first"), lambda: fail("second"), lambda: done.append("third"))
    assert done == ["third"]
    answers, errors = outcomes(lambda n: 6 / n, [2, 0, 3])
    assert (answers, len(errors)) == ([3.0, 2.0], 1)


def test_one_at_a_time_needs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ThreadPoolExecutor", None)
    assert in_order(str, [1]) == ["1"]
    answers, errors = outcomes(lambda n: 6 / n, [2, 0, 3], at_once=1)
    assert (answers, len(errors)) == ([3.0, 2.0], 1)


def test_what_was_read_before_is_decided_on_once_and_only_if_it_still_stands() -> None:
    story = Story()
    read = story.request()
    story.vote("bob", read.session_id)
    seen: list[int] = []

    def decide(session: Session) -> Step:
        seen.append(len(session.votes))
        return Step(session, ())

    transition(story.store, read.session_id, decide, now=story.now, read=read)
    assert seen == [0, 1], "another was first: what is stored is read and decided on"
    assert len(story.store.sessions[read.session_id].votes) == 1
    stored = story.store.sessions[read.session_id]
    transition(story.store, read.session_id, decide, now=story.now, read=stored)
    assert seen == [0, 1, 1]
