"""Durations, instants, ids and the hash chain."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.domain import durations, timestamps
from pam.domain.audit_record import Record, canonical_json, hash_of
from pam.domain.ids import is_ulid
from pam.ids import id_of_execution, new_id
from tests.fakes.story import NOON, Story

_INSTANTS = st.datetimes(
    timezones=st.just(UTC),
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9000, 1, 1),  # noqa: DTZ001
)


@given(st.integers(min_value=0, max_value=99_999))
def test_a_duration_reads_back_as_it_is_written(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    assert durations.parse(durations.render(length)) == length


@pytest.mark.parametrize(
    "text",
    ["", "5", "m", "1h 5m", "5m1h", "1.5h", "-5m", "5M", "1d", "\u0661h", "1h1h", "999999999s"],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        durations.parse(text)


@given(_INSTANTS)
def test_an_instant_reads_back_as_it_is_written_to_the_millisecond(instant: datetime) -> None:
    kept = timestamps.truncate(instant)
    assert timestamps.parse(timestamps.render(kept)) == kept
    assert timestamps.render(kept).endswith("Z")


def test_an_instant_of_another_zone_is_written_in_utc() -> None:
    instant = datetime(2026, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert timestamps.render(instant) == "2026-03-01T12:00:00.000Z"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        timestamps.parse("2026-03-01T12:00:00")


@given(_INSTANTS)
def test_whole_seconds_lie_on_the_safe_side(instant: datetime) -> None:
    before = timestamps.parse(timestamps.whole_second_at_or_before(instant))
    after = timestamps.parse(timestamps.whole_second_at_or_after(instant))
    assert before <= instant <= after
    assert after - before <= timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("01JD8XGZ6Q3M4V5N6P7R8S9T0A", True),
        ("01jd8xgz6q3m4v5n6p7r8s9t0a", False),
        ("01JD8XGZ6Q3M4V5N6P7R8S9T0", False),
        ("01JD8XGZ6Q3M4V5N6P7R8S9T0AA", False),
        ("81JD8XGZ6Q3M4V5N6P7R8S9T0A", False),
        ("01JD8XGZ6Q3M4V5N6P7R8S9T0I", False),
        ("01JD8XGZ6Q3M4V5N6P7R8S9T0A\n", False),
        ("", False),
    ],
)
def test_a_ulid_has_one_spelling(text: str, *, verdict: bool) -> None:
    assert is_ulid(text) is verdict


def test_ids_sort_by_time_and_an_executions_id_is_always_the_same() -> None:
    assert new_id(NOON) < new_id(NOON + timedelta(milliseconds=1))
    assert is_ulid(new_id(NOON))
    assert id_of_execution("arn:a", NOON) == id_of_execution("arn:a", NOON)
    assert id_of_execution("arn:a", NOON) != id_of_execution("arn:b", NOON)
    assert is_ulid(id_of_execution("arn:a", NOON))


def test_canonical_json_is_that_of_rfc_8785() -> None:
    value = {"b": '€\u0000\n"\\/', "a": [1, True, None], "é": {}}
    assert canonical_json(value) == '{"a":[1,true,null],"b":"€\\u0000\\n\\"\\\\/","é":{}}'


def test_canonical_json_takes_no_number_that_has_two_spellings() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        canonical_json({"x": float("nan")})


def _trail() -> list[Record]:
    story = Story()
    session = story.granted()
    story.lease(session.session_id)
    return story.store.records(session.session_id)


TRAIL = _trail()


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("name", sorted(set(TRAIL[0]) - {"hash"}))
def test_a_change_of_any_field_of_a_record_shows(name: str) -> None:
    for record in TRAIL:
        changed: dict[str, Any] = json.loads(json.dumps(record))
        changed[name] = "changed" if changed[name] != "changed" else "changed again"
        assert hash_of(changed) != record["hash"]


def test_a_record_survives_being_written_and_read() -> None:
    for record in TRAIL:
        assert hash_of(json.loads(canonical_json(record))) == record["hash"]
