"""Blocking with a revocation, the list of the blocked, and lifting."""

import json
from typing import Any

import pytest

from tests.cli.fake_api import ALICE, BLOCK, SESSION_ID, FakeApi, Pam, active

REVOKE = ["revoke", SESSION_ID, "--reason", "stolen laptop"]
SENT: dict[str, tuple[list[str], dict[str, Any]]] = {
    "for a day": (["--block", "24h"], {"block_seconds": 86400}),
    "until lifted": (["--block-until-lifted"], {"block_seconds": 0}),
    "on one resource": (
        ["--block", "90", "--this-resource-only"],
        {"block_seconds": 90, "block_scope": "resource"},
    ),
}


@pytest.mark.parametrize("case", SENT)
def test_a_revocation_sends_the_block_that_was_asked_for(
    fake: FakeApi, pam: Pam, case: str
) -> None:
    options, sent = SENT[case]
    fake.on("POST /pam/revoke", active(status="REVOKED"))
    result = pam(*REVOKE, *options)
    assert result.exit_code == 0, result.stderr
    assert fake.asked[0].body == {"session_id": SESSION_ID, "reason": "stolen laptop"} | sent


@pytest.mark.parametrize(
    "options",
    [
        ["--block", "0s"],
        ["--block", "a day"],
        ["--block", "1h", "--block-until-lifted"],
        ["--this-resource-only"],
    ],
)
def test_a_block_that_says_two_things_or_none_is_wrong_usage(
    fake: FakeApi, pam: Pam, options: list[str]
) -> None:
    assert pam(*REVOKE, *options).exit_code == 2
    assert fake.asked == []


def test_the_list_shows_who_is_blocked_from_what_and_until_when(fake: FakeApi, pam: Pam) -> None:
    other = BLOCK | {"person": "dave", "resource": "core-ledger-admin"}
    other["until"] = "2126-11-20T01:00:00.000Z"
    fake.on("GET /pam/blocklist", {"items": [BLOCK, other]})
    result = pam("blocklist", "list")
    assert result.exit_code == 0, result.stderr
    _, alice, dave = result.stdout.splitlines()
    assert alice.split()[:4] == ["alice", "everything", "lifted", "sam"]
    assert dave.startswith("dave")
    assert "core-ledger-admin" in dave
    assert "2126-11-20" in dave
    assert "\x1b" not in result.stdout


def test_an_empty_list_says_so(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/blocklist", {"items": []})
    assert pam("blocklist", "list").stdout == "nobody is blocked\n"


@pytest.mark.parametrize("resource", [None, "core-ledger-admin"])
def test_lifting_names_the_person_whole_and_gives_the_reason(
    fake: FakeApi, pam: Pam, resource: str | None
) -> None:
    encoded = "arn%3Aaws%3Aiam%3A%3A000000000000%3Auser%2Falice"
    fake.on(f"DELETE /pam/blocklist/{encoded}", {"items": [BLOCK | {"resource": resource}]})
    options = ["--resource", resource] if resource else []
    result = pam("blocklist", "lift", ALICE, "--reason", "laptop found", *options)
    assert result.exit_code == 0, result.stderr
    where = f" on {resource}" if resource else ""
    assert result.stdout == f"alice is no longer blocked{where}\n"
    (asked,) = fake.asked
    assert asked.query == {"reason": "laptop found"} | ({"resource": resource} if resource else {})


def test_lifting_without_a_reason_is_wrong_usage(fake: FakeApi, pam: Pam) -> None:
    assert pam("blocklist", "lift", "alice").exit_code == 2
    assert fake.asked == []


def test_who_is_not_blocked_cannot_be_lifted(fake: FakeApi, pam: Pam) -> None:
    fake.refuses("DELETE /pam/blocklist/alice", 404, "NOT_FOUND", "alice is not blocked")
    result = pam("blocklist", "lift", "alice", "--reason", "found")
    assert result.exit_code == 4
    assert "NOT_FOUND" in result.stderr
    assert "alice is not blocked" in result.stderr


def test_json_is_the_apis_object(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/blocklist", {"items": [BLOCK]})
    assert json.loads(pam("blocklist", "list", "--json").stdout) == {"items": [BLOCK]}
