"""Requests to the app's own address, signed as Slack signs them.

Source: docs.slack.dev/authentication/verifying-requests-from-slack (v0).
"""

import asyncio
import hashlib
import hmac
import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from local.slack.state import Slack

Json = dict[str, Any]

_AT_ONCE = 64
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_LARGEST_ANSWER = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`status` is None where nothing came back; then `reason` says why, in Slack's words."""

    status: int | None
    body: bytes = b""
    reason: str = ""
    no_retry: bool = False


def body_of(kind: str, payload: Json) -> tuple[bytes, str]:
    """The body and its content type."""
    if kind == "interactive":
        return urlencode({"payload": json.dumps(payload)}).encode(), _FORM
    if kind == "slash_commands":
        return urlencode(payload).encode(), _FORM
    return json.dumps(payload).encode(), _JSON


def sign(secret: str, timestamp: str, body: bytes) -> str:
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class Outgoing:
    """Addresses by kind of delivery; none is set at first."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="slack-http")
        self.urls: dict[str, str] = {}

    async def post(self, kind: str, payload: Json, within: float, retry: Json | None) -> Answer:
        """`retry` is None, or what the headers of a repeated event say."""
        url = self.urls.get(kind)
        if url is None:
            return Answer(status=None, reason="no_url")
        body, content_type = body_of(kind, payload)
        timestamp = str(int(self._slack.now()))
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(self._slack.secrets.signing_secret, timestamp, body),
        }
        if retry is not None:
            headers["X-Slack-Retry-Num"] = str(retry["number"])
            headers["X-Slack-Retry-Reason"] = retry["reason"]
        loop = asyncio.get_running_loop()
        posted = loop.run_in_executor(self._pool, _post, url, body, headers, within)
        try:
            return await asyncio.wait_for(posted, within)
        except TimeoutError:
            return Answer(status=None, reason="http_timeout")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _post(url: str, body: bytes, headers: dict[str, str], within: float) -> Answer:
    target = urlsplit(url)
    secure = target.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(target.hostname or "", target.port, timeout=within)
    path = f"{target.path or '/'}{'?' + target.query if target.query else ''}"
    started = time.monotonic()
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return Answer(
            status=response.status,
            body=response.read(_LARGEST_ANSWER),
            reason="" if response.status < http.client.MULTIPLE_CHOICES else "http_error",
            no_retry=response.headers.get("X-Slack-No-Retry") == "1",
        )
    except (OSError, http.client.HTTPException):
        late = time.monotonic() - started >= within
        return Answer(status=None, reason="http_timeout" if late else "connection_failed")
    finally:
        connection.close()
