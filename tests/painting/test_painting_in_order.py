"""Whatever comes late, twice, or beside another, what stands in Slack is the newest state."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from pam.domain.errors import IllegalTransition, Refusal
from pam.painting.kept import KeptCards
from pam.ports.slack_cards import StaleCard
from pam.slack.jobs import Paint
from tests.painting.world import CORE, World, world


def test_an_older_event_after_a_newer_one_paints_nothing_older(painted: World) -> None:
    session = painted.story.request()
    painted.painted(session)
    painted.story.vote("bob", session.session_id)
    painted.story.vote("carol", session.session_id)
    shown = painted.painted(session)
    for sequence in (1, 2):
        painted.waker.wake(
            session.session_id,
            resource=session.resource,
            domain=session.domain,
            once=f"heard late {sequence}",
        )
    painted.settle()
    assert painted.card(session).text == shown.text
    assert painted.card(session).updates == shown.updates


def test_an_older_picture_never_takes_a_newer_ones_place(painted: World) -> None:
    """A painter that had read the session before and calls Slack after another."""
    session = painted.story.request()
    painted.painted(session)
    painted.story.vote("bob", session.session_id)
    late = painted.painter.begin(session.session_id)
    assert late is not None
    painted.story.vote("carol", session.session_id)
    painted.painted(session)
    with pytest.raises(StaleCard):
        painted.painter.paint_card(late, painted.now())
    assert painted.swept() == 1
    painted.settle()
    assert "Approved" in painted.card(session).text


def test_of_two_painters_at_once_neither_leaves_an_older_picture(painted: World) -> None:
    session = painted.story.request()
    painted.painted(session)
    painted.story.vote("bob", session.session_id)

    def another() -> None:
        painted.story.vote("carol", session.session_id)
        work = painted.painter.begin(session.session_id)
        assert work is not None
        painted.painter.paint_card(work, painted.now())

    calls: list[str] = []

    def web(method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        calls.append(method)
        if calls == ["chat.update"]:
            another()
        return painted._web.call(method, arguments, timeout=30)

    painted.web = web  # type: ignore[method-assign]
    painted.heard(session)
    painted.settle()
    assert "Approved" in painted.card(session).text


def test_two_painters_post_no_two_cards(painted: World) -> None:
    session = painted.story.request()

    def another() -> None:
        work = painted.painter.begin(session.session_id)
        assert work is not None
        painted.painter.paint_card(work, painted.now())

    painted.shelf.before_write = another
    painted.painted(session)
    assert len(painted.cards()) == 1


def test_what_is_recorded_while_it_is_painted_is_told_by_the_next_job(painted: World) -> None:
    session = painted.story.request()
    work = painted.painter.begin(session.session_id)
    assert work is not None
    painted.painter.paint_card(work, painted.now())
    painted.story.vote("bob", session.session_id)
    painted.painter.teller.tell_thread(work, painted.now())
    painted.painter.finish(work, painted.now())
    assert painted.thread(session) == []
    painted.painted(session)
    assert len(painted.thread(session)) == 1


def test_a_job_that_no_time_is_left_for_comes_again(painted: World) -> None:
    session = painted.story.request()
    painted.heard(session)
    line = painted.line(has_time=False)
    painted.line = lambda: line  # type: ignore[method-assign, assignment, misc]
    painted.turn()
    assert painted.cards() == []
    assert len(painted.queue.messages) == 1


def test_a_session_that_cannot_be_painted_holds_up_no_other(
    painted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = painted.story.request(), painted.story.request()
    get = painted.story.store.get

    def fails(session_id: str) -> Any:
        if session_id == broken.session_id:
            raise RuntimeError
        return get(session_id)

    for each in (broken, whole):
        painted.heard(each)
    monkeypatch.setattr(painted.story.store, "get", fails)
    painted.settle()
    monkeypatch.undo()
    assert painted.card(whole).action_ids
    assert [each.job for each in painted.given_up] == [
        Paint(session_id=broken.session_id, channel=CORE)
    ]
    painted.story.later(minutes=5)
    painted.swept()
    painted.settle()
    assert painted.card(broken).action_ids


ACTS = ("bob", "carol", "activate", "lease", "remind", "minutes", "end", "revoke")
FAULTS: list[dict[str, Any]] = [
    {"limited_times": {"chat.update": 1}},
    {"limited_times": {"chat.postMessage": 1}},
    {"answer_lost": {"chat.update": 1}},
    {"errors": {"chat.postMessage": ["internal_error", 2]}},
    {"errors": {"chat.update": ["internal_error", 2]}},
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(ACTS),
        st.booleans(),
        st.sampled_from([None, *range(len(FAULTS))]),
    ),
    max_size=8,
)


@given(steps=STEPS)
@example(steps=[("bob", True, 3), ("minutes", True, None), ("bob", False, 3)])
@examples(max_examples=25)
def test_whatever_happens_in_whatever_order_the_card_is_right_in_the_end(steps: list[Any]) -> None:
    with world() as painted:
        session = painted.story.request()
        for act, is_heard, fault in steps:
            _do(painted, session.session_id, act)
            if fault is not None:
                painted.slack.knobs(**FAULTS[fault])
            if is_heard:
                painted.heard(session)
                painted.turn()
        painted.swept_clean()
        stored = painted.stored(session)
        again = painted.painter.begin(session.session_id)
        assert again is not None
        updates = painted.calls("chat.update")
        painted.painter.paint_card(again, painted.now())
        assert painted.calls("chat.update") == updates
        assert painted.card(session).text.count(stored.status.value) <= 1
        assert len(painted.cards()) == 1
        texts = [each.text for each in painted.thread(session)]
        # Only reminders may say the same: each is one of its own.
        reminded = sum(act == "remind" for act, _, _ in steps)
        assert len(texts) - len(set(texts)) <= max(0, reminded - 1)


def _do(painted: World, session_id: str, act: str) -> None:
    story = painted.story
    deeds = {
        "activate": lambda: story.activate(session_id),
        "lease": lambda: story.lease(session_id),
        "remind": lambda: story.tell(session_id),
        "minutes": lambda: story.later(minutes=11),
        "end": lambda: story.end(session_id),
        "revoke": lambda: story.revoke(session_id),
    }
    with suppress(Refusal, IllegalTransition):
        deeds.get(act, lambda: story.vote(act, session_id))()


def test_what_is_kept_of_a_card_is_read_as_it_was_written(painted: World) -> None:
    session = painted.story.granted()
    painted.painted(session)
    cards = KeptCards(shelf=painted.shelf, clock=painted.now)
    posted = cards.get(session.session_id)
    assert posted == painted.posted(session)
    assert posted.from_text(posted.to_text()) == posted
