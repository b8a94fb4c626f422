"""The client that modules copy: a yes is PAM's own and new; everything else is a no."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ConnectTimeoutError, CredentialRetrievalError, ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from pam_check import LONGEST_KEPT, PamCheck

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ENDPOINT = "https://abcdefghij.execute-api.eu-west-1.amazonaws.com/v1"
ALICE = "arn:aws:iam::000000000000:user/alice"
YES = {
    "allowed": True,
    "session_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "expires_at": "2026-03-01T12:10:00.000Z",
}
NO = {"allowed": False, "session_id": None, "expires_at": None}


class Pam:
    """Answers what the test says, and counts."""

    def __init__(self) -> None:
        self.now = NOON
        self.says: Any = YES
        self.status = 200
        self.asked: list[Any] = []
        self.takes = timedelta(0)

    def send(self, request: Any) -> tuple[int, bytes]:
        self.asked.append(request)
        self.now += self.takes
        if isinstance(self.says, Exception):
            raise self.says
        body = self.says if isinstance(self.says, bytes) else json.dumps(self.says).encode()
        return self.status, body

    def client(self, keep: float = 0.0, credentials: Any = None) -> PamCheck:
        return PamCheck(
            ENDPOINT,
            credentials or Credentials("AKIAEXAMPLE", "secret", "token"),
            "eu-west-1",
            keep=timedelta(seconds=keep),
            now=lambda: self.now,
            send=self.send,
        )


@pytest.fixture
def pam() -> Pam:
    return Pam()


def test_a_yes_says_by_which_session_and_until_when(pam: Pam) -> None:
    access = pam.client().check("core-ledger-admin", ALICE)
    assert (access.allowed, access.session_id) == (True, YES["session_id"])
    assert access.expires_at == NOON + timedelta(minutes=10)
    (request,) = pam.asked
    assert request.method == "GET"
    assert request.url == (
        f"{ENDPOINT}/pam/check?resource=core-ledger-admin"
        "&principal=arn%3Aaws%3Aiam%3A%3A000000000000%3Auser%2Falice"
    )
    assert "/eu-west-1/execute-api/aws4_request" in request.headers["Authorization"]
    assert "secret" not in str(request.headers)


def answer(**changes: Any) -> Callable[[Pam], None]:
    def change(pam: Pam) -> None:
        pam.says = YES | changes

    return change


def says(what: Any, status: int = 200) -> Callable[[Pam], None]:
    def change(pam: Pam) -> None:
        pam.says, pam.status = what, status

    return change


NOT_A_YES: dict[str, Callable[[Pam], None]] = {
    "a no": says(NO),
    "a refusal": says({"code": "NOT_ELIGIBLE", "detail": "not listed"}, 403),
    "the gateway's refusal": says({"message": "Forbidden"}, 403),
    "a yes with another status": says(YES, 500),
    "a redirect": says(b"", 302),
    "a timeout": says(ReadTimeoutError(endpoint_url=ENDPOINT)),
    "no connection": says(ConnectTimeoutError(endpoint_url=ENDPOINT)),
    "a broken connection": says(ConnectionResetError()),
    "credentials that cannot be had": says(
        CredentialRetrievalError(provider="container", error_msg="gone")
    ),
    "no JSON": says(b"<html>allowed</html>"),
    "not UTF-8": says(b"\xff\xfe"),
    "a list": says([YES]),
    "a text": says("allowed"),
    "an error that is a list": says([], 500),
    "a yes as text": answer(allowed="true"),
    "a yes as a number": answer(allowed=1),
    "a yes without an end": answer(expires_at=None),
    "an end that is no time": answer(expires_at="tomorrow"),
    "an end in no time zone": answer(expires_at="2026-03-01T12:10:00.000"),
    "an end that was": answer(expires_at="2026-03-01T11:59:59.999Z"),
    "an end that is now": answer(expires_at="2026-03-01T12:00:00.000Z"),
}


@pytest.mark.parametrize("what", NOT_A_YES)
def test_whatever_is_not_a_yes_is_a_no_and_is_not_kept(pam: Pam, what: str) -> None:
    NOT_A_YES[what](pam)
    client = pam.client(keep=30)
    access = client.check("core-ledger-admin", ALICE)
    assert not access.allowed
    assert bool(access.why) == (what != "a no")
    pam.says, pam.status = YES, 200
    assert client.check("core-ledger-admin", ALICE).allowed


def test_an_answer_that_came_after_the_end_is_a_no(pam: Pam) -> None:
    pam.takes = timedelta(minutes=11)
    assert not pam.client(keep=30).check("core-ledger-admin", ALICE).allowed


def test_without_credentials_nothing_is_sent(pam: Pam) -> None:
    client = PamCheck(ENDPOINT, None, "eu-west-1", now=lambda: NOON, send=pam.send)
    assert not client.check("core-ledger-admin", ALICE).allowed
    assert pam.asked == []


def test_without_keeping_each_check_asks(pam: Pam) -> None:
    client = pam.client()
    assert client.check("core-ledger-admin", ALICE).allowed
    pam.says = NO
    assert not client.check("core-ledger-admin", ALICE).allowed


def test_a_kept_yes_is_that_persons_on_that_resource_alone(pam: Pam) -> None:
    client = pam.client(keep=10)
    assert client.check("core-ledger-admin", ALICE).allowed
    pam.says = NO
    assert client.check("core-ledger-admin", ALICE).allowed
    assert not client.check("core-ledger-admin", ALICE.replace("alice", "dave")).allowed
    assert not client.check("kyc-documents-read", ALICE).allowed


def test_time_that_the_question_took_is_time_that_the_yes_is_old(pam: Pam) -> None:
    pam.takes = timedelta(seconds=3)
    client = pam.client(keep=5)
    assert client.check("core-ledger-admin", ALICE).allowed
    pam.says, pam.now = NO, NOON + timedelta(seconds=5)
    assert not client.check("core-ledger-admin", ALICE).allowed


def test_a_clock_that_is_put_back_makes_no_yes_younger(pam: Pam) -> None:
    client = pam.client(keep=10)
    assert client.check("core-ledger-admin", ALICE).allowed
    pam.says, pam.now = NO, NOON - timedelta(seconds=5)
    assert not client.check("core-ledger-admin", ALICE).allowed


@settings(max_examples=200, deadline=None)
@given(
    keep=st.integers(0, 30),
    lasts=st.integers(1, 60),
    revoked_at=st.integers(0, 60),
    steps=st.lists(st.integers(0, 15), min_size=1, max_size=12),
)
def test_a_yes_never_outlives_the_end_nor_a_revocation_by_more_than_keep(
    keep: int, lasts: int, revoked_at: int, steps: list[int]
) -> None:
    pam = Pam()
    ends = NOON + timedelta(seconds=lasts)
    revoked = NOON + timedelta(seconds=revoked_at)
    client = pam.client(keep=keep)
    for step in steps:
        pam.now += timedelta(seconds=step)
        told = YES | {"expires_at": ends.isoformat(timespec="milliseconds")}
        pam.says = told if pam.now < min(ends, revoked) else NO
        allowed = client.check("core-ledger-admin", ALICE).allowed
        if pam.now < min(ends, revoked):
            assert allowed
        if pam.now >= ends or pam.now >= revoked + timedelta(seconds=keep):
            assert not allowed


@pytest.mark.parametrize("endpoint", ["http://pam.bank.example/v1", "ftp://x", "pam.bank.example"])
def test_an_endpoint_that_somebody_on_the_way_could_answer_for_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match="not https"):
        PamCheck(endpoint, None, "eu-west-1")


def test_a_yes_is_not_kept_for_longer_than_half_a_minute() -> None:
    with pytest.raises(ValueError, match="keep"):
        PamCheck(ENDPOINT, None, "eu-west-1", keep=LONGEST_KEPT + timedelta(seconds=1))
