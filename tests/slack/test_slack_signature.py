"""Slack's signature: what it is over, and all that must not pass for it."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from pam.slack.signature import LARGEST_BODY, SignedCall, Verifier, signed_call

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = datetime(2018, 10, 10, 18, 5, 31, tzinfo=UTC)
VERIFIER = Verifier(signing_secret=SECRET)
BODY = b"token=x&team_id=T1&command=%2Fjit&text=94070&trigger_id=398738663015.47445629121"


def signature(body: bytes, timestamp: str, secret: str = SECRET) -> str:
    whole = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), whole, hashlib.sha256).hexdigest()


def call(body: bytes = BODY, *, at: datetime = NOW, secret: str = SECRET) -> SignedCall:
    timestamp = str(int(at.timestamp()))
    return SignedCall(
        timestamp=timestamp,
        signature=signature(body, timestamp, secret),
        content_type="application/x-www-form-urlencoded",
        body=body,
    )


def test_what_slack_signed_is_vouched_for_and_slacks_own_sdk_agrees() -> None:
    signed = call()
    assert VERIFIER.vouches_for(signed, NOW)
    own = SignatureVerifier(SECRET, clock=type("Clock", (), {"now": lambda _: NOW.timestamp()})())
    assert own.is_valid(signed.body, signed.timestamp, signed.signature)


def test_the_bytes_are_signed_whatever_they_are() -> None:
    assert VERIFIER.vouches_for(call(b"\xff\x00\n{}"), NOW)


MUST_FAIL: dict[str, SignedCall] = {
    "another secret": call(secret="another"),
    "another body": replace(call(), body=BODY + b"&more=1"),
    "a body with other bytes for the same text": replace(call(), body=BODY.replace(b"%2F", b"/")),
    "no body": replace(call(), body=b""),
    "another time": replace(call(), timestamp=str(int(NOW.timestamp()) + 1)),
    "no timestamp": replace(call(), timestamp=""),
    "a timestamp in words": replace(call(), timestamp="now"),
    "a timestamp with a fraction": replace(call(), timestamp="1539194731.0"),
    "a timestamp with a sign": replace(call(), timestamp="+1539194731"),
    "a timestamp with a space": replace(call(), timestamp=" 1539194731"),
    "a timestamp in other digits": replace(call(), timestamp="\u0661539194731"),
    "an endless timestamp": replace(call(), timestamp="1" * 5000),
    "not a number": replace(call(), timestamp="nan"),
    "no signature": replace(call(), signature=""),
    "a signature of nothing": replace(call(), signature="v0="),
    "another version": replace(call(), signature=call().signature.replace("v0=", "v1=")),
    "no version": replace(call(), signature=call().signature.removeprefix("v0=")),
    "a cut signature": replace(call(), signature=call().signature[:-1]),
    "in capitals": replace(call(), signature=call().signature.upper()),
    "two signatures": replace(call(), signature=f"{call().signature},{call().signature}"),
    "in other characters": replace(call(), signature="v0=" + "\u00e9" * 64),
    "a line break behind": replace(call(), signature=call().signature + "\n"),
}


@pytest.mark.parametrize("case", MUST_FAIL)
def test_nothing_else_is_vouched_for_and_nothing_raises(case: str) -> None:
    assert not VERIFIER.vouches_for(MUST_FAIL[case], NOW)


@pytest.mark.parametrize(
    ("seconds", "fits"), [(0, True), (299, True), (300, True), (301, False), (86_400, False)]
)
def test_it_holds_for_five_minutes_in_both_directions(seconds: int, fits: bool) -> None:
    for apart in (timedelta(seconds=seconds), -timedelta(seconds=seconds)):
        assert VERIFIER.vouches_for(call(at=NOW + apart), NOW) is fits


@pytest.mark.parametrize("secret", ["", " ", "\n"])
def test_without_a_secret_nothing_starts(secret: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        Verifier(signing_secret=secret)


def test_the_secret_is_shown_nowhere() -> None:
    assert SECRET not in repr(VERIFIER)


def event(**changes: Any) -> dict[str, Any]:
    signed = call()
    headers = {
        "X-Slack-Request-Timestamp": signed.timestamp,
        "X-Slack-Signature": signed.signature,
        "Content-Type": signed.content_type,
    }
    return {
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": BODY.decode(),
        "isBase64Encoded": False,
        **changes,
    }


def lower(headers: dict[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in headers.items()}


THE_SAME: dict[str, Callable[[], dict[str, Any]]] = {
    "as it comes": event,
    "as base64": lambda: event(body=base64.b64encode(BODY).decode(), isBase64Encoded=True),
    "lower case": lambda: event(multiValueHeaders=lower(event()["multiValueHeaders"])),
    "single headers alone": lambda: event(multiValueHeaders=None),
    "single and lower case": lambda: event(multiValueHeaders={}, headers=lower(event()["headers"])),
}


@pytest.mark.parametrize("case", THE_SAME)
def test_a_call_through_the_gateway_is_the_same_call(case: str) -> None:
    assert signed_call(THE_SAME[case]()) == call()


def twice(name: str) -> dict[str, Any]:
    several = event()["multiValueHeaders"]
    return event(multiValueHeaders={**several, name: several[name] * 2})


UNSIGNED: dict[str, dict[str, Any]] = {
    "the signature twice": twice("X-Slack-Signature"),
    "the timestamp twice": twice("X-Slack-Request-Timestamp"),
    "once in each case": event(
        multiValueHeaders=None, headers={**event()["headers"], **lower(event()["headers"])}
    ),
    "no headers": event(headers=None, multiValueHeaders=None),
    "headers of another form": event(headers=["x"], multiValueHeaders="x"),
    "a number for a signature": event(multiValueHeaders={"X-Slack-Signature": [7]}),
    "no list of values": event(multiValueHeaders={"X-Slack-Signature": "v0=1"}),
    "no body": event(body=None),
}


@pytest.mark.parametrize("case", UNSIGNED)
def test_a_call_with_headers_missing_or_twice_is_vouched_for_by_nothing(case: str) -> None:
    signed = signed_call(UNSIGNED[case])
    assert signed is not None
    assert not VERIFIER.vouches_for(signed, NOW)


NO_CALLS: dict[str, object] = {
    "nothing": None,
    "a list": [],
    "a body that is an object": event(body={}),
    "base64 that is none": event(body="%%%", isBase64Encoded=True),
    "base64 with other letters": event(body="\u00e9", isBase64Encoded=True),
    "half a character": event(body="\ud800"),
    "a large body": event(body="x" * (LARGEST_BODY + 1)),
    "a large body as base64": event(
        body=base64.b64encode(b"x" * (LARGEST_BODY + 1)).decode(), isBase64Encoded=True
    ),
}


@pytest.mark.parametrize("case", NO_CALLS)
def test_what_is_no_call_or_too_large_is_read_no_further(case: str) -> None:
    assert signed_call(NO_CALLS[case]) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@hypothesis_settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(sorted(event())), JSON), st.text(), st.text(), st.binary())
def test_nothing_that_comes_raises_or_passes(
    anything: dict[str, Any], timestamp: str, signature_: str, body: bytes
) -> None:
    signed = signed_call(anything)
    assert signed is None or not VERIFIER.vouches_for(signed, NOW)
    made_up = SignedCall(timestamp=timestamp, signature=signature_, content_type="", body=body)
    assert not VERIFIER.vouches_for(made_up, NOW)
