"""A refusal speaks of what was typed, in its units, and names what was probably meant."""

import json
from typing import Any

import pytest

from tests.cli.fake_api import ALICE, BLOCK, SESSION_ID, FakeApi, Pam, session

pytestmark = pytest.mark.usefixtures("given")
RESOURCES = {
    "items": [
        {"resource": "core-ledger-admin", "max_duration_seconds": 14400},
        {"resource": "core-sandbox-admin", "max_duration_seconds": 5400},
    ]
}
REASON = ("--reason", "ledger is stuck since 02:00")


def _invalid(fake: FakeApi, call: str, *errors: tuple[str, str], more: str = "") -> None:
    said = [{"field": field, "message": message} for field, message in errors]
    detail = "; ".join(f"{field}: {message}" for field, message in errors) + more
    fake.refuses(call, 400, "VALIDATION", detail, errors=said)


REQUEST = ("request", "core-ledger-admin", *REASON)
LENGTHS: dict[str, tuple[str, tuple[str, ...], str, str, str]] = {
    "above the law's maximum": (
        "POST /pam/request", (*REQUEST, "--for", "12h"),
        "duration_seconds", "must be at most 14400",
        "VALIDATION: --for 12h: core-ledger-admin is lent for at most 4h",
    ),
    "above the resource's": (
        "POST /pam/request", ("request", "core-sandbox-admin", *REASON, "--for", "3h"),
        "duration_seconds", "must be between 1 and 5400 for core-sandbox-admin",
        "VALIDATION: --for 3h: core-sandbox-admin is lent for at most 1h30m",
    ),
    "of what one may not have": (
        "POST /pam/request", ("request", "kyc", *REASON, "--for", "20h"),
        "duration_seconds", "must be at most 14400",
        "VALIDATION: --for 20h: must be at most 4h",
    ),
    "too short": (
        "POST /pam/request", (*REQUEST, "--for", "0s"),
        "duration_seconds", "must be at least 1",
        "VALIDATION: --for 0s: must be at least 1s",
    ),
    "longer than was asked": (
        "POST /pam/approve", ("approve", SESSION_ID, "--for", "2h"),
        "duration_seconds", "an approver may only shorten: between 1 and 1800",
        "VALIDATION: --for 2h: an approver may only shorten: between 1s and 30m",
    ),
    "a block of a century": (
        "POST /pam/block", ("block", "alice", *REASON, "--for", "99999h"),
        "seconds", "must be at most 31536000",
        "VALIDATION: --for 99999h: must be at most 8760h",
    ),
    "a revocation's block": (
        "POST /pam/revoke", ("revoke", SESSION_ID, *REASON, "--block", "99999h"),
        "block_seconds", "must be at most 31536000",
        "VALIDATION: --block 99999h: must be at most 8760h",
    ),
    "a reason, which is not said again": (
        "POST /pam/request", ("request", "core-ledger-admin", "--reason", "x " * 600),
        "reason", "must have at most 1000 visible characters",
        "VALIDATION: --reason: must have at most 1000 visible characters",
    ),
    "whose access is taken away": (
        "GET /pam/sessions", ("revoke", "--person", "../x", *REASON),
        "requester", "must be a name",
        "VALIDATION: --person ../x: must be a name",
    ),
    "whose sessions are listed": (
        "GET /pam/sessions", ("list", "--requester", "../x"),
        "requester", "must be a name",
        "VALIDATION: --requester ../x: must be a name",
    ),
    "what no option is called": (
        "POST /pam/request", REQUEST,
        "surface", "is not a field of this call",
        "VALIDATION: surface: is not a field of this call",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LENGTHS)
def test_a_field_is_the_option_that_was_typed(fake: FakeApi, pam: Pam, case: str) -> None:
    call, words, field, message, line = LENGTHS[case]
    fake.on("GET /pam/resources", RESOURCES)
    _invalid(fake, call, (field, message))
    result = pam(*words, "--json")
    assert result.exit_code == 2
    assert result.stderr == f"{line}\n"
    assert json.loads(result.stdout)["errors"] == [{"field": field, "message": message}]


def test_a_way_out_that_is_a_field_is_the_option_for_it(fake: FakeApi, pam: Pam) -> None:
    _invalid(fake, "POST /pam/block", ("person", "not seen; with `unseen` or `else` they are"))
    result = pam("block", "nobody", "--reason", "stolen")
    assert (
        result.stderr == "VALIDATION: PERSON nobody: not seen; with --unseen or `else` they are\n"
    )


def test_several_faults_are_all_said(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/resources", RESOURCES)
    faults = (("duration_seconds", "must be at most 14400"), ("ticket", "must be shorter"))
    _invalid(fake, "POST /pam/request", *faults, more="; and 3 more")
    line = pam(*REQUEST, "--for", "12h", "--ticket", "T-1").stderr
    assert "--for 12h: core-ledger-admin is lent for at most 4h" in line
    assert "--ticket T-1: must be shorter" in line
    assert line.endswith("and 3 more\n")


MISSED: dict[str, tuple[str, tuple[str, ...], str]] = {
    "asked for": ("POST /pam/request", ("request", "core-leger-admin", *REASON), "there is no"),
    "checked": ("GET /pam/check", ("check", "core-ledgeradmin"), "there is no"),
    "in capitals": ("POST /pam/request", ("request", "CORE-LEDGER-ADMIN", *REASON), "there is no"),
}


@pytest.mark.parametrize("case", MISSED)
def test_a_misspelt_resource_gets_a_suggestion(fake: FakeApi, pam: Pam, case: str) -> None:
    call, words, said = MISSED[case]
    fake.on("GET /pam/resources", RESOURCES)
    fake.refuses(call, 404, "NOT_FOUND", f"{said} resource")
    result = pam(*words)
    assert result.exit_code == 4
    assert result.stderr.endswith("; did you mean core-ledger-admin?\n")


@pytest.mark.parametrize("typed", ["nothing-like-it", "core-ledger-admin"])
def test_what_is_like_nothing_or_is_there_gets_none(fake: FakeApi, pam: Pam, typed: str) -> None:
    fake.on("GET /pam/resources", RESOURCES)
    fake.refuses("POST /pam/request", 404, "NOT_FOUND", "there is no such resource")
    assert "did you mean" not in pam("request", typed, *REASON).stderr


PEOPLE = {"items": [session(), session(requester=ALICE.replace("alice", "dave"))]}


@pytest.mark.parametrize(("typed", "meant"), [("alcie", "alice"), ("davee", "dave")])
def test_a_misspelt_person_gets_a_suggestion(
    fake: FakeApi, pam: Pam, typed: str, meant: str
) -> None:
    fake.on("GET /pam/sessions", PEOPLE)
    fake.on("GET /pam/blocklist", {"items": [BLOCK]})
    _invalid(fake, "POST /pam/block", ("person", "PAM has neither listed nor seen this person"))
    line = pam("block", typed, *REASON).stderr
    assert line.startswith(f"VALIDATION: PERSON {typed}: PAM has neither listed nor seen")
    assert line.endswith(f"did you mean {meant}?\n")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("--requester", "alcie"), "alice"),
        (("--resource", "core-leger-admin"), "core-ledger-admin"),
    ],
)
def test_an_empty_list_of_a_misspelt_name_says_so(
    fake: FakeApi, pam: Pam, words: tuple[str, ...], meant: str
) -> None:
    fake.on("GET /pam/sessions", {"items": [], "cursor": None}, PEOPLE)
    fake.on("GET /pam/resources", RESOURCES)
    fake.on("GET /pam/blocklist", {"items": [BLOCK]})
    result = pam("list", *words)
    assert (result.exit_code, result.stdout) == (0, "no sessions\n")
    assert result.stderr == f"did you mean {meant}?\n"


