"""A source that fails says nothing: its signal is unknown, and never a word it might have said."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from pam.domain import circumstances
from pam.domain.circumstances import NONE, SIGNALS, UNKNOWN
from tests.fakes.story import PLAIN

WORDS = frozenset({"low", "high"})


@pytest.fixture(autouse=True)
def risk(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more signal: a row, and nothing else."""
    rows = MappingProxyType({**SIGNALS, "risk": WORDS})
    monkeypatch.setattr(circumstances, "SIGNALS", rows)


def fails() -> str:
    raise TimeoutError


@pytest.mark.parametrize("word", sorted(WORDS))
def test_a_signal_is_what_its_source_said(word: str) -> None:
    asked = PLAIN.asked("risk", lambda: word)
    assert asked.signal("risk") == word
    assert asked.unknown == frozenset()


@pytest.mark.parametrize(
    "source",
    [fails, lambda: "", lambda: "LOW", lambda: "medium", lambda: NONE, lambda: UNKNOWN],
    ids=["it fails", "nothing", "another case", "no word of its row", "that there is none", "so"],
)
def test_whatever_else_a_source_does_its_signal_is_unknown(source: object) -> None:
    assert callable(source)
    asked = PLAIN.asked("risk", source)
    assert asked.signal("risk") == UNKNOWN
    assert asked.unknown == {"risk"}


def test_where_there_is_no_source_there_is_no_signal_and_nothing_is_unknown() -> None:
    assert PLAIN.signal("risk") == NONE
    assert PLAIN.unknown == frozenset()


def test_a_stored_word_that_this_version_does_not_know_is_unknown() -> None:
    later = replace(PLAIN, signals={"risk": "critical", "of a later version": "yes"})
    assert later.signal("risk") == UNKNOWN
    assert later.unknown == {"risk"}


@pytest.mark.parametrize(
    ("ticket", "checked", "word"),
    [
        ("", {}, NONE),
        ("INC-1", {}, "named"),
        ("INC-1", {"ticket": UNKNOWN}, UNKNOWN),
        ("unknown", {}, "named"),
    ],
)
def test_a_ticket_is_named_until_a_source_says_more_of_it(
    ticket: str, checked: dict[str, str], word: str
) -> None:
    assert replace(PLAIN, ticket=ticket, signals=checked).signal("ticket") == word


def test_a_signal_without_a_row_cannot_be_asked_for() -> None:
    with pytest.raises(KeyError):
        PLAIN.asked("weather", lambda: "fine")
    with pytest.raises(KeyError):
        PLAIN.signal("weather")
