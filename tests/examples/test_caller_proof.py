"""A proof of who calls is for one audience and a few minutes, and STS vouches for it."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.credentials import Credentials

from caller_proof import GOOD_FOR, NotProvenError, ProofReader, make_proof

STS, REGION, AUDIENCE = "https://sts.eu-west-1.amazonaws.com", "eu-west-1", "consumer-example-dev"
ALICE = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_X_0123456789abcdef/alice"
KEYS = Credentials("ASIAEXAMPLE00000", "secret", "session-token")
ANSWER = f"<R><GetCallerIdentityResult><Arn>{ALICE}</Arn></GetCallerIdentityResult></R>".encode()


class Sts:
    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answer: Any = (200, ANSWER)

    def send(self, request: Any) -> tuple[int, bytes]:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        status, body = self.answer
        return int(status), bytes(body)


def reader(sts: Sts, late: timedelta = timedelta(0), audience: str = AUDIENCE) -> ProofReader:
    return ProofReader(
        audience=audience,
        region=REGION,
        sts=STS,
        send=sts.send,
        now=lambda: datetime.now(UTC) + late,
    )


def proof() -> str:
    return make_proof(KEYS, AUDIENCE, region=REGION, sts=STS)


def test_sts_is_asked_by_the_callers_signature_and_says_who_it_is() -> None:
    sts = Sts()
    assert reader(sts).principal(proof()) == ALICE
    (request,) = sts.asked
    assert request.url == f"{STS}/"
    assert request.headers["X-Bank-Audience"] == AUDIENCE
    assert request.headers["X-Amz-Security-Token"] == "session-token"
    assert request.body == "Action=GetCallerIdentity&Version=2011-06-15"


def test_the_secret_key_is_not_in_it() -> None:
    sent = json.loads(base64.urlsafe_b64decode(proof()))
    assert set(sent) == {"Authorization", "X-Amz-Date", "X-Amz-Security-Token"}
    assert "secret" not in json.dumps(sent)


def test_the_audience_that_sts_is_shown_is_the_apis_own_so_the_signature_fails_for_another() -> (
    None
):
    sts = Sts()
    reader(sts, audience="another-api").principal(proof())
    assert sts.asked[0].headers["X-Bank-Audience"] == "another-api"
    assert "x-bank-audience" in sts.asked[0].headers["Authorization"]


def changed(**headers: str | None) -> str:
    sent = json.loads(base64.urlsafe_b64decode(proof()))
    for name, value in headers.items():
        sent[name.replace("_", "-")] = value
    return base64.urlsafe_b64encode(json.dumps(sent).encode()).decode()


def without_audience() -> str:
    signature = json.loads(base64.urlsafe_b64decode(proof()))["Authorization"]
    return changed(Authorization=signature.replace("x-bank-audience", "x-bank-other"))


WRONG: dict[str, Callable[[], str]] = {
    "nothing": str,
    "no base64": lambda: "%%%",
    "no JSON": lambda: base64.urlsafe_b64encode(b"alice").decode(),
    "a list": lambda: base64.urlsafe_b64encode(b"[]").decode(),
    "a name": lambda: base64.urlsafe_b64encode(b'{"Authorization": "alice"}').decode(),
    "no date": lambda: changed(X_Amz_Date=None),
    "a header that ends in another one": lambda: changed(X_Amz_Date="20260301T120000Z\r\nX: y"),
    "a token with a line break": lambda: changed(X_Amz_Security_Token="a\r\nHost: evil"),
    "a token that is no text": lambda: changed(X_Amz_Security_Token=None),
    "one that signs no audience": without_audience,
    "one for another service": lambda: changed(
        Authorization="AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE00000/20260301/eu-west-1/s3/"
        f"aws4_request, SignedHeaders=host;x-amz-date;x-bank-audience, Signature={'0' * 64}"
    ),
    "one of another region": lambda: make_proof(KEYS, AUDIENCE, region="us-east-1", sts=STS),
    "a very long one": lambda: "A" * 10_000,
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_proof_is_not_shown_to_sts(what: str) -> None:
    sts = Sts()
    with pytest.raises(NotProvenError):
        reader(sts).principal(WRONG[what]())
    assert sts.asked == []


@pytest.mark.parametrize(
    "late", [GOOD_FOR + timedelta(seconds=5), -GOOD_FOR - timedelta(seconds=5)]
)
def test_a_proof_that_is_not_of_these_minutes_is_none(late: timedelta) -> None:
    sts = Sts()
    with pytest.raises(NotProvenError, match="five minutes"):
        reader(sts, late).principal(proof())
    assert sts.asked == []


ANSWERS: dict[str, Any] = {
    "a refusal": (403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"),
    "a refusal that names somebody": (403, ANSWER),
    "something else": (200, b"<html></html>"),
    "no connection": OSError("down"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_for_whom_sts_does_not_vouch_is_nobody(answer: str) -> None:
    sts = Sts()
    sts.answer = ANSWERS[answer]
    with pytest.raises(NotProvenError):
        reader(sts).principal(proof())
