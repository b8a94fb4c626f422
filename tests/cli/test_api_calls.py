"""How calls are signed, repeated, and what is made of their answers."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cli import api
from tests.cli.fake_api import SESSION_ID, Answer, Asked, FakeApi, Pam, session

REQUEST = ("request", "core-ledger-admin", "--reason", "ledger is stuck since 02:00")
SHOW = f"GET /pam/sessions/{SESSION_ID}"
HTML = Answer(502, b"<html><h1>Bad gateway</h1>", {"content-type": "text/html; charset=utf-8"})
UNSIGNED = Answer(
    403,
    {"message": "Missing Authentication Token"},
    {"x-amzn-errortype": "MissingAuthenticationTokenException"},
)


def _signature_fits(asked: Asked, fake: FakeApi, content: bytes) -> bool:
    """Signs the same call again as AWS would to verify it."""
    query = "&".join(f"{name}={value}" for name, value in asked.query.items())
    again = AWSRequest(
        method=asked.method, url=f"{fake.url}/v1{asked.path}?{query}", data=content or None
    )
    signed = asked.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    for name in signed:
        if name != "host":
            again.headers[name] = asked.headers[name]
    again.context["timestamp"] = asked.headers["x-amz-date"]
    auth = SigV4Auth(Credentials("AKIAALICE", "alices-secret"), "execute-api", "eu-west-1")
    text = auth.string_to_sign(again, auth.canonical_request(again))
    return asked.headers["authorization"].endswith(f"Signature={auth.signature(text, again)}")


def test_a_call_is_signed_for_execute_api_in_the_region(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/sessions", {"items": []})
    pam("list", "--status", "ACTIVE")
    header = fake.asked[0].headers["authorization"]
    assert header.startswith("AWS4-HMAC-SHA256 Credential=AKIAALICE/")
    assert "/eu-west-1/execute-api/aws4_request" in header
    assert _signature_fits(fake.asked[0], fake, b"")


def test_the_session_token_of_temporary_credentials_is_signed_too(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "temporary")
    fake.on(SHOW, session())
    pam("show", SESSION_ID)
    assert fake.asked[0].headers["x-amz-security-token"] == "temporary"
    assert "x-amz-security-token" in fake.asked[0].headers["authorization"]


def test_a_profile_signs_even_if_the_environment_holds_other_credentials(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "credentials").write_text(
        "[bob]\naws_access_key_id = AKIABOB\naws_secret_access_key = bobs-secret\n"
    )
    fake.on(SHOW, session())
    for arguments in (
        ("--profile", "bob", "show", SESSION_ID),
        ("show", SESSION_ID, "--profile=bob"),
    ):
        assert pam(*arguments).exit_code == 0
        assert "Credential=AKIABOB/" in fake.asked[-1].headers["authorization"]


def test_a_request_is_repeated_with_the_same_key_when_it_gets_no_good_answer(
    fake: FakeApi, pam: Pam
) -> None:
    fake.on("POST /pam/request", HTML, Answer(503, {"code": "X"}), Answer(202, session()))
    assert pam(*REQUEST).exit_code == 0
    asked = fake.calls("POST /pam/request")
    assert len({each.headers["idempotency-key"] for each in asked}) == 1
    assert len(asked) == 3


@pytest.mark.parametrize(
    "arguments",
    [("approve", SESSION_ID), ("end", SESSION_ID), ("credentials", SESSION_ID)],
)
def test_a_post_without_a_key_is_never_sent_twice(
    fake: FakeApi, pam: Pam, arguments: tuple[str, ...]
) -> None:
    calls = ("POST /pam/approve", "POST /pam/end", f"POST /pam/sessions/{SESSION_ID}/credentials")
    for call in calls:
        fake.on(call, HTML)
    assert pam(*arguments).exit_code == 5
    assert len(fake.asked) == 1


def test_throttling_is_waited_out_for_reads(fake: FakeApi, pam: Pam) -> None:
    fake.on(SHOW, Answer(429, {"code": "THROTTLED"}), Answer(200, session()))
    assert pam("show", SESSION_ID).exit_code == 0


def test_throttling_that_stays_says_when_to_try_again(fake: FakeApi, pam: Pam) -> None:
    fake.refuses("POST /pam/end", 429, "THROTTLED", "too many calls")
    fake.answers["POST /pam/end"][0] = Answer(
        429, fake.answers["POST /pam/end"][0].body, {"retry-after": "7"}
    )
    assert pam("end", SESSION_ID).stderr == "THROTTLED: too many calls; try again in 7 s\n"


def test_a_moment_to_try_again_at_is_said_in_seconds(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/end", Answer(429, {"detail": "no"}, {"retry-after": in_seconds(86400)}))
    line = pam("end", SESSION_ID).stderr
    assert re.search(r"; try again in 86[34]\d\d s\n$", line)


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


ASKED: dict[str, tuple[str, int]] = {
    "longer than anybody is kept": ("60", 1),
    "until a moment that is further away": (in_seconds(86400), 1),
    "until a moment that is over": (in_seconds(-86400), 2),
    "what is no time": ("soon", 2),
    "what only looks like a number": ("\N{SUPERSCRIPT TWO}0", 2),
    "nothing": ("", 2),
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_read_is_not_repeated_sooner_than_the_server_asks(
    fake: FakeApi, pam: Pam, asked: str
) -> None:
    header, calls = ASKED[asked]
    busy = Answer(429, {"code": "THROTTLED"}, {"retry-after": header})
    fake.on(SHOW, busy, Answer(200, session()))
    assert pam("show", SESSION_ID).exit_code == (0 if calls == 2 else 5)
    assert len(fake.asked) == calls


def test_a_read_is_repeated_after_the_seconds_that_the_server_asks_for(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(api, "sleep", slept.append)
    busy = Answer(503, {"code": "ISSUER_UNAVAILABLE"}, {"retry-after": "3"})
    fake.on(SHOW, busy, Answer(200, session()))
    assert pam("show", SESSION_ID).exit_code == 0
    assert slept == [3.0]


def test_a_refusal_is_its_code_and_detail_in_one_line(fake: FakeApi, pam: Pam) -> None:
    fake.refuses("POST /pam/approve", 403, "SELF_APPROVAL", "nobody approves\n their own request")
    result = pam("approve", SESSION_ID)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr == "SELF_APPROVAL: nobody approves their own request\n"


def test_field_errors_are_listed_in_the_line(fake: FakeApi, pam: Pam) -> None:
    errors = [
        {"field": "reason", "message": "at least 10 characters"},
        {"field": "ticket", "message": "at most 64 characters"},
    ]
    fake.refuses("POST /pam/request", 400, "VALIDATION", "the body is wrong", errors=errors)
    assert pam(*REQUEST).stderr == (
        "VALIDATION: the body is wrong "
        "(--reason: at least 10 characters; ticket: at most 64 characters)\n"
    )


def test_a_field_error_that_the_detail_says_already_is_not_said_twice(
    fake: FakeApi, pam: Pam
) -> None:
    errors = [{"field": "reason", "message": "too short"}]
    fake.refuses("POST /pam/request", 400, "VALIDATION", "reason: too short", errors=errors)
    assert pam(*REQUEST).stderr == "VALIDATION: --reason: too short\n"


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (HTML, "answered HTTP 502 with text/html instead of JSON; try again later"),
        (
            Answer(200, b"hello", {"content-type": "text/plain"}),
            "check that this is the request API",
        ),
        (Answer(200, [1, 2]), "instead of JSON"),
        (Answer(302, b"", {"location": "https://elsewhere.example"}), "answered HTTP 302"),
        (UNSIGNED, "MissingAuthenticationTokenException: Missing Auth"),
        (Answer(418, {}), "HTTP 418: no reason given"),
        (Answer(500, {"code": "INTERNAL", "detail": "broken"}), "INTERNAL: broken"),
        (Answer(400, {"code": 7, "detail": {"a": 1}, "errors": "x"}), "7: {'a': 1}"),
    ],
)
def test_an_answer_that_is_none_is_one_line(
    fake: FakeApi, pam: Pam, answer: Answer, line: str
) -> None:
    fake.on(SHOW, answer)
    result = pam("show", SESSION_ID)
    expected = 5 if answer.status >= 500 else 1
    assert (result.exit_code, result.stdout) == (expected, "")
    assert line in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("kind", "headers", "line"),
    [
        ("ExpiredTokenException", {}, "the credentials have expired: sign in again"),
        ("UnrecognizedClientException", {}, "AWS does not know these credentials"),
        ("InvalidSignatureException", {}, "does not fit the access key"),
        (
            "InvalidSignatureException",
            {"date": "Fri, 20 Nov 2020 01:00:00 GMT"},
            "minutes ahead; set it right",
        ),
    ],
)
def test_credentials_that_the_gateway_refuses_come_with_advice(
    fake: FakeApi, pam: Pam, kind: str, headers: dict[str, str], line: str
) -> None:
    body = {"code": "UNAUTHENTICATED", "detail": "no"}
    fake.on(SHOW, Answer(403, body, {"x-amzn-errortype": kind, **headers}))
    result = pam("show", SESSION_ID)
    assert result.stderr.startswith("UNAUTHENTICATED: no; ")
    assert line in result.stderr


@pytest.mark.parametrize("name", ["../resources", "a/b", "%2e%2e", "x y", "é"])
def test_what_is_no_session_id_never_reaches_a_path(fake: FakeApi, pam: Pam, name: str) -> None:
    for arguments in (["show", name], ["credentials", name], ["audit", "show", name]):
        result = pam(*arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith("VALIDATION: session_id: ")
    assert fake.asked == []
