"""Word of what CloudTrail must tell, as it lies in the table."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.names import INDEX_KEYS
from pam.ports.sessions import Once
from tests.fakes.story import NOON, Story


def leased(story: Story, *times: timedelta) -> list[str]:
    session = story.granted(seconds=14400)
    given = []
    for at in times:
        story.now = NOON + at
        given.append(story.lease(session.session_id).lease_id)
    return given


def test_it_is_found_by_its_time_across_hours(story: Story, store: DynamoDbSessions) -> None:
    times = [timedelta(minutes=minutes) for minutes in (1, 59, 60, 61, 125)]
    lease_ids = leased(story, *times)

    def found(begin: timedelta, end: timedelta) -> list[str]:
        return [each.lease_id for each in store.expected(NOON + begin, NOON + end)]

    assert found(times[0], times[-1]) == lease_ids
    assert found(times[1], times[3]) == lease_ids[1:4]
    assert found(timedelta(minutes=62), timedelta(minutes=124)) == []


def test_it_names_session_and_access_key_and_goes_by_itself(
    story: Story, store: DynamoDbSessions, items: Callable[[str], list[dict[str, Any]]]
) -> None:
    leased(story, timedelta(minutes=1))
    (item,) = items("EXPECTED")
    assert item["access_key_id"] == "ASIAEXAMPLE"
    assert item["ttl"] == int((NOON + timedelta(days=1, minutes=1)).timestamp())
    (found,) = store.expected(NOON, NOON + timedelta(hours=1))
    assert found.session_id == item["of_session"]
    for attributes in INDEX_KEYS.values():
        assert not set(attributes) <= item.keys(), "no index has it"


def test_it_is_written_with_the_lease_or_not_at_all(
    story: Story, store: DynamoDbSessions, items: Callable[[str], list[dict[str, Any]]]
) -> None:
    leased(story, timedelta(minutes=1))
    assert len(items("EXPECTED")) == sum(
        1 for item in items("RECORD") if '"type":"Leased"' in item["record"]
    )


def test_what_was_heard_is_known_however_often_it_is_noted(store: DynamoDbSessions) -> None:
    heard = Once(key="echo/ASIAEXAMPLE", until=NOON + timedelta(days=1))
    assert not store.is_done(heard)
    for _ in range(2):
        store.note(heard)
        assert store.is_done(heard)