def test_who_is_not_blocked_is_looked_for_among_those_who_are(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/blocklist", {"items": [BLOCK]})
    fake.refuses("DELETE /pam/blocklist/alcie", 404, "NOT_FOUND", "alcie is not blocked")
    assert "did you mean alice?" in pam("blocklist", "lift", "alcie", *REASON).stderr


def test_a_failure_to_look_it_up_leaves_the_refusal(fake: FakeApi, pam: Pam) -> None:
    fake.refuses("GET /pam/resources", 403, "NOT_ELIGIBLE", "not you")
    fake.refuses("POST /pam/request", 404, "NOT_FOUND", "there is no such resource")
    result = pam("request", "core-leger-admin", *REASON)
    assert (result.exit_code, result.stderr) == (4, "NOT_FOUND: there is no such resource\n")


GOOD: dict[tuple[str, ...], Any] = {
    ("approve", SESSION_ID): ("POST /pam/approve", session()),
    ("check", "core-ledger-admin"): ("GET /pam/check", {"allowed": False}),
    ("block", "alice", *REASON): ("POST /pam/block", {"items": [BLOCK], "ended": []}),
}


@pytest.mark.parametrize("words", GOOD)
def test_a_command_that_works_makes_one_call(
    fake: FakeApi, pam: Pam, words: tuple[str, ...]
) -> None:
    fake.on(*GOOD[words])
    assert pam(*words).exit_code == 0
    assert len(fake.asked) == 1


def test_a_state_of_affairs_costs_no_further_call(fake: FakeApi, pam: Pam) -> None:
    fake.refuses("POST /pam/end", 409, "CONFLICT", "it is over")
    pam("end", SESSION_ID)
    assert len(fake.asked) == 1


def test_offline_a_near_miss_is_looked_for_in_the_files(
    pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PAM_ENV")
    files = ("--identities", "local/identities.yaml")
    person = pam("policy", "explain", "alcie", "core-ledger-admin", *files)
    assert (person.exit_code, "did you mean alice?" in person.stderr) == (3, True)
    resource = pam("policy", "explain", "alice", "core-leger-admin", *files)
    assert (resource.exit_code, "did you mean core-ledger-admin or " in resource.stderr) == (
        4,
        True,
    )


@pytest.mark.parametrize(
    ("words", "meant"),
    [(("--person", "alcie"), "alice"), (("--resource", "core-leger-admin"), "core-ledger-admin")],
)
def test_taking_away_all_of_somebody_unknown_names_who_was_meant(
    fake: FakeApi, pam: Pam, words: tuple[str, str], meant: str
) -> None:
    nothing: dict[str, Any] = {"items": [], "cursor": None}
    fake.on("GET /pam/sessions", *[nothing] * 4, PEOPLE)
    result = pam("revoke", *words, *REASON)
    assert result.exit_code == 4
    assert result.stderr.endswith(f"did you mean {meant}?\n")
