"""How `pam` exits, and what stands on stdout with --json, for every way to fail."""

import json
from typing import Any

import pytest

from cli import api
from cli.problems import ExitCode, exit_code_of
from pam.domain.errors import Code
from tests.cli.fake_api import SESSION_ID, Answer, FakeApi, Pam, active, session

pytestmark = pytest.mark.usefixtures("given")
STATUSES: dict[str, tuple[int, int]] = {
    "VALIDATION": (400, 2),
    "NOT_ELIGIBLE": (403, 3),
    "SELF_APPROVAL": (403, 3),
    "BLOCKED": (403, 3),
    "STEP_UP": (403, 3),
    "NOT_FOUND": (404, 4),
    "CONFLICT": (409, 3),
    "LIMIT": (409, 3),
    "IDEMPOTENCY_MISMATCH": (422, 3),
    "THROTTLED": (429, 5),
    "ISSUER_UNAVAILABLE": (503, 5),
    "BAD_GATEWAY": (502, 5),
    "SOMETHING_NEW": (403, 1),
}
"""Code to HTTP status and exit code."""
COMMANDS: dict[str, tuple[str, ...]] = {
    "POST /pam/approve": ("approve", SESSION_ID),
    f"GET /pam/sessions/{SESSION_ID}/audit": ("audit", "show", SESSION_ID),
}
REQUEST = ("request", "core-ledger-admin", "--reason", "ledger is stuck since 02:00")


def test_every_code_of_the_api_is_in_the_table() -> None:
    assert {*Code} <= set(STATUSES)


@pytest.mark.parametrize("code", STATUSES)
def test_a_code_has_one_exit_code_and_json_is_the_apis_problem(
    fake: FakeApi, pam: Pam, code: str
) -> None:
    status, expected = STATUSES[code]
    for call, words in COMMANDS.items():
        fake.refuses(call, status, code, "because")
        plain, as_json = pam(*words), pam(*words, "--json")
        assert (plain.exit_code, as_json.exit_code) == (expected, expected)
        assert (plain.stdout, plain.stderr.count("\n")) == ("", 1)
        assert as_json.stderr == plain.stderr
        assert f"{code}: because" in plain.stderr
        problem = json.loads(as_json.stdout)
        assert (problem["status"], problem["code"]) == (status, code)
        assert (problem["detail"], problem["title"]) == ("because", "x")


def test_a_refusal_of_api_gateways_own_is_a_problem_with_its_status(
    fake: FakeApi, pam: Pam
) -> None:
    fake.on("GET /pam/resources", {"message": "Limit Exceeded"}, status=429)
    result = pam("resources", "--json")
    problem = json.loads(result.stdout)
    assert (result.exit_code, problem["status"], problem["code"]) == (5, 429, "HTTP 429")
    assert problem["detail"] == "Limit Exceeded"


@pytest.mark.parametrize(
    ("headers", "said", "code"),
    [
        (
            {"x_amzn_errortype": "AccessDeniedException"},
            {"Message": "User: alice is not authorized to perform: execute-api:Invoke"},
            "AccessDeniedException",
        ),
        (
            {"x_amzn_errortype": "ForbiddenException"},
            {"message": "Forbidden"},
            "ForbiddenException",
        ),
        ({}, {"message": "Forbidden"}, "HTTP 403"),
    ],
)
def test_a_403_of_aws_is_a_refusal_and_says_what_to_ask_for(
    fake: FakeApi, pam: Pam, headers: dict[str, str], said: dict[str, str], code: str
) -> None:
    fake.on("GET /pam/resources", said, status=403, **headers)
    result = pam("resources", "--json")
    problem = json.loads(result.stdout)
    assert (result.exit_code, problem["status"], problem["code"]) == (3, 403, code)
    (detail,) = said.values()
    assert result.stderr.startswith(f"{code}: {detail}; ask for execute-api:Invoke on this API")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "kind", ["ExpiredTokenException", "InvalidSignatureException", "UnrecognizedClientException"]
)
def test_a_403_about_credentials_is_a_failure_that_signing_in_mends(
    fake: FakeApi, pam: Pam, kind: str
) -> None:
    fake.on("GET /pam/resources", {"message": "no"}, status=403, x_amzn_errortype=kind)
    result = pam("resources")
    assert result.exit_code == ExitCode.FAILED
    assert "execute-api:Invoke" not in result.stderr


def test_an_answer_that_is_no_json_is_a_failure_of_nobody_but_the_caller(
    fake: FakeApi, pam: Pam
) -> None:
    for status, expected in ((502, 5), (200, 1)):
        fake.on("GET /pam/resources", Answer(status, b"<html>", {"content-type": "text/html"}))
        result = pam("resources", "--json")
        problem = json.loads(result.stdout)
        assert (result.exit_code, problem["status"], problem["code"]) == (expected, 0, "CLIENT")
        assert result.stderr == f"CLIENT: {problem['detail']}\n"


def test_without_a_connection_it_is_5_and_a_document_of_our_own(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAM_API_URL", "http://127.0.0.1:9/v1")
    result = pam("--json", "list")
    assert result.exit_code == ExitCode.UNREACHABLE
    problem = json.loads(result.stdout)
    assert (problem["status"], problem["code"]) == (0, "CLIENT")
    assert "nothing answers at 127.0.0.1:9" in problem["detail"]


def test_json_after_the_dashes_is_the_childs(fake: FakeApi, pam: Pam) -> None:
    result = pam("exec", SESSION_ID, "--", "no-such-program-of-anybody", "--json")
    assert (result.exit_code, result.stdout) == (127, "")


@pytest.mark.parametrize(
    ("ended", "expected"),
    [("DENIED", 3), ("FAILED", 3), ("REVOKED", 3), ("WITHDRAWN", 3), ("UNANSWERED", 6)],
)
def test_a_wait_without_access_says_why_and_prints_one_document(
    fake: FakeApi, pam: Pam, ended: str, expected: int
) -> None:
    over: dict[str, Any] = session(status=ended)
    fake.on("POST /pam/request", session())
    fake.on(f"GET /pam/sessions/{SESSION_ID}", over)
    result = pam(*REQUEST, "--wait", "--json")
    assert result.exit_code == expected
    assert json.loads(result.stdout) == over


def test_ctrl_c_is_130(fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api.Api, "get", interrupted)
    result = pam("list", "--json")
    assert result.exit_code == ExitCode.INTERRUPTED
    assert json.loads(result.stdout)["detail"] == "interrupted"
    assert pam("list").stdout == ""


def test_a_check_that_answers_no_is_done(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/check", {"allowed": False, "session_id": None, "expires_at": None})
    assert pam("check", "core-ledger-admin", "--json").exit_code == ExitCode.DONE


def test_an_unknown_5xx_is_one_that_may_pass() -> None:
    assert exit_code_of("", 599) is ExitCode.UNREACHABLE
    assert exit_code_of("CONFLICT", 409) is ExitCode.REFUSED


def test_a_broken_chain_prints_the_trail_and_fails(fake: FakeApi, pam: Pam) -> None:
    fake.on(f"GET /pam/sessions/{SESSION_ID}/audit", {"items": [{"sequence": 7}], "cursor": None})
    result = pam("audit", "show", SESSION_ID, "--json")
    assert result.exit_code == ExitCode.FAILED
    assert json.loads(result.stdout)["items"] == [{"sequence": 7}]


def test_a_wait_that_ends_with_access_prints_one_document(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/request", active())
    fake.on(f"GET /pam/sessions/{SESSION_ID}", active())
    assert json.loads(pam(*REQUEST, "--wait", "--json").stdout) == active()
