"""Okta's own SDK calls this Okta: its assertions, proofs and nonces are those of a real caller."""

import json
import subprocess
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from local.okta import jose
from local.state import ROOT
from tests.local.okta.calling import ALICE, GROUP, ISSUER, SCOPES
from tests.local.okta.running import Running, listening

pytestmark = pytest.mark.enable_socket

_PYTHON = ROOT / ".pam" / "opinions" / "bin" / "python"
KID = "rsa-1"


def jwk(key: rsa.RSAPrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    n, e = (
        jose.encoded(it.to_bytes((it.bit_length() + 7) // 8, "big"))
        for it in (numbers.n, numbers.e)
    )
    return {"kty": "RSA", "n": n, "e": e, "kid": KID}


def called(running: Running, key: rsa.RSAPrivateKey) -> Any:
    """The members that the SDK sees: after it put alice in, and after it took her out."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    asked = {
        "url": running.about["url"].rstrip("/"),
        "client_id": ISSUER,
        "scopes": SCOPES.split(),
        "key": pem,
        "kid": KID,
        "group": GROUP,
        "user": ALICE,
    }
    done = subprocess.run(
        [_PYTHON, ROOT / "gates" / "okta_client.py"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_sdk_proves_itself_and_its_retry_with_a_used_proof_is_refused() -> None:
    """As is reported of it: it repeats a call that was limited with the proof of the first one."""
    key = rsa.generate_private_key(65537, 2048)
    with listening() as running:
        running.control.register_key(ISSUER, jwk(key))
        running.control.knobs(limited={"unassignUserFromGroup": 1}, reset_in=0)
        assert called(running, key) == [[ALICE], [ALICE]]
        calls = [(it["operation"], it["status"]) for it in running.control.calls()]
    assert calls == [
        ("token", 400),
        ("token", 200),
        ("assignUserToGroup", 204),
        ("listGroupUsers", 200),
        ("unassignUserFromGroup", 429),
        ("unassignUserFromGroup", 400),
        ("listGroupUsers", 200),
    ]


def test_the_sdk_is_refused_with_a_key_that_was_not_registered() -> None:
    key, other = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    with listening() as running:
        running.control.register_key(ISSUER, jwk(other))
        assert [it.count("invalid_client") for it in called(running, key)] == [1, 1]
        assert running.control.members(GROUP) == []
