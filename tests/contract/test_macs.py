"""Proofs by KMS keys, and by the keys in memory that tests use: one contract."""

import base64
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from pam.aws.clients import AwsThrottled
from pam.aws.macs import KmsSigner, KmsVerifier
from pam.domain import proofs
from pam.domain.errors import IssuerUnavailable, NotTheirs, TryAgain
from pam.domain.proofs import Kind, Maker, Signed, Statement
from tests.contract.conftest import aws
from tests.fakes.proofs import FakeKeys
from tests.fakes.story import Story

__all__ = ["aws"]

STATEMENT = proofs.of_request(Story().request())
MAC = base64.b64encode(b"m" * 32).decode()


class KmsKeys:
    """A key a maker, in moto."""

    def __init__(self) -> None:
        self.client = boto3.client("kms")
        self.arns = {
            maker: self.client.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")[
                "KeyMetadata"
            ]["Arn"]
            for maker in Maker
        }

    def of(self, maker: Maker) -> KmsSigner:
        return KmsSigner(self.client, maker, self.arns[maker])

    def verify(self, signed: list[Signed]) -> tuple[bool, ...]:
        return KmsVerifier(self.client, self.arns).verify(signed)


@pytest.fixture(params=["kms", "memory"])
def keys(request: pytest.FixtureRequest) -> Any:
    if request.param == "memory":
        return FakeKeys()
    request.getfixturevalue("aws")
    return KmsKeys()


def by(maker: Maker) -> Statement:
    return replace(STATEMENT, maker=maker)


def test_what_a_maker_signed_is_told_as_theirs(keys: Any) -> None:
    for maker in Maker:
        mac = keys.of(maker).sign(by(maker))
        assert keys.verify([Signed(statement=by(maker), mac=mac)]) == (True,)


@pytest.mark.guarantee("G2")
def test_nobody_signs_for_another(keys: Any) -> None:
    for maker in (Maker.ADMISSION, Maker.ACTIVATION, None):
        with pytest.raises(NotTheirs):
            keys.of(Maker.DOOR).sign(replace(STATEMENT, maker=maker))


@pytest.mark.guarantee("G2")
def test_what_is_altered_moved_or_of_another_key_is_told_from_what_holds(keys: Any) -> None:
    mac = keys.of(Maker.DOOR).sign(STATEMENT)
    asked = [
        Signed(statement=STATEMENT, mac=mac),
        Signed(statement=replace(STATEMENT, session_id="another"), mac=mac),
        Signed(statement=replace(STATEMENT, kind=Kind.VOTE), mac=mac),
        Signed(statement=replace(STATEMENT, fields={**STATEMENT.fields, "ticket": "x"}), mac=mac),
        Signed(statement=by(Maker.ADMISSION), mac=mac),
        Signed(statement=by(Maker.DOOR), mac=keys.of(Maker.ADMISSION).sign(by(Maker.ADMISSION))),
        Signed(statement=replace(STATEMENT, maker=None), mac=mac),
        Signed(statement=STATEMENT, mac=""),
        Signed(statement=STATEMENT, mac=mac[:-4]),
        Signed(statement=STATEMENT, mac="no base64 at all, and just long enough to"),
        Signed(statement=STATEMENT, mac=mac),
    ]
    assert keys.verify(asked) == (True, *[False] * 9, True)
    assert keys.verify([]) == ()


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("others", [{}, {Maker.SLACK: ""}], ids=["not there", "empty"])
def test_what_is_by_a_maker_without_a_key_is_refused_and_nobody_is_asked(
    others: dict[Maker, str],
) -> None:
    arns = {maker: "arn" for maker in Maker if maker is not Maker.SLACK} | others
    verifier = KmsVerifier(Kms(AssertionError("KMS was asked")), arns)
    assert verifier.verify([Signed(statement=by(Maker.SLACK), mac=MAC)]) == (False,)


class Kms:
    """Answers every call with one fault."""

    class exceptions:  # noqa: N801 - as boto3 spells it
        class KMSInvalidMacException(ClientError): ...

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    def generate_mac(self, **_: Any) -> Any:
        raise self._fault

    verify_mac = generate_mac


def fault(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "VerifyMac")


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize(
    "wrong",
    [
        fault("AccessDeniedException"),
        fault("DisabledException"),
        fault("NotFoundException"),
        fault("KMSInternalException"),
        ConnectTimeoutError(endpoint_url="x"),
    ],
    ids=str,
)
def test_a_key_that_cannot_be_asked_says_nothing_about_any_proof(wrong: Exception) -> None:
    arns = dict.fromkeys(Maker, "arn")
    with pytest.raises(IssuerUnavailable):
        KmsVerifier(Kms(wrong), arns).verify([Signed(statement=STATEMENT, mac=MAC)])
    with pytest.raises(IssuerUnavailable):
        KmsSigner(Kms(wrong), Maker.DOOR, "arn").sign(STATEMENT)


def test_too_many_calls_are_to_be_made_again() -> None:
    throttled = AwsThrottled({"Error": {"Code": "ThrottlingException"}}, "VerifyMac")
    with pytest.raises(TryAgain):
        KmsVerifier(Kms(throttled), dict.fromkeys(Maker, "arn")).verify(
            [Signed(statement=STATEMENT, mac=MAC)]
        )
    with pytest.raises(TryAgain):
        KmsSigner(Kms(throttled), Maker.DOOR, "arn").sign(STATEMENT)
