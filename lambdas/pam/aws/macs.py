"""Proofs by KMS: HMAC keys that make and verify MACs, and that nobody ever sees.

One key for each maker. Key policies, and no code here, say who may make and who may only verify.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.domain.errors import IssuerUnavailable, NotTheirs, TryAgain
from pam.domain.proofs import Maker, Signed, Statement
from pam.side_by_side import in_order

_ALGORITHM = "HMAC_SHA_256"
_MAC_BYTES = 32


class KmsSigner:
    """Implements `ports.proofs.Signer` with one HMAC_256 key."""

    def __init__(self, client: Any, maker: Maker, key_arn: str) -> None:
        self._client = client
        self._maker = maker
        self._key_arn = key_arn

    def sign(self, statement: Statement) -> str:
        if statement.maker is not self._maker:
            message = f"{self._maker} cannot vouch for this {statement.kind}"
            raise NotTheirs(message)
        try:
            answer = self._client.generate_mac(
                KeyId=self._key_arn, MacAlgorithm=_ALGORITHM, Message=statement.digest()
            )
        except TryAgain:
            raise
        except (ClientError, BotoCoreError) as error:
            raise _not_reached() from error
        return base64.b64encode(answer["Mac"]).decode()


class KmsVerifier:
    """Implements `ports.proofs.Verifier`. Remembers no answer: it asks KMS each time.

    A maker without a key, or with an empty one, has made nothing.
    """

    def __init__(self, client: Any, key_arns: Mapping[Maker, str]) -> None:
        self._client = client
        self._key_arns = key_arns

    def verify(self, signed: Sequence[Signed]) -> tuple[bool, ...]:
        return tuple(in_order(self._holds, signed))

    def _holds(self, signed: Signed) -> bool:
        maker, mac = signed.statement.maker, _decoded(signed.mac)
        key_arn = self._key_arns.get(maker, "") if maker else ""
        if mac is None or not key_arn:
            return False
        try:
            answer = self._client.verify_mac(
                KeyId=key_arn,
                MacAlgorithm=_ALGORITHM,
                Message=signed.statement.digest(),
                Mac=mac,
            )
        except self._client.exceptions.KMSInvalidMacException:
            return False
        except TryAgain:
            raise
        except (ClientError, BotoCoreError) as error:
            raise _not_reached() from error
        return bool(answer["MacValid"])


def _decoded(mac: str) -> bytes | None:
    """None for what no key of ours can have made."""
    try:
        decoded = base64.b64decode(mac, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if len(decoded) == _MAC_BYTES else None


def _not_reached() -> IssuerUnavailable:
    message = "the keys of PAM's proofs could not be asked, so nothing is given; try again"
    return IssuerUnavailable(message)
