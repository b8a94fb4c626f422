"""Each maker's proofs are told by its own key; where PAM is not in Slack, its door has none."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pam import wiring
from pam.domain.proofs import Kind, Maker, Signed, Statement
from pam.settings import GateSettings, WatchSettings

COMMON = {"env_name": "test", "table_name": "sessions"}
DATABASES = {"database_sslmode": "disable", "database_root_certificate": "", "vendors": ""}
KEYS = {
    "door_key_arn": "the door's",
    "admission_key_arn": "admission's",
    "activation_key_arn": "activation's",
}
MAC = base64.b64encode(b"m" * 32).decode()


class Kms:
    """Takes every MAC for one that holds, and remembers by which key."""

    class exceptions:  # noqa: N801 - as boto3 spells it
        class KMSInvalidMacException(ClientError): ...

    def __init__(self) -> None:
        self.asked: list[str] = []

    def verify_mac(self, *, KeyId: str, **_: Any) -> dict[str, bool]:  # noqa: N803 - boto3's
        self.asked.append(KeyId)
        return {"MacValid": True}


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms]:
    fake = Kms()
    monkeypatch.setattr(wiring, "own_client", lambda _: fake)
    for cached in (wiring.verifier, wiring.link_verifier):
        cached.cache_clear()
    yield fake
    for cached in (wiring.verifier, wiring.link_verifier):
        cached.cache_clear()


def by(maker: Maker) -> Signed:
    return Signed(
        statement=Statement(maker=maker, kind=Kind.VOTE, session_id="a", fields={}), mac=MAC
    )


def settings(kind: str, slack: str) -> GateSettings | WatchSettings:
    if kind == "watch":
        return WatchSettings(**COMMON, **KEYS, slack_key_arn=slack)
    return GateSettings(**COMMON, **DATABASES, **KEYS, slack_key_arn=slack)


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("kind", ["gate", "watch"])
def test_each_makers_proofs_are_asked_of_its_own_key(kms: Kms, kind: str) -> None:
    verifier = wiring.verifier(settings(kind, "Slack's"))
    for maker, key in zip(Maker, (*KEYS.values(), "Slack's"), strict=True):
        assert verifier.verify([by(maker)]) == (True,)
        assert kms.asked[-1] == key


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("kind", ["gate", "watch"])
def test_without_slack_nothing_is_its_doors(kms: Kms, kind: str) -> None:
    assert wiring.verifier(settings(kind, "")).verify([by(Maker.SLACK)]) == (False,)
    assert kms.asked == []


@pytest.mark.guarantee("G10")
def test_a_link_is_told_by_the_key_of_the_request_api_alone(kms: Kms) -> None:
    verifier = wiring.link_verifier("the door's")
    told = [verifier.verify([by(maker)]) for maker in Maker]
    assert told == [(maker is Maker.DOOR,) for maker in Maker]
    assert kms.asked == ["the door's"]
