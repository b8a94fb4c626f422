"""`pam revoke` of all that a person or a resource has open, and what a block ended beside."""

import json
from typing import Any

import pytest

from tests.cli.fake_api import ALICE, BLOCK, SESSION_ID, Answer, Asked, FakeApi, Pam, active
from tests.cli.fake_sessions import asked_for, asked_of, lists

ACTIVE = active()
OPEN = {name: ACTIVE[name] for name in ("status", "approvals", "activated_at", "expires_at")}
CALL = "POST /pam/revoke"
WHY = ["--reason", "stolen laptop"]


def revokes(fake: FakeApi, *documents: dict[str, Any], refused: str = "") -> None:
    """As the API does: each is closed from then on. `refused` is the one whose target is down."""
    now = {each["session_id"]: dict(each) for each in documents}

    def show() -> None:
        lists(fake, *now.values())

    def revoke(asked: Asked) -> dict[str, Any] | Answer:
        session_id = asked.body["session_id"]
        if session_id == refused:
            problem = {"code": "ISSUER_UNAVAILABLE", "detail": "the target did not answer"}
            return Answer(503, problem)
        now[session_id] |= {"status": "REVOKED", "end_reason": asked.body["reason"]}
        show()
        return now[session_id]

    show()
    fake.on(CALL, revoke)


def revoked(fake: FakeApi) -> list[str]:
    return sorted(asked.body["session_id"] for asked in fake.calls(CALL))


BY = {
    "a person's": (["--person", "dave"], ("daves", "daves other")),
    "a person's, by a principal": (
        ["--person", ALICE.replace("alice", "dave")],
        ("daves", "daves other"),
    ),
    "a resource's": (["--resource", "core-ledger-admin"], ("daves", "alices")),
}


@pytest.mark.parametrize("case", BY)
def test_all_that_is_open_is_taken_away_and_nothing_else(
    fake: FakeApi, pam: Pam, case: str
) -> None:
    sessions = {
        "daves": asked_of("dave", 1, **OPEN),
        "daves other": asked_of("dave", 2, resource="core-sandbox-admin"),
        "alices": asked_for(3, status="APPROVED"),
        "over": asked_of("dave", 4, status="EXPIRED"),
    }
    revokes(fake, *sessions.values())
    arguments, meant = BY[case]
    result = pam("revoke", *arguments, *WHY)
    assert result.exit_code == 0, result.stderr
    ids = sorted(sessions[name]["session_id"] for name in meant)
    assert revoked(fake) == ids
    assert all(asked.body["reason"] == "stolen laptop" for asked in fake.calls(CALL))
    for each in ids:
        assert f"{each}: " in result.stdout


@pytest.mark.parametrize("as_json", [False, True])
def test_a_dry_run_shows_them_and_changes_nothing(fake: FakeApi, pam: Pam, as_json: bool) -> None:
    both = asked_of("dave", 1, **OPEN), asked_of("dave", 2)
    revokes(fake, *both)
    result = pam("revoke", "--person", "dave", *WHY, "--dry-run", *["--json"] * as_json)
    assert result.exit_code == 0
    assert all(asked.method == "GET" for asked in fake.asked)
    for each in both:
        assert each["session_id"] in result.stdout
    if as_json:
        assert json.loads(result.stdout)["dry_run"] is True


def test_a_dry_run_of_one_changes_nothing(fake: FakeApi, pam: Pam) -> None:
    lists(fake, active())
    result = pam("revoke", SESSION_ID, *WHY, "--block", "24h", "--dry-run")
    assert result.exit_code == 0
    assert "it would be taken away, and the requester would be blocked for 24h" in result.stdout
    assert not fake.calls(CALL)


def test_one_that_fails_stops_no_other_and_is_said(fake: FakeApi, pam: Pam) -> None:
    sessions = [asked_of("dave", number, **OPEN) for number in range(1, 6)]
    bad = sessions[2]["session_id"]
    revokes(fake, *sessions, refused=bad)
    result = pam("revoke", "--person", "dave", *WHY, "--json")
    assert result.exit_code == 5
    document = json.loads(result.stdout)
    assert len(document["items"]) == 4
    assert [each["session_id"] for each in document["failed"]] == [bad]
    assert set(revoked(fake)) == {each["session_id"] for each in sessions}
    assert result.stderr.splitlines()[-1].startswith("1 of 5 not done: ")


def test_what_is_asked_for_meanwhile_is_taken_away_too(fake: FakeApi, pam: Pam) -> None:
    first, late = asked_of("dave", 2), asked_of("dave", 1)
    lists(fake, first)

    def revoke(asked: Asked) -> dict[str, Any]:
        lists(fake, late)
        return active(session_id=asked.body["session_id"], status="REVOKED")

    fake.on(CALL, revoke)
    assert pam("revoke", "--person", "dave", *WHY).exit_code == 0
    assert revoked(fake) == sorted([first["session_id"], late["session_id"]])


