"""What callers get wrong gets a problem document, through the real API Gateway."""

from typing import Any

import pytest
from botocore.awsrequest import AWSRequest

from local.cast import Answer, Cast, Person, send

GOOD = {"resource": "core-ledger-admin", "reason": "long enough a reason"}

BAD_REQUESTS: dict[str, tuple[Any, str]] = {
    "an unknown field": ({**GOOD, "approver": "bob"}, "approver"),
    "a number as text": ({**GOOD, "duration_seconds": "60"}, "duration_seconds"),
    "a truth as number": ({**GOOD, "break_glass": 1}, "break_glass"),
    "no reason": ({"resource": "core-ledger-admin"}, "reason"),
    "too short a reason": ({**GOOD, "reason": "short"}, "reason"),
    "too long a reason": ({**GOOD, "reason": "x" * 1001}, "reason"),
    "a reason of spaces": ({**GOOD, "reason": " " * 20}, "reason"),
    "a control character": ({**GOOD, "reason": "line one\nline two \x1b[31m"}, "reason"),
    "a reason that nobody sees": ({**GOOD, "reason": "\u200b" * 20}, "reason"),
    "a reason of blank patterns": ({**GOOD, "reason": "\u2800" * 20}, "reason"),
    "hidden letters behind a reason": ({**GOOD, "reason": "a reason\U000e0041" * 2}, "reason"),
    "a stack of marks": ({**GOOD, "reason": "long enough a reason" + "\u0301" * 400}, "reason"),
    "text that runs backwards": ({**GOOD, "reason": "please \u202e approve this"}, "reason"),
    "no time at all": ({**GOOD, "duration_seconds": 0}, "duration_seconds"),
    "more than four hours": ({**GOOD, "duration_seconds": 14401}, "duration_seconds"),
    "more than the resource lends": (
        {**GOOD, "resource": "kyc-documents-read", "duration_seconds": 7201},
        "duration_seconds",
    ),
    "an array": ([GOOD], "body"),
    "a key given twice": (b'{"resource": "core-sandbox-admin", "resource": "x"}', "body"),
    "malformed JSON": (b'{"resource": ', "body"),
    "a megabyte": (b'{"resource": "' + b"x" * 1_000_000 + b'"}', "body"),
}


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert {"type", "title", "status", "detail", "code"} <= set(answer.body)
    assert answer.body["status"] == status


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_a_bad_request_names_the_field(alice: Person, case: str) -> None:
    body, field = BAD_REQUESTS[case]
    answer = alice.post("/pam/request", body)
    assert_problem(answer, 400, "VALIDATION")
    assert field in " ".join(error["field"] for error in answer.body["errors"])


def test_an_unknown_resource_is_not_found(alice: Person) -> None:
    answer = alice.post("/pam/request", {**GOOD, "resource": "no-such-thing"})
    assert_problem(answer, 404, "NOT_FOUND")


@pytest.mark.parametrize("session_id", ["nonsense", "01JD8XGZ6Q3M4V5N6P7R8S9T0"])
def test_a_session_id_that_is_no_ulid_is_named(alice: Person, session_id: str) -> None:
    answer = alice.get(f"/pam/sessions/{session_id}")
    assert_problem(answer, 400, "VALIDATION")
    assert answer.body["errors"][0]["field"] == "session_id"


def test_an_unknown_session_is_not_found(alice: Person) -> None:
    unknown = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"
    assert_problem(alice.get(f"/pam/sessions/{unknown}"), 404, "NOT_FOUND")
    assert_problem(alice.post("/pam/end", {"session_id": unknown}), 404, "NOT_FOUND")


def test_someone_elses_session_is_not_found_and_cannot_be_used(alice: Person, dave: Person) -> None:
    session_id = alice.request("core-ledger-admin")["session_id"]
    assert_problem(dave.get(f"/pam/sessions/{session_id}"), 404, "NOT_FOUND")
    assert_problem(dave.get(f"/pam/sessions/{session_id}/audit"), 404, "NOT_FOUND")
    assert_problem(dave.post("/pam/end", {"session_id": session_id}), 403, "NOT_ELIGIBLE")
    lease = dave.post(f"/pam/sessions/{session_id}/credentials")
    assert_problem(lease, 403, "NOT_ELIGIBLE")
    revoked = dave.post("/pam/revoke", {"session_id": session_id, "reason": "mine now"})
    assert_problem(revoked, 403, "NOT_ELIGIBLE")
    assert session_id not in str(dave.get("/pam/sessions").body)


