"""`pam audit verify` on the live stores: they tell the same, or the difference is named."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from cli.trail_live import Found, compare_stores
from pam.domain.audit_record import canonical_json
from tests.fakes.log import Log, a_log
from tests.fakes.story import NOON

pytestmark = pytest.mark.guarantee("G13")


def compare(log: Log) -> Found:
    now = log.story.now + timedelta(hours=1)
    return compare_stores(log, since=NOON, until=log.story.now, now=now)


def test_stores_that_agree_have_no_fault() -> None:
    log = a_log(5, 3)
    log.lines.append(log.lines[3])  # delivered twice
    found = compare(log)
    assert (found.faults, found.sessions, found.records, found.waiting) == ([], 5, 16, 0)


def test_what_is_not_sealed_yet_is_counted() -> None:
    log = a_log(2, 3)
    log.open()
    assert compare(log).waiting == 1


def test_what_was_written_just_now_may_be_on_its_way() -> None:
    log = a_log(2, 3)
    session = log.story.request()
    now = log.story.now
    assert not compare_stores(log, since=NOON, until=now, now=now).faults
    assert f"record 1 of {session.session_id}: in the table, not in the log group" in (
        compare(log).faults
    )


def session_of(log: Log) -> str:
    return sorted(log.story.store.sessions)[1]


def changed(line: str) -> str:
    return canonical_json(json.loads(line) | {"outcome": "failure"})


def no_line(log: Log) -> None:
    log.lines.remove(log.archive.objects[session_of(log)][1])


def other_line(log: Log) -> None:
    at = log.lines.index(log.archive.objects[session_of(log)][1])
    log.lines[at] = changed(log.lines[at])


def no_object(log: Log) -> None:
    del log.archive.objects[session_of(log)][1]


def other_object(log: Log) -> None:
    lines = log.archive.objects[session_of(log)]
    lines[1] = changed(lines[1])


def no_item(log: Log) -> None:
    del log.story.store.trails[session_of(log)][-1]


def other_item(log: Log) -> None:
    trail = log.story.store.trails[session_of(log)]
    trail[1] = dict(trail[1]) | {"outcome": "failure"}


def no_lone_item(log: Log) -> None:
    log.lone.clear()


def no_lone_object(log: Log) -> None:
    for event_id in log.lone:
        del log.archive.objects[event_id]


@pytest.mark.parametrize(
    "harm",
    [
        no_line,
        other_line,
        no_object,
        other_object,
        no_item,
        other_item,
        no_lone_item,
        no_lone_object,
    ],
    ids=lambda harm: harm.__name__,
)
def test_each_difference_is_named_with_its_record(harm: Callable[[Log], None]) -> None:
    log = a_log(3, 3)
    harm(log)
    faults = compare(log).faults
    assert faults
    assert all("record" in fault for fault in faults)
