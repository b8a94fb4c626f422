"""One request, one answer: no retry, no redirect, bounded in size and in time. On urllib3, which
every function is shipped with, because AWS's own client needs it.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from time import monotonic
from typing import Protocol

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from pam.okta.errors import Unanswered

_LARGEST_ANSWER = 4 * 1024 * 1024
_CHUNK = 64 * 1024
"""Bytes. Two hundred members, with all that an organisation keeps of them, are less than one MB."""
_CONNECT = 3.0
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`headers` by their names in lower case; several of one name with commas between them."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


class Transport(Protocol):
    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Reply:
        """`timeout`: seconds until the whole answer must be there. Raises Unanswered."""


class HttpTransport:
    """Connections are kept for the next request. Not to be shared by threads."""

    def __repr__(self) -> str:
        return "HttpTransport()"

    @cached_property
    def _pool(self) -> PoolManager:
        """Made when it is first needed: to read all the certificates takes as long as a call."""
        return PoolManager(num_pools=2, retries=False, ssl_context=ssl.create_default_context())

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Reply:
        # Nothing is chained: errors of a client may hold the request, with all its headers.
        try:
            return self._sent(method, url, headers, body, timeout)
        except (HTTPError, OSError, ValueError) as error:
            fault = type(error).__name__
        message = f"no answer: {fault}"
        raise Unanswered(message)

    def _sent(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Reply:
        until = monotonic() + timeout
        answer = self._pool.request(
            method,
            url,
            # Nothing packed: what it unpacks to is not what was counted.
            headers={**headers, "Accept-Encoding": "identity"},
            body=body or None,
            redirect=False,
            retries=False,
            timeout=Timeout(connect=min(_CONNECT, timeout), read=timeout),
            preload_content=False,
            decode_content=False,
        )
        read = bytearray()
        try:
            while chunk := answer.read1(_CHUNK):
                read += chunk
                _check_bounds(len(read), until)
        except BaseException:
            answer.close()
            raise
        answer.release_conn()
        named = {name.lower(): answer.headers[name] for name in answer.headers}
        return Reply(status=answer.status, headers=named, body=bytes(read))


def _check_bounds(size: int, until: float) -> None:
    if size > _LARGEST_ANSWER or monotonic() > until:
        message = "a larger or slower answer than any of Okta's"
        raise OSError(message)