def test_a_repeated_idempotency_key_gives_the_first_session(alice: Person) -> None:
    first = alice.post("/pam/request", GOOD, Idempotency_Key="key-of-this-test")
    again = alice.post("/pam/request", GOOD, Idempotency_Key="key-of-this-test")
    assert (first.status, again.status) == (202, 202)
    assert first.body["session_id"] == again.body["session_id"]
    other = alice.post(
        "/pam/request", {**GOOD, "reason": "another reason"}, Idempotency_Key="key-of-this-test"
    )
    assert_problem(other, 422, "IDEMPOTENCY_MISMATCH")


def test_what_one_person_may_have_is_limited_and_the_limit_names_what_is_in_the_way(
    alice: Person,
) -> None:
    sessions = sorted(alice.request("core-ledger-admin")["session_id"] for _ in range(3))
    answer = alice.post("/pam/request", GOOD)
    assert_problem(answer, 409, "LIMIT")
    assert answer.body["sessions"] == sessions
    alice.post("/pam/end", {"session_id": sessions[0]})
    assert alice.post("/pam/request", GOOD).status == 202


def test_ten_errors_are_told_and_no_name_drives_a_terminal(alice: Person) -> None:
    unknown = {f"{number}\x1b[31m\u202e{'x' * 200}": 1 for number in range(12)}
    answer = alice.post("/pam/request", {**GOOD, **unknown})
    assert_problem(answer, 400, "VALIDATION")
    if "errors" in answer.body:  # API Gateway itself refuses more than 16 fields
        assert len(answer.body["errors"]) == 10
        assert all(len(each["field"]) <= 100 for each in answer.body["errors"])
        assert all(each["field"].isprintable() for each in answer.body["errors"])


def test_a_trail_comes_in_pages_and_a_cursor_is_its_own(alice: Person, bob: Person) -> None:
    session_id = alice.request("core-ledger-admin")["session_id"]
    other = alice.request("core-ledger-admin")["session_id"]
    bob.approve(session_id)
    path = f"/pam/sessions/{session_id}/audit?limit=1"
    first = alice.get(path).body
    assert [record["type"] for record in first["items"]] == ["Requested"]
    second = alice.get(f"{path}&cursor={first['cursor']}").body
    assert ([record["type"] for record in second["items"]], second["cursor"]) == (["Voted"], None)
    stolen = alice.get(f"/pam/sessions/{other}/audit?cursor={first['cursor']}")
    assert_problem(stolen, 400, "VALIDATION")
    listed = alice.get("/pam/sessions?limit=1").body["cursor"]
    assert_problem(bob.get(f"/pam/sessions?limit=1&cursor={listed}"), 400, "VALIDATION")
    assert_problem(alice.get(f"/pam/sessions?status=ENDED&cursor={listed}"), 400, "VALIDATION")


def test_an_unsigned_call_is_refused(cast: Cast) -> None:
    answer = send(AWSRequest("GET", cast.about["api_url"] + "/pam/resources"))
    assert answer.status == 403


def test_a_forged_cursor_is_named(alice: Person) -> None:
    answer = alice.get("/pam/sessions?cursor=AAAA")
    assert_problem(answer, 400, "VALIDATION")
    assert answer.body["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "status=SLEEPING", "since=yesterday", "until=2026-01-31"])
def test_a_bad_query_is_named(alice: Person, query: str) -> None:
    answer = alice.get(f"/pam/sessions?{query}")
    assert_problem(answer, 400, "VALIDATION")
    assert answer.body["errors"][0]["field"] == query.split("=", maxsplit=1)[0]


def test_an_unknown_call_is_a_problem_too(alice: Person) -> None:
    answer = alice.post("/pam/grant-everything", {})
    assert answer.status in {403, 404}
    assert "code" in answer.body
