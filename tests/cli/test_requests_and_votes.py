"""Asking, voting and ending: what is sent, what is shown, and how it exits."""

import json
import re
from typing import Any

import pytest

from tests.cli.fake_api import SESSION_ID, Answer, FakeApi, Pam, active, approvals, session

REASON = "ledger is stuck since 02:00"


def test_a_request_sends_exactly_what_was_said(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/request", session(), status=202)
    result = pam(
        "request", "core-ledger-admin", "--reason", REASON, "--for", "30m", "--ticket", "INC-1"
    )
    assert result.exit_code == 0, result.stderr
    assert fake.calls("POST /pam/request")[0].body == {
        "resource": "core-ledger-admin",
        "reason": REASON,
        "duration_seconds": 1800,
        "ticket": "INC-1",
    }


def test_what_was_not_said_is_not_sent(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/request", session(), status=202)
    pam("request", "core-ledger-admin", "--reason", REASON)
    body = {"resource": "core-ledger-admin", "reason": REASON}
    assert fake.calls("POST /pam/request")[0].body == body


def test_break_glass_is_sent_only_when_asked_for(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/request", session(break_glass=True), status=202)
    pam("request", "core-ledger-admin", "--reason", REASON, "--break-glass")
    assert fake.calls("POST /pam/request")[0].body["break_glass"] is True


def test_a_request_tells_who_must_do_what_next(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/request", session(), status=202)
    result = pam("request", "core-ledger-admin", "--reason", REASON)
    assert "waiting for 2 approvals (0 so far)" in result.stdout
    assert f"an approver runs: pam approve {SESSION_ID}" in result.stdout


def test_a_request_says_for_how_long_it_was_taken(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/request", session(duration_seconds=5), status=202)
    result = pam("request", "core-ledger-admin", "--reason", REASON, "--for", "5")
    assert "is PENDING_APPROVAL, for 5s\n" in result.stdout


def test_a_request_across_domains_says_whose_approval_is_missing(fake: FakeApi, pam: Pam) -> None:
    votes = approvals(required=3, domain_required=1)
    fake.on("POST /pam/request", session(domain="bank-kyc", approvals=votes), status=202)
    result = pam("request", "kyc-documents-read", "--reason", REASON)
    assert "at least 1 by an approver of bank-kyc" in result.stdout


def test_each_request_carries_an_idempotency_key_of_its_own(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/request", session(), status=202)
    for _ in range(2):
        pam("request", "core-ledger-admin", "--reason", REASON)
    keys = {asked.headers["idempotency-key"] for asked in fake.calls("POST /pam/request")}
    assert len(keys) == 2


def test_waiting_ends_when_the_access_is_there(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/request", session(), status=202)
    fake.on(
        f"GET /pam/sessions/{SESSION_ID}",
        session(),
        session(approvals=approvals("approve")),
        session(status="ACTIVATING", approvals=approvals("approve", "approve")),
        active(),
    )
    result = pam("request", "core-ledger-admin", "--reason", REASON, "--wait")
    assert result.exit_code == 0, result.stderr
    assert "waiting for 2 more approvals" in result.stderr
    assert "waiting for 1 more approval (approver-1 approved)" in result.stderr
    assert "core-ledger-admin is ACTIVE" in result.stdout
    assert f"pam exec {SESSION_ID} -- CMD" in result.stdout


@pytest.mark.parametrize("status", ["DENIED", "WITHDRAWN", "UNANSWERED", "FAILED", "REVOKED"])
def test_waiting_fails_when_the_request_closes_without_access(
    fake: FakeApi, pam: Pam, status: str
) -> None:
    closed = session(status=status, end_reason="not tonight")
    fake.on("POST /pam/request", session(), status=202)
    fake.on(f"GET /pam/sessions/{SESSION_ID}", closed)
    result = pam("request", "core-ledger-admin", "--reason", REASON, "--wait", "--json")
    assert result.exit_code == (6 if status == "UNANSWERED" else 3)
    assert json.loads(result.stdout) == closed
    last = result.stderr.splitlines()[-1]
    assert f"is {status}: not tonight; no access was given" in last


def test_waiting_survives_a_spell_of_failing_polls(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/request", session(), status=202)
    broken = [Answer(502, b"<html>", {"content-type": "text/html"})] * 8
    fake.on(f"GET /pam/sessions/{SESSION_ID}", *broken, active())
    result = pam("request", "core-ledger-admin", "--reason", REASON, "--wait")
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(("verb", "decision"), [("approve", "approve"), ("deny", "deny")])
def test_a_vote_says_which_way_it_goes(fake: FakeApi, pam: Pam, verb: str, decision: str) -> None:
    fake.on("POST /pam/approve", session(approvals=approvals(decision)))
    result = pam(verb, SESSION_ID, "--comment", "as discussed")
    assert result.exit_code == 0, result.stderr
    body = {"session_id": SESSION_ID, "decision": decision, "comment": "as discussed"}
    assert fake.asked[0].body == body


def test_an_approver_may_shorten(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/approve", session(duration_seconds=900))
    pam("approve", SESSION_ID, "--for", "15m")
    assert fake.asked[0].body["duration_seconds"] == 900


def test_a_vote_tells_how_many_are_still_missing(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/approve", session(approvals=approvals("approve")))
    assert "waiting for 1 approval (1 so far)" in pam("approve", SESSION_ID).stdout


def test_an_end_shows_its_receipt(fake: FakeApi, pam: Pam) -> None:
    ending = {
        "decided_at": "2026-11-20T01:10:00.000Z",
        "confirmed_at": "2026-11-20T01:10:01.000Z",
        "method": "deny policy",
        "evidence": "read back",
    }
    fake.on("POST /pam/end", active(status="ENDED", ending=ending))
    result = pam("end", SESSION_ID)
    assert result.exit_code == 0
    assert fake.asked[0].body == {"session_id": SESSION_ID}
    assert "given back by the requester" in result.stdout
    assert "deny policy\nread back" in result.stdout
    assert "in force" not in result.stdout


def test_an_end_that_aws_obeys_later_says_from_when(fake: FakeApi, pam: Pam) -> None:
    ending = {
        "decided_at": "2026-11-20T01:10:00.000Z",
        "confirmed_at": "2026-11-20T01:10:01.000Z",
        "effective_at": "2026-11-20T01:11:01.000Z",
        "method": "deny-read-back",
        "evidence": "read back",
        "proven": False,
    }
    fake.on("POST /pam/end", active(status="ENDED", ending=ending))
    shown = pam("end", SESSION_ID).stdout
    assert re.search(r"in force from .*:11:01 .* at the latest\nnot proven\ndeny-read-back", shown)


def test_a_revocation_sends_its_reason_and_blocks_nobody(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/revoke", active(status="REVOKED"))
    assert pam("revoke", SESSION_ID, "--reason", "stolen laptop").exit_code == 0
    assert fake.asked[0].body == {"session_id": SESSION_ID, "reason": "stolen laptop"}


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("POST /pam/request", ["request", "core-ledger-admin", "--reason", REASON]),
        ("POST /pam/approve", ["approve", SESSION_ID]),
        ("POST /pam/approve", ["deny", SESSION_ID]),
        ("POST /pam/revoke", ["revoke", SESSION_ID, "--reason", REASON]),
        ("POST /pam/end", ["end", SESSION_ID]),
        (f"GET /pam/sessions/{SESSION_ID}", ["show", SESSION_ID]),
        ("GET /pam/sessions", ["list"]),
        ("GET /pam/resources", ["resources"]),
        ("GET /pam/check", ["check", "core-ledger-admin"]),
        ("GET /pam/me", ["whoami"]),
        ("GET /pam/inbox", ["inbox"]),
        (f"POST /pam/sessions/{SESSION_ID}/credentials", ["credentials", SESSION_ID]),
    ],
)
@pytest.mark.parametrize("position", ["before", "after"])
def test_json_is_the_apis_object_and_nothing_else(
    fake: FakeApi, pam: Pam, call: str, arguments: list[str], position: str
) -> None:
    document: dict[str, Any] = {"new_field": [1, 2.5, None, "é \x1b[31m"], "session_id": "x"}
    fake.on(call, document)
    ordered = ["--json", *arguments] if position == "before" else [*arguments, "--json"]
    result = pam(*ordered)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == document
    assert result.stdout.isascii()
    assert "\x1b" not in result.stdout
    assert result.stderr == ""