def test_one_that_becomes_access_while_it_is_looked_for_is_found(fake: FakeApi, pam: Pam) -> None:
    moving = asked_of("dave", 1)
    read: list[str] = []

    def listed(asked: Asked) -> dict[str, Any]:
        status = asked.query["status"]
        # It moves on between any two looks, and is seen where it is.
        there = {0: "PENDING_APPROVAL", 1: "APPROVED", 2: "ACTIVATING"}.get(len(read), "ACTIVE")
        read.append(status)
        items = [moving | {"status": there}] if status == there else []
        return {"items": items, "cursor": None}

    fake.on("GET /pam/sessions", listed)
    fake.on(CALL, moving | {"status": "REVOKED"})
    assert pam("revoke", "--person", "dave", *WHY).exit_code == 0
    assert revoked(fake) == [moving["session_id"]]


def test_what_is_over_already_is_no_failure(fake: FakeApi, pam: Pam) -> None:
    one = asked_of("dave", 2, **OPEN)
    lists(fake, one)
    fake.refuses(CALL, 409, "CONFLICT", "it is over")
    fake.on(f"GET /pam/sessions/{one['session_id']}", {**one, "status": "ENDED"})
    result = pam("revoke", "--person", "dave", *WHY)
    assert result.exit_code == 0, result.stderr
    assert f"{one['session_id']}: core-ledger-admin is ENDED" in result.stdout


def test_where_nothing_is_open_that_is_said(fake: FakeApi, pam: Pam) -> None:
    lists(fake, asked_of("dave", status="EXPIRED"))
    result = pam("revoke", "--person", "dave", *WHY)
    assert result.exit_code == 4
    assert "no open session of dave that you may see" in result.stderr


