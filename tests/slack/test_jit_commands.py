"""What may be typed behind `/jit`, and what is refused in a sentence."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.slack import answers
from pam.slack.commands import (
    AdminStatus,
    Ask,
    End,
    Help,
    Link,
    ListMine,
    Misunderstood,
    OpenForm,
    ShowSession,
    Words,
    parse,
)
from tests.slack.payloads import SESSION
from tests.slack.reading import text

HALF_AN_HOUR = timedelta(minutes=30)
UNDERSTOOD: dict[str, Words] = {
    "": OpenForm(),
    "   ": OpenForm(),
    "core-ledger-admin": OpenForm(resource="core-ledger-admin"),
    "core-ledger-admin 30m": OpenForm(resource="core-ledger-admin", duration=HALF_AN_HOUR),
    "core-ledger-admin 30m the ledger is stuck": Ask(
        resource="core-ledger-admin", duration=HALF_AN_HOUR, reason="the ledger is stuck"
    ),
    "Core-Ledger-Admin  30M   two  spaces stay": Ask(
        resource="core-ledger-admin", duration=HALF_AN_HOUR, reason="two  spaces stay"
    ),
    "core-ledger-admin 30m a &lt; b &amp;&amp; c &gt; d": Ask(
        resource="core-ledger-admin", duration=HALF_AN_HOUR, reason="a < b && c > d"
    ),
    "core-ledger-admin 30m typed &amp;lt; as such": Ask(
        resource="core-ledger-admin", duration=HALF_AN_HOUR, reason="typed &lt; as such"
    ),
    "core-ledger-admin 30m asked by <@U2|bob> in INC-1": Ask(
        resource="core-ledger-admin",
        duration=HALF_AN_HOUR,
        reason="asked by <@U2|bob> in INC-1",
    ),
    "status": ListMine(),
    "mine": ListMine(),
    "MINE": ListMine(),
    f"status {SESSION}": ShowSession(session_id=SESSION),
    f"end {SESSION}": End(session_id=SESSION),
    f"end `{SESSION.lower()}`": End(session_id=SESSION),
    "link": Link(),
    "admin-status": AdminStatus(),
    "help": Help(),
}


@pytest.mark.parametrize("typed", UNDERSTOOD)
def test_what_is_typed_is_understood(typed: str) -> None:
    assert parse(typed) == UNDERSTOOD[typed]


@pytest.mark.parametrize(
    "typed",
    [
        "for @bob",
        "FOR bob core-ledger-admin",
        "@bob",
        "@bob core-ledger-admin 30m please",
        "<@U012AB3CD|bob> core-ledger-admin 30m",
        "&lt;@U012AB3CD&gt; core-ledger-admin",
        "core-ledger-admin for @bob 30m",
        "core-ledger-admin @bob",
        "core-ledger-admin 30m for @bob please",
        "core-ledger-admin 30m <@U012AB3CD|bob> needs it",
        "<!subteam^S1|@dba> 30m",
        "mine @bob",
        "link <@U012AB3CD|bob>",
    ],
)
def test_nobody_asks_for_somebody_else(typed: str) -> None:
    refused = parse(typed)
    assert isinstance(refused, Misunderstood)
    assert "for you alone" in refused.sentence


@pytest.mark.parametrize(
    "typed",
    [
        "core-ledger-admin soon",
        "core-ledger-admin 30 minutes please",
        "core-ledger-admin because the ledger is stuck",
        "core_ledger",
        "https://evil.example 30m x",
        "*core-ledger-admin* 30m x",
        "end",
        "end it",
        f"end {SESSION} now",
        "end last",
        "status core-ledger-admin",
        "mine too",
        "link ABCDEF",
        "help me",
        "x" * 64,
    ],
)
def test_what_is_not_understood_does_nothing_and_says_why(typed: str) -> None:
    refused = parse(typed)
    assert isinstance(refused, Misunderstood)
    assert refused.sentence.endswith(".")
    assert not {word for word in typed.split() if len(word) > 5 and word in refused.sentence}


def test_help_names_each_word_under_the_name_that_was_typed() -> None:
    told = text(answers.help_text("/request-admin"))
    for word in ("status", "mine", "end", "link", "admin-status", "help"):
        assert f"/request-admin {word}" in told
        assert not isinstance(parse(f"{word} {SESSION}" if word == "end" else word), Misunderstood)
    assert "/jit" not in told


@given(st.text(st.characters(codec=None) | st.sampled_from("@<>& mh0123456789")))
def test_anything_typed_is_understood_or_refused(typed: str) -> None:
    assert isinstance(parse(typed), Words)
    assert isinstance(parse(f"core-ledger-admin 30m {typed}"), Words)
