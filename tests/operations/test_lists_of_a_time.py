"""Lists between two instants: of what was asked for then, by the time in the ids."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pam.domain.cursor import cursor_after
from pam.domain.errors import Invalid
from pam.domain.ids import bounds, opened_at
from pam.operations.read_sessions import Listing, list_sessions
from pam.ports.sessions import SessionQuery
from tests.fakes.story import KYC, LEDGER, UAT, Story

Times = tuple[datetime | None, datetime | None]
SECOND = timedelta(seconds=1)
LONG_AGO, LONG_AFTER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
TIMES: dict[str, Callable[[datetime, datetime], Times]] = {
    "from then on": lambda oldest, _: (oldest + 2 * SECOND, None),
    "until then": lambda _, newest: (None, newest - 2 * SECOND),
    "of one instant": lambda _, newest: (newest, newest),
    "just before the next": lambda oldest, _: (oldest, oldest + SECOND - SECOND / 1000),
    "later than all": lambda _, newest: (newest + SECOND / 1000, None),
    "before there were any": lambda *_: (None, LONG_AGO),
    "of all time": lambda *_: (LONG_AGO, LONG_AFTER),
}


@pytest.fixture
def story() -> Story:
    """Sessions of three people, a second apart."""
    story = Story()
    for who, resource in [
        ("alice", LEDGER), ("kim", KYC), ("dave", LEDGER), ("dave", UAT), ("alice", UAT),
    ]:  # fmt: skip
        story.later(seconds=1)
        story.request(who, resource)
    return story


def listed(story: Story, times: Times, cursor: str | None = None, **query: str | int) -> Listing:
    since, until = times
    asked = SessionQuery(since=since, until=until, **({"limit": 1} | query))  # type: ignore[arg-type]
    return list_sessions(asked, cursor, story.call("ada"))


def walk(story: Story, times: Times, **query: str | int) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = listed(story, times, cursor, **query)
        found += [session.session_id for session in page.sessions]
        cursor = page.cursor
        if cursor is None:
            return found


def newest_first(story: Story, *people: str) -> list[str]:
    sessions = story.store.sessions.values()
    return sorted((s.session_id for s in sessions if s.requester_name in people), reverse=True)


@pytest.mark.parametrize("limit", [1, 100])
@pytest.mark.parametrize("people", [("alice", "dave", "kim"), ("dave",)])
@pytest.mark.parametrize("case", TIMES)
def test_a_walk_stays_within_its_time_both_ends_included(
    story: Story, case: str, people: tuple[str, ...], limit: int
) -> None:
    everything = newest_first(story, *people)
    since, until = TIMES[case](opened_at(everything[-1]), opened_at(everything[0]))
    expected = [
        each
        for each in everything
        if (since or LONG_AGO) <= opened_at(each) <= (until or LONG_AFTER)
    ]
    query = {} if len(people) > 1 else {"requester_name": people[0]}
    assert walk(story, (since, until), limit=limit, **query) == expected


@pytest.mark.guarantee("G10")
def test_a_cursor_of_another_time_is_named(story: Story) -> None:
    newest = opened_at(newest_first(story, "alice")[0])
    cursor = listed(story, (newest - 3 * SECOND, None)).cursor
    assert cursor is not None
    assert listed(story, (newest - 3 * SECOND, None), cursor).sessions
    for others in ((newest - 2 * SECOND, None), (None, newest), (None, None)):
        with pytest.raises(Invalid) as refused:
            listed(story, others, cursor)
        assert [fault.field for fault in refused.value.errors] == ["cursor"]


def test_a_cursor_that_is_made_up_beyond_the_time_asked_for_is_named(story: Story) -> None:
    newest, *_, oldest = newest_first(story, "alice", "dave", "kim")
    since = opened_at(newest)
    cursor = cursor_after(oldest, "ada", "", "", "", *bounds(since, None))
    with pytest.raises(Invalid) as refused:
        listed(story, (since, None), cursor)
    assert [fault.field for fault in refused.value.errors] == ["cursor"]


def test_a_time_that_ends_before_it_begins_is_named(story: Story) -> None:
    with pytest.raises(Invalid) as refused:
        listed(story, (story.now, story.now - SECOND))
    assert [fault.field for fault in refused.value.errors] == ["until"]