@pytest.mark.parametrize("answer", ["y\n", "n\n"])
def test_at_a_terminal_it_asks_once(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr("cli.terminal.is_terminal", lambda: True)
    both = asked_of("dave", 1, **OPEN), asked_of("dave", 2)
    revokes(fake, *both)
    result = pam("revoke", "--person", "dave", *WHY, typed=answer)
    assert result.stderr.count("Take away 2 sessions of dave?") == 1
    for each in both:
        assert each["session_id"] in result.stderr
    assert len(revoked(fake)) == (2 if answer == "y\n" else 0)


@pytest.mark.parametrize(("block", "question"), [
    (["--block", "24h"], "dave has nothing open. Block dave for 24h? [y/N]"),
    (["--block-until-lifted"], "dave has nothing open. Block dave until that is lifted? [y/N]"),
])  # fmt: skip
def test_who_has_nothing_open_is_asked_about_for_the_block_alone(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, block: list[str], question: str
) -> None:
    monkeypatch.setattr("cli.terminal.is_terminal", lambda: True)
    lists(fake)
    result = pam("revoke", "--person", "dave", *WHY, *block, typed="n\n")
    assert question in result.stderr
    assert {asked.method for asked in fake.asked} == {"GET"}


@pytest.mark.parametrize("words", [["--dry-run"], []])
def test_who_is_misspelt_is_told_before_anybody_is_blocked(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """In a dry run, and at a terminal before the question."""
    monkeypatch.setattr("cli.terminal.is_terminal", lambda: not words)
    lists(fake, asked_of("dave", 1, **OPEN))
    result = pam("revoke", "--person", "dvae", *WHY, "--block", "24h", *words, typed="n\n")
    assert result.stderr.startswith("did you mean dave?\n")
    assert {asked.method for asked in fake.asked} == {"GET"}
    if words:
        assert result.stdout == ("a dry run: dvae has nothing open, and would be blocked for 24h\n")


@pytest.mark.parametrize("arguments", [
    [SESSION_ID, "--person", "dave"], [SESSION_ID, "--resource", "x"],
    ["--person", "dave", "--resource", "x"],
    ["--person", "dave", "--block", "1h", "--block-until-lifted"],
    ["--person", "dave", "--this-resource-only"],
])  # fmt: skip
def test_what_excludes_each_other_is_wrong_usage(
    fake: FakeApi, pam: Pam, arguments: list[str]
) -> None:
    assert pam("revoke", *arguments, *WHY).exit_code == 2
    assert fake.asked == []


@pytest.mark.parametrize("found", [0, 2])
def test_a_person_is_blocked_in_one_call_whatever_they_have(
    fake: FakeApi, pam: Pam, found: int
) -> None:
    sessions = [asked_of("dave", number, **OPEN) for number in range(1, found + 1)]
    lists(fake, *sessions)

    def block(_: Asked) -> dict[str, Any]:
        lists(fake, *({**each, "status": "REVOKED"} for each in sessions))
        return {
            "person": "dave",
            "principals": [],
            "ended": [each["session_id"] for each in sessions],
            "items": [BLOCK | {"person": "dave", "until": "2126-11-21T01:00:00.000Z"}],
        }

    fake.on("POST /pam/block", block)
    result = pam("revoke", "--person", "dave", "--block", "24h", *WHY)
    assert result.exit_code == 0, result.stderr
    body = {"person": "dave", "reason": "stolen laptop", "seconds": 86400}
    assert fake.calls("POST /pam/block")[0].body == body
    assert not fake.calls(CALL)
    assert result.stdout.count("is REVOKED") == found
    assert "dave is blocked until 2126-11-21 01:00:00 UTC" in result.stdout


def test_a_block_that_fails_keeps_nobodys_access(fake: FakeApi, pam: Pam) -> None:
    one = asked_of("dave", 2, **OPEN)
    revokes(fake, one)
    fake.refuses("POST /pam/block", 409, "CONFLICT", "another operator is blocked")
    result = pam("revoke", "--person", "dave", "--block", "24h", *WHY)
    assert result.exit_code == 3
    assert revoked(fake) == [one["session_id"]]
    assert "dave: CONFLICT: another operator is blocked" in result.stderr


def test_a_revocation_tells_the_block_and_what_it_ended_beside(fake: FakeApi, pam: Pam) -> None:
    end = {"status": "REVOKED", "end_reason": "stolen laptop"}
    named = asked_for(4, ended_at="2026-11-20T01:00:00.100Z", **end)
    beside = asked_for(3, ended_at="2026-11-20T01:00:00.200Z", **end)
    before = asked_for(2, ended_at="2026-11-20T00:00:00.000Z", **end)
    otherwise = asked_for(1, status="EXPIRED", ended_at="2026-11-20T01:00:01.000Z")
    lists(fake, named, beside, before, otherwise)
    fake.on(CALL, named)
    made = BLOCK | {"reason": "stolen laptop", "until": "2126-11-21T01:00:00.000Z"}
    older = BLOCK | {"person": "not alice", "reason": "another"}
    fake.on("GET /pam/blocklist", {"items": [older, made]})
    result = pam("revoke", named["session_id"], "--block", "24h", *WHY)
    assert result.exit_code == 0, result.stderr
    assert "alice is blocked until 2126-11-21 01:00:00 UTC" in result.stdout
    assert f"ended with it: {beside['session_id']}" in result.stdout
    assert before["session_id"] not in result.stdout
    assert otherwise["session_id"] not in result.stdout
    assert "not alice" not in result.stdout


def test_a_block_that_cannot_be_read_back_was_made_all_the_same(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, active(status="REVOKED"))
    fake.refuses("GET /pam/blocklist", 503, "ISSUER_UNAVAILABLE", "later")
    result = pam("revoke", SESSION_ID, "--block-until-lifted", *WHY)
    assert result.exit_code == 0
    assert "blocked; what else it ended could not be read" in result.stdout


def test_a_misspelt_person_who_is_to_be_blocked_is_told_in_the_words_of_the_command(
    fake: FakeApi, pam: Pam
) -> None:
    fake.on("GET /pam/sessions", {"items": [], "cursor": None})
    fake.on("GET /pam/blocklist", {"items": [BLOCK]})
    message = "PAM has never seen this person; with `unseen` they are blocked anyway"
    errors = [{"field": "person", "message": message}]
    fake.refuses("POST /pam/block", 400, "VALIDATION", f"person: {message}", errors=errors)
    result = pam("revoke", "--person", "alcie", *WHY, "--block", "24h")
    assert result.exit_code == 2
    assert result.stderr == (
        "alcie: VALIDATION: --person alcie: PAM has never seen this person; with "
        "`pam block alcie --unseen` they are blocked anyway; did you mean alice?\n"
        "1 of 1 not done: alcie\n"
    )


@pytest.mark.parametrize("as_json", [False, True])
def test_what_was_taken_away_is_told_though_nobody_says_what_came_meanwhile(
    fake: FakeApi, pam: Pam, as_json: bool
) -> None:
    one = asked_of("dave", 1, **OPEN)
    lists(fake, one)

    def revoke(_: Asked) -> dict[str, Any]:
        fake.refuses("GET /pam/sessions", 503, "ISSUER_UNAVAILABLE", "later")
        return one | {"status": "REVOKED"}

    fake.on(CALL, revoke)
    result = pam("revoke", "--person", "dave", *WHY, *["--json"] * as_json)
    assert result.exit_code == 5
    assert result.stderr.splitlines()[-1] == "ISSUER_UNAVAILABLE: later"
    if as_json:
        (item,) = json.loads(result.stdout)["items"]
        assert item["status"] == "REVOKED"
    else:
        assert f"{one['session_id']}: core-ledger-admin is REVOKED" in result.stdout
