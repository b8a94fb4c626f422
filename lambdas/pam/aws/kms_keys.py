"""Signing keys that never leave KMS."""

from typing import Any

_ED25519_BYTES = 32


class _KmsKey:
    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id
        self._public: bytes | None = None

    def _public_key(self) -> bytes:
        if self._public is None:
            answer = self._client.get_public_key(KeyId=self._key_id)
            self._public = bytes(answer["PublicKey"])
        return self._public

    def _sign(self, message: bytes, algorithm: str) -> bytes:
        answer = self._client.sign(
            KeyId=self._key_id, Message=message, MessageType="RAW", SigningAlgorithm=algorithm
        )
        return bytes(answer["Signature"])


class KmsLogSigner(_KmsKey):
    """Implements `ports.audit.LogSigner` with an ECC_NIST_P256 key."""

    def public_key(self) -> bytes:
        return self._public_key()

    def sign(self, text: str) -> bytes:
        return self._sign(text.encode(), "ECDSA_SHA_256")


class KmsAssertionKey(_KmsKey):
    """An ECC_NIST_P256 key by which PAM is known as an app of a vendor's."""

    @property
    def key_id(self) -> str:
        """Under which the vendor has its public half (`kid`)."""
        return self._key_id.rpartition("/")[2]

    def sign(self, message: bytes) -> bytes:
        """ECDSA with SHA-256 over the whole message, as DER: JWTs have the two numbers raw."""
        return self._sign(message, "ECDSA_SHA_256")


class KmsCosigner(_KmsKey):
    """Implements `ports.audit.Cosigner` with an ECC_NIST_EDWARDS25519 key."""

    def public_key(self) -> bytes:
        return self._public_key()[-_ED25519_BYTES:]

    def sign(self, message: bytes) -> bytes:
        return self._sign(message, "ED25519_SHA_512")
