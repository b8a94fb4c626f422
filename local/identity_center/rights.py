"""Who may call: the emulator's IAM decides, as AWS's does."""

import http.client
from typing import Protocol
from urllib.parse import urlsplit

from local.identity_center.wire import Answer

_WITHIN = 10.0
_SHOWN = frozenset({"content-length", "connection", "expect"})
"""Headers of one connection alone; botocore signs none of them."""


class Rights(Protocol):
    def refusal(self, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        """None if the caller may. Raises OSError: nobody could say."""


class Anybody:
    """Nobody is asked who they are: for tests of everything else."""

    def refusal(self, path: str, headers: dict[str, str], body: bytes) -> Answer | None:  # noqa: ARG002
        return None


class EmulatedRights:
    """Shows each call to the emulator as it came in, signature and all
    (`local/bridges/identity_center.py`).
    """

    def __init__(self, endpoint: str) -> None:
        self._place = urlsplit(endpoint).netloc

    def refusal(self, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        kept = {name: value for name, value in headers.items() if name.lower() not in _SHOWN}
        connection = http.client.HTTPConnection(self._place, timeout=_WITHIN)
        try:
            # `Host` goes as it came, since it is among what is signed.
            connection.request("POST", path, body=body, headers=kept)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status == http.client.OK:
            return None
        told = {"content-type": answer.headers.get("content-type", "application/json")}
        return Answer(status=answer.status, headers=told, body=content)
