"""Assertions and proofs, by the rules of their RFCs and in the fake's eyes."""

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from local.okta import jose
from pam.okta.signing import Assertions, ProofKey, public_jwk
from tests.okta.world import AppKey

NOW = datetime(2026, 3, 1, 12, 0, 0, 700_000, tzinfo=UTC)
URL = "https://bank.okta.com/oauth2/v1/token"


def parts(token: str) -> tuple[Any, Any]:
    header, claims, _ = token.split(".")
    return tuple(json.loads(urlsafe_b64decode(f"{each}==")) for each in (header, claims))  # type: ignore[return-value]


def test_an_assertion_says_who_asks_whom_and_until_when() -> None:
    key = AppKey()
    text = Assertions(client_id="0oa1", key=key).make(URL, NOW)
    header, claims = parts(text)
    assert header == {"alg": "ES256", "kid": key.key_id}
    assert claims.pop("jti")
    times = {"iat": 1772366400, "exp": 1772366700}
    assert claims == {"iss": "0oa1", "sub": "0oa1", "aud": URL} | times
    jose.read(text).check(public_jwk(key.public_key, key.key_id))
    with pytest.raises(jose.BadSignature):
        jose.read(text).check(public_jwk(AppKey().public_key, key.key_id))


def test_a_proof_is_of_one_request_and_one_token() -> None:
    key = ProofKey()
    url = "https://bank.okta.com/api/v1/groups?limit=200#x"
    text = key.proof("GET", url, NOW, nonce="n1", token="secret")
    header, claims = parts(text)
    assert header["typ"] == "dpop+jwt"
    assert "d" not in header["jwk"], "the public half alone"
    assert claims.pop("jti")
    assert claims == {
        "htm": "GET",
        "htu": "https://bank.okta.com/api/v1/groups",
        "iat": 1772366400,
        "nonce": "n1",
        "ath": "K7gNU3sdo-OL0wNhqoVWhr3g6s1xYv72ol_pe_Unols",
    }
    jose.read(text).check(header["jwk"])


def test_nothing_is_said_twice() -> None:
    key, assertions = ProofKey(), Assertions(client_id="0oa1", key=AppKey())
    made = [assertions.make(URL, NOW) for _ in range(50)]
    made += [key.proof("POST", URL, NOW, nonce="", token="") for _ in range(50)]
    assert len({parts(each)[1]["jti"] for each in made}) == 100


def test_numbers_with_leading_zeros_keep_their_length() -> None:
    """In one of a hundred signatures a half begins with a zero, which DER leaves out."""
    key = ProofKey()
    made = [key.proof("POST", URL, NOW, nonce="", token="") for _ in range(600)]
    assert {len(urlsafe_b64decode(each.split(".")[2] + "==")) for each in made} == {64}


def test_each_process_has_a_key_of_its_own() -> None:
    one, two = (parts(ProofKey().proof("POST", URL, NOW, nonce="", token=""))[0] for _ in range(2))
    assert one["jwk"] != two["jwk"]


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)],
    ids=["P-384", "RSA"],
)
def test_no_other_key_is_told_as_the_apps(key: Any) -> None:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    der = key.public_key().public_bytes(serialization.Encoding.DER, form)
    with pytest.raises(ValueError, match="P-256"):
        public_jwk(der, "k")
