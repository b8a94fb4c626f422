"""Which sessions `pam list` asks for, page after page, and the forms it gives them."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from cli import clock, listing
from cli.text import inert
from cli.watch_list import _Following as Following
from tests.cli.fake_api import ALICE, SESSION_ID, Answer, FakeApi, Pam, active, session

pytestmark = pytest.mark.usefixtures("given")
EMPTY: dict[str, Any] = {"items": [], "cursor": None}
OPEN = {"PENDING_APPROVAL", "APPROVED", "ACTIVATING", "ACTIVE", "REVOKING"}
STATUSES: dict[tuple[str, ...], set[str]] = {
    ("--status", "pending"): {"PENDING_APPROVAL"},
    ("--status", "pending_approval"): {"PENDING_APPROVAL"},
    ("--status", "ACTIVE"): {"ACTIVE"},
    ("--status", "active,Denied"): {"ACTIVE", "DENIED"},
    ("--status", "active, active"): {"ACTIVE"},
    ("--active",): {"ACTIVE"},
    ("--open",): OPEN,
    ("--open", "--status", "denied"): OPEN | {"DENIED"},
}


def _ids(number: int, *, first: int = 0) -> list[dict[str, Any]]:
    return [session(session_id=f"01JD8XGZ6Q3M4V5N6P7R{9999 - n:06}") for n in range(first, number)]


@pytest.mark.parametrize("options", STATUSES)
def test_states_have_short_names_and_may_be_several(
    fake: FakeApi, pam: Pam, options: tuple[str, ...]
) -> None:
    fake.on("GET /pam/sessions", EMPTY)
    assert pam("list", *options).exit_code == 0
    assert {asked.query["status"] for asked in fake.asked} == STATUSES[options]
    assert len(fake.asked) == len(STATUSES[options])


def test_a_misspelt_state_gets_a_suggestion(fake: FakeApi, pam: Pam) -> None:
    result = pam("list", "--status", "pendign")
    assert (result.exit_code, fake.asked) == (2, [])
    assert "did you mean pending" in result.stderr


def test_several_states_are_one_list_newest_first(fake: FakeApi, pam: Pam) -> None:
    older, newer = _ids(2)[1], _ids(2)[0]
    fake.on("GET /pam/sessions", {"items": [older]}, {"items": [newer, older]})
    words = ("list", "--status", "active,pending")
    document = json.loads(pam(*words, "--json").stdout)
    assert document == {"items": [newer, older], "cursor": None, "more": False}
    fake.on("GET /pam/sessions", {"items": [older], "cursor": "x"}, {"items": [newer]})
    document = json.loads(pam(*words, "--limit", "1", "--json").stdout)
    assert document == {"items": [newer], "cursor": None, "more": True}


def test_the_pages_are_followed_up_to_the_limit(fake: FakeApi, pam: Pam) -> None:
    pages = [
        {"items": _ids(100), "cursor": "one"},
        {"items": _ids(120, first=100), "cursor": "two"},
    ]
    fake.on("GET /pam/sessions", *pages)
    document = json.loads(pam("list", "--limit", "120", "--json").stdout)
    assert [asked.query for asked in fake.asked] == [
        {"limit": "100"},
        {"limit": "20", "cursor": "one"},
    ]
    assert document == {"items": _ids(120), "cursor": "two"}


def test_all_is_every_page(fake: FakeApi, pam: Pam) -> None:
    pages = [
        {"items": _ids(n + 1, first=n), "cursor": f"c{n}" if n < 4 else None} for n in range(5)
    ]
    fake.on("GET /pam/sessions", *pages)
    assert pam("list", "--all", "-o", "name").stdout.split() == [
        item["session_id"] for item in _ids(5)
    ]


def test_a_cursor_that_goes_round_ends_in_a_failure(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/sessions", {"items": _ids(1), "cursor": "round"})
    result = pam("list", "--all")
    assert result.exit_code == 1
    assert "again and again" in result.stderr
    assert len(fake.asked) == 2


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("24h", "2026-11-19T12:00:00.000Z"),
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T09:15Z", "2026-01-31T09:15:00.000Z"),
        ("2026-01-31T09:15+02:00", "2026-01-31T07:15:00.000Z"),
    ],
)
def test_since_is_a_time_or_an_age(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, typed: str, sent: str
) -> None:
    now = clock.parse("2026-11-20T12:00:00.000Z")
    monkeypatch.setattr(clock, "now", lambda: now)
    fake.on("GET /pam/sessions", EMPTY)
    pam("list", "--since", typed)
    assert fake.asked[0].query == {"since": sent}


@pytest.mark.parametrize(
    "options",
    [
        ("--since", "yesterday"),
        ("--limit", "0"),
        ("--watch", "--json"),
        ("--watch", "-o", "csv"),
        ("--stuck", "--mine"),
        ("--stuck", "--active"),
        ("--stuck", "--cursor", "x"),
        ("--open", "--cursor", "x"),
        ("-o", "yaml"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(
    fake: FakeApi, pam: Pam, options: tuple[str, ...]
) -> None:
    assert pam("list", *options).exit_code == 2
    assert fake.asked == []


HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\uff1d1")


def test_a_spreadsheet_runs_nothing_that_people_wrote(fake: FakeApi, pam: Pam) -> None:
    items = [session(reason=text, ticket='a "b", c') for text in HOSTILE]
    fake.on("GET /pam/sessions", {"items": items, "cursor": None})
    lines = list(csv.DictReader(io.StringIO(pam("list", "-o", "csv").stdout)))
    assert [line["session_id"] for line in lines] == [SESSION_ID] * len(HOSTILE)
    for line in lines:
        assert line["reason"].startswith("'")
        assert line["ticket"] == 'a "b", c'
        assert (line["break_glass"], line["ended_at"]) == ("false", "")
        assert line["requester"] == ALICE


@pytest.mark.parametrize("text", ["ledger is stuck", "a=b", "x-y", "", "7"])
def test_harmless_values_stay_as_they_are(text: str) -> None:
    assert inert(text) == text


def test_names_are_ids_and_nothing_else(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/sessions", {"items": [session(), active()], "cursor": "more"})
    result = pam("list", "-o", "name")
    assert result.stdout == f"{SESSION_ID}\n{SESSION_ID}\n"
    assert "--cursor more" in result.stderr


def test_output_json_is_the_same_as_json(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/sessions", {"items": [session()], "cursor": None})
    assert pam("list", "-o", "json").stdout == pam("list", "--json").stdout


@pytest.mark.parametrize("form", ["name", "csv", "json"])
def test_an_inbox_has_the_same_forms(fake: FakeApi, pam: Pam, form: str) -> None:
    document = {"votes": [session()], "reviews": [active(reason="=1")], "confirmations": []}
    fake.on("GET /pam/inbox", document)
    shown = pam("inbox", "-o", form).stdout
    if form == "name":
        assert shown == f"{SESSION_ID}\n{SESSION_ID}\n"
    elif form == "json":
        assert json.loads(shown) == document
    else:
        lines = list(csv.DictReader(io.StringIO(shown)))
        assert [line["waits_in"] for line in lines] == ["votes", "reviews"]
        assert lines[1]["reason"] == "'=1"


@pytest.mark.parametrize("text", ["a;=1+1", 'a;"=1', "a; @SUM(A1)", "\u22121+1", " =1", "\t=1"])
def test_no_part_of_a_list_is_a_formula(fake: FakeApi, pam: Pam, text: str) -> None:
    """Spreadsheets of many languages begin a cell behind a semicolon."""
    fake.on("GET /pam/sessions", {"items": [session(reason=text)], "cursor": None})
    (line,) = csv.DictReader(io.StringIO(pam("list", "-o", "csv").stdout))
    for part in line["reason"].split(";"):
        assert not part.lstrip(' "').startswith(("=", "@", "\u2212"))


def test_beginnings_are_unique_among_the_others_and_long_enough() -> None:
    ids = ["01M7XKKX57AAAA", "01M7XKKX57AAAB", "01M7XKKX58AAAA"]
    assert listing.beginnings(ids) == {
        "01M7XKKX57AAAA": "01M7XKKX57AAAA",
        "01M7XKKX57AAAB": "01M7XKKX57AAAB",
        "01M7XKKX58AAAA": "01M7XKKX58",
    }
    assert listing.beginnings(["short"]) == {"short": "short"}


def test_a_list_is_followed_until_it_cannot_be_read_any_more(fake: FakeApi, pam: Pam) -> None:
    first, then = [session()], [active(), session(session_id="01JD8XGZ6Q3M4V5N6P7R8S9T0Z")]
    gone = {"code": "NOT_ELIGIBLE", "detail": "no more"}
    fake.on(
        "GET /pam/sessions",
        {"items": first, "cursor": None},
        {"items": first, "cursor": None},
        Answer(503, {"code": "ISSUER_UNAVAILABLE", "detail": "later"}, {"retry-after": "0"}),
        {"items": then, "cursor": None},
        Answer(403, gone),
    )
    result = pam("list", "--watch")
    assert result.exit_code == 3
    before, after = result.stdout.split("\n\n")
    assert "PENDING_APPROVAL" in before
    assert "ACTIVE" in after
    assert result.stdout.count("SESSION") == 2


def test_a_list_is_asked_for_again_no_sooner_than_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = clock.now() + timedelta(hours=1)
    asked: list[int] = []

    def look() -> dict[str, Any]:
        asked.append(1)
        return {"items": [active(expires_at=soon.isoformat())]}

    monkeypatch.setattr("cli.polling.LONGEST", 1000.0)
    following = Following(look)
    for _ in range(3):
        following.newest()
    assert asked == [1]
