"""Durations as people type them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import durations
from pam.domain import durations as domain
from tests.cli.fake_api import FakeApi, Pam, session

REQUEST = ("request", "core-ledger-admin", "--reason", "ledger is stuck since 02:00")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("15m", 900), ("1h", 3600), ("1h30m", 5400), ("1h2m3s", 3723), ("3600", 3600)],
)
def test_a_duration_is_read_as_it_is_written(text: str, seconds: int) -> None:
    assert durations.parse(text) == timedelta(seconds=seconds)


@given(st.integers(min_value=0, max_value=999_999))
def test_any_number_of_seconds_is_read_in_both_spellings(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    assert durations.parse(str(seconds)) == length
    assert durations.parse(domain.render(length)) == length


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        length = durations.parse(text)
    except ValueError:
        return
    assert length >= timedelta(0)
    assert length == timedelta(seconds=int(length.total_seconds()))
    assert text.isascii()


@pytest.mark.parametrize(
    "text", ["banana", "", "-5m", "1.5h", "30 m", "1m1h", "\u0663\u0660s", "1d", "5M"]
)
def test_what_is_no_duration_is_wrong_usage(fake: FakeApi, pam: Pam, text: str) -> None:
    result = pam(*REQUEST, f"--for={text}")
    assert result.exit_code == 2
    assert "30s, 15m or 1h30m" in result.stderr
    assert fake.asked == []


def test_how_long_is_too_long_is_for_the_api_to_say(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/request", session(), status=202)
    assert pam(*REQUEST, "--for", "0s").exit_code == 0
    assert pam(*REQUEST, "--for", "99h").exit_code == 0
    asked = fake.calls("POST /pam/request")
    assert [each.body["duration_seconds"] for each in asked] == [0, 356400]
