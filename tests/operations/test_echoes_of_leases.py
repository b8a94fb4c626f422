"""Each lease of a role is a call that CloudTrail must tell of; silence about one is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pam.domain import echo
from pam.operations.check_echoes import check_echoes, hear_echo
from pam.ports.sessions import Once
from tests.fakes.story import LEDGER, Story

DATABASE = "core-ledger-db"
HALF_AN_HOUR = timedelta(minutes=30)


def unheard(story: Story) -> list[str]:
    return [each.lease_id for each in check_echoes(now=story.now, store=story.store)]


def test_a_lease_of_which_nothing_was_told_is_found_after_half_an_hour_and_not_before() -> None:
    story = Story()
    lease = story.lease(story.granted().session_id)
    given = story.now
    story.now = given + HALF_AN_HOUR - timedelta(milliseconds=1)
    assert unheard(story) == []
    story.now = given + HALF_AN_HOUR
    assert unheard(story) == [lease.lease_id]


def test_one_of_which_cloudtrail_told_is_not_found_however_often_it_was_told() -> None:
    story = Story()
    lease = story.lease(story.granted().session_id)
    for _ in range(2):
        story.later(minutes=5)
        hear_echo(lease.credentials.access_key_id, now=story.now, store=story.store)
    story.later(minutes=25)
    assert unheard(story) == []


def test_the_echo_of_one_lease_is_none_of_another() -> None:
    story = Story()
    lease = story.lease(story.granted().session_id)
    hear_echo("ASIAANOTHER", now=story.now, store=story.store)
    story.later(minutes=31)
    assert unheard(story) == [lease.lease_id]


def test_a_session_that_is_over_by_then_hides_none_of_its_leases() -> None:
    story = Story()
    session = story.granted(seconds=60)
    lease = story.lease(session.session_id)
    story.later(minutes=2)
    story.end(session.session_id)
    story.later(minutes=29)
    assert unheard(story) == [lease.lease_id]


@pytest.mark.parametrize("minutes", [30, 44, 59, 89, 149])
def test_searches_that_do_not_run_for_a_while_miss_none(minutes: int) -> None:
    story = Story()
    story.lease(story.granted().session_id)
    story.later(minutes=minutes)
    assert len(unheard(story)) == 1


def test_what_is_hours_old_is_told_no_more() -> None:
    story = Story()
    story.lease(story.granted().session_id)
    story.later(minutes=30, hours=2, seconds=1)
    assert unheard(story) == []


def test_of_a_database_cloudtrail_tells_nothing_and_nothing_is_expected() -> None:
    story = Story()
    story.lease(story.granted(resource=DATABASE).session_id)
    story.lease(story.granted(resource=LEDGER).session_id)
    (only,) = story.store.awaited
    assert story.store.sessions[only.session_id].resource == LEDGER


def test_a_lease_that_was_refused_is_not_expected() -> None:
    story = Story()
    session = story.granted(seconds=60)
    story.later(minutes=2)
    with pytest.raises(Exception, match="over"):
        story.lease(session.session_id)
    assert story.store.awaited == []


def test_of_a_flood_of_leases_of_one_session_some_are_looked_at_and_of_others_all() -> None:
    story = Story()
    flood, other = story.granted(seconds=3600), story.granted(seconds=3600, who="dave")
    lease = story.lease(flood.session_id)
    own = story.lease(other.session_id, "dave")
    (expected,) = (each for each in story.store.awaited if each.lease_id == lease.lease_id)
    story.store.awaited += [replace(expected, lease_id=f"flood-{n}") for n in range(5_000)]
    asked: list[Once] = []
    is_done = story.store.is_done

    def counted(once: Once) -> bool:
        asked.append(once)
        return is_done(once)

    story.store.is_done = counted  # type: ignore[method-assign]
    story.later(minutes=31)
    found = unheard(story)
    assert own.lease_id in found
    assert lease.lease_id in found
    assert len(found) == len(asked) <= 21


def test_every_hour_that_a_window_touches_is_looked_at() -> None:
    story = Story()
    for minutes in range(0, 24 * 60, 7):
        begin, end = echo.window(story.now + timedelta(minutes=minutes))
        found = list(echo.hours(begin, end))
        for at in (begin, begin + (end - begin) / 2, end):
            assert at.replace(minute=0, second=0, microsecond=0) in found
        assert len(found) <= 4
