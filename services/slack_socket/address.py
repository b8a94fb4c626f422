"""Asks Slack for the address of a connection. Each is good once, and is a secret until then."""

import re
import ssl
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from slack_socket.settings import Settings, is_loopback
from slack_socket.silence import SILENT

_ANSWERS_WITHIN = 3
_TOO_MANY_REQUESTS = 429
_WAITS = 30.0
"""Seconds, where Slack does not say for how long."""
_ERROR = re.compile(r"[a-z_]{1,64}", re.ASCII)
_HOPELESS = frozenset(
    {
        "account_inactive",
        "app_missing",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "socket_mode_not_enabled",
        "token_expired",
        "token_revoked",
    }
)


class NoAddress(Exception):
    """`error` is Slack's own word, or the kind of a fault; nothing else of it is kept."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class MustWait(NoAddress):
    def __init__(self, seconds: float) -> None:
        super().__init__("ratelimited")
        self.seconds = seconds


class Hopeless(NoAddress):
    """It is the same next time, until a person changes something."""


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """The answer stands as it is."""


class _Client(WebClient):
    """Goes nowhere else than to the address that it was given, for the token would go along; and by
    no proxy, as the connection itself goes by none.
    """

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        del url  # it is the request's
        opener = build_opener(_NoRedirects, ProxyHandler({}), HTTPSHandler(context=self.ssl))
        with opener.open(req, timeout=self.timeout) as answer:
            body = answer.read().decode(answer.headers.get_content_charset() or "utf-8")
            return {"status": answer.code, "headers": answer.headers, "body": body}


class Addresses:
    def __init__(self, settings: Settings, tls: ssl.SSLContext) -> None:
        self._token = settings.app_token
        self._slack_host = urlsplit(settings.slack_api_url).hostname or ""
        self._web = _Client(
            base_url=settings.slack_api_url,
            timeout=_ANSWERS_WITHIN,
            ssl=tls,
            retry_handlers=[],
            logger=SILENT,
        )

    def next(self) -> str:
        """Raises NoAddress."""
        try:
            answer = self._web.apps_connections_open(app_token=self._token)
        except SlackApiError as error:
            raise _told(error) from None
        except Exception as error:  # noqa: BLE001 - the library lets through what urllib raises
            raise NoAddress(type(error).__name__) from None
        url = answer.get("url")
        if not isinstance(url, str) or not self._is_slacks(url):
            raise NoAddress("address_of_somebody_else")
        return url

    def _is_slacks(self, url: str) -> bool:
        """Slack's client speaks without TLS on any port but 443, so no other is gone to."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if is_loopback(self._slack_host):
            return parts.scheme == "ws" and is_loopback(host)
        own = host == self._slack_host or host.endswith(f".{self._slack_host}")
        return parts.scheme == "wss" and port in {None, 443} and own


def _told(error: SlackApiError) -> NoAddress:
    """The answer is the library's object, or a bare dict where it was no JSON."""
    answer = error.response
    status, headers = _part(answer, "status_code", "status"), _part(answer, "headers", "headers")
    said = answer.get("error") if hasattr(answer, "get") else None
    word = said if isinstance(said, str) and _ERROR.fullmatch(said) else f"status_{status}"
    if word == "ratelimited" or status == _TOO_MANY_REQUESTS:
        return MustWait(_seconds(headers))
    return Hopeless(word) if word in _HOPELESS else NoAddress(word)


def _part(answer: object, attribute: str, key: str) -> object:
    if isinstance(answer, dict):
        return answer.get(key)
    return getattr(answer, attribute, None)


def _seconds(headers: object) -> float:
    given = headers.items() if isinstance(headers, dict) or hasattr(headers, "items") else ()
    for name, value in given:
        said = value[0] if isinstance(value, list) and value else value
        if str(name).lower() == "retry-after" and re.fullmatch(r"[0-9]{1,5}", str(said), re.ASCII):
            return float(said)
    return _WAITS
