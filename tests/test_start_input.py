"""The schema of a direct start's input says what admission takes: no more, and no less."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from documents import start_input
from pam.domain.errors import Invalid
from pam.domain.free_text import line_of, visible
from pam.edge.bodies import StartInput
from pam.edge.reading import read_body
from pam.ids import new_id
from tests.fakes.story import NOON

SCHEMA = Draft202012Validator(start_input.schema())
LEAST = {"requester": "alice", "resource": "core-ledger-admin", "reason": "ledger stuck, see INC-1"}
FULL = LEAST | {
    "session_id": new_id(NOON),
    "duration_seconds": 3600,
    "ticket": "INC-1",
    "break_glass": False,
}


def admitted(start: object) -> bool:
    try:
        read_body(StartInput, start)
    except Invalid:
        return False
    return True


def has_fit_texts(start: dict[str, Any]) -> bool:
    """What a schema cannot say: characters that show as what they are, and enough to be seen."""
    texts = [start.get(name) for name in ("requester", "resource", "reason", "ticket")]
    try:
        for text in texts:
            line_of(text or "")
    except ValueError:
        return False
    return 10 <= visible(line_of(start["reason"])) <= 1000


A_NUMBER = st.integers(-2, 14_402) | st.sampled_from([14_400, 14_401, 0, 1]) | st.booleans()
A_TEXT = st.text(alphabet="ab \u200b\u3164é-1", max_size=14) | st.text(max_size=2)
LONG = st.sampled_from([0, 1, 9, 10, 63, 64, 100, 101, 1000, 1001, 2000, 2001, 2048, 2049]).map(
    lambda length: "x" * length
)
AN_ID = st.from_regex(r"[0-9A-Za-z]{25,27}", fullmatch=True) | st.just(FULL["session_id"])
ANY = st.none() | A_NUMBER | A_TEXT | st.just([]) | st.just({}) | st.just(0.5)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "session_id": AN_ID,
    "requester": A_TEXT | LONG,
    "resource": A_TEXT | LONG,
    "reason": A_TEXT | LONG,
    "duration_seconds": A_NUMBER,
    "ticket": A_TEXT | LONG,
    "break_glass": st.booleans(),
}
CHANGES = st.fixed_dictionaries(
    {}, optional={name: field | ANY for name, field in FIELDS.items()} | {"other": ANY}
)


@settings(max_examples=400, deadline=None)
@given(CHANGES, st.sets(st.sampled_from([*FULL]), max_size=2))
@example({"duration_seconds": True}, set())
@example({"reason": "\u200b" * 20}, set())
@example({"session_id": None, "duration_seconds": None}, set())
def test_schema_and_admission_judge_alike(changes: dict[str, Any], left_out: set[str]) -> None:
    start = {k: v for k, v in (FULL | changes).items() if k not in left_out or k in changes}
    if SCHEMA.is_valid(start):
        assert admitted(start) == has_fit_texts(start)
    else:
        assert not admitted(start)


REFUSED: dict[str, object] = {
    "not an object": ["alice"],
    "nothing": {},
    "a field that there is not": LEAST | {"approved": True},
    "a number as text": LEAST | {"duration_seconds": "3600"},
    "an emergency as text": LEAST | {"break_glass": "true"},
    "too long a time": LEAST | {"duration_seconds": 14_401},
    "no time": LEAST | {"duration_seconds": 0},
    "an id in lower case": LEAST | {"session_id": str(FULL["session_id"]).lower()},
    "too short a reason": LEAST | {"reason": "stuck"},
}


@pytest.mark.parametrize("start", [LEAST, FULL], ids=["the least", "every field"])
def test_what_a_runbook_says_is_allowed_by_both(start: dict[str, Any]) -> None:
    assert SCHEMA.is_valid(start)
    assert admitted(start)


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_wrong_is_refused_by_both(what: str) -> None:
    assert not SCHEMA.is_valid(REFUSED[what])
    assert not admitted(REFUSED[what])


def test_what_is_too_short_is_said_in_plain_words() -> None:
    with pytest.raises(Invalid) as refused:
        read_body(StartInput, LEAST | {"resource": "", "reason": "no"})
    assert str(refused.value) == (
        "resource: must not be empty; reason: must have at least 10 characters"
    )


@pytest.mark.parametrize("name", ["requester", "resource"])
@pytest.mark.parametrize("blank", [" ", "\u00a0\u2003"])
def test_what_is_nothing_but_spaces_is_empty(name: str, blank: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_body(StartInput, LEAST | {name: blank})
    assert str(refused.value) == f"{name}: must not be empty"


def test_the_schema_is_current() -> None:
    kept = start_input.FILE.read_text(encoding="utf-8")
    assert kept == start_input.render(), "run: make documents"
    assert json.loads(kept)["$schema"].startswith("https://json-schema.org/")
