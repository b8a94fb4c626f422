"""Slack's Web API, by Slack's own client: a time limit for each call, no retry behind anybody's
back, and no redirect. It says what came of a call as an answer, or as one of `errors`.
"""

import re
import ssl
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from http.client import HTTPException
from logging import Logger, getLogger
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.client import WebClient

from pam.slack_web.errors import (
    Failing,
    Gone,
    Limited,
    Rejected,
    Silent,
    SlackFailed,
    Unauthorised,
    Unreachable,
)

_GONE = frozenset(
    {
        *("channel_not_found", "is_archived", "not_in_channel", "message_not_found"),
        *("cant_update_message", "edit_window_closed", "user_not_found", "user_not_in_channel"),
        *("user_is_bot", "user_disabled", "restricted_action", "not_found", "cannot_dm_bot"),
        *("view_not_found", "channel_is_archived", "no_dual_broadcast_content_update"),
        *("messages_tab_disabled", "user_not_visible", "users_not_found"),
    }
)
_UNAUTHORISED = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"}
)
_ITS_FAULT = frozenset(
    {"fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"}
)
_ASKS = frozenset({"auth.test", "conversations.info", "conversations.members", "users.info"})
"""Methods that only look. They take a form, and no JSON."""
_LONGEST_WAIT = 3600
_LARGEST_ANSWER = 4 * 1024 * 1024
_CHUNK = 64 * 1024
"""Bytes."""
_WORD = re.compile(r"[a-z][a-z0-9_]{0,79}", re.ASCII)
"""As Slack names its errors. Slack's client puts whatever was no JSON in the place of one."""


class Token(Protocol):
    """The bot's token: a secret that somebody may put another into."""

    def value(self) -> str: ...

    def renewed(self) -> str:
        """As the secret is now."""


class SlackWeb:
    """`base_url` with a slash at its end. May be shared by threads."""

    def __init__(self, *, base_url: str, token: Token) -> None:
        self._base_url = base_url
        self._token = token

    def call(self, method: str, arguments: Mapping[str, Any], *, timeout: float) -> dict[str, Any]:
        """What Slack answered. `timeout`: seconds until its whole answer must be there, however
        slowly it comes. Raises SlackFailed.

        A token that Slack takes no more is read anew, once: the app may have been installed again.
        """
        token = self._token.value()
        try:
            return self._in_time(method, arguments, token, timeout)
        except Unauthorised:
            renewed = self._token.renewed()
            if renewed == token:
                raise
        return self._in_time(method, arguments, renewed, timeout)

    def _in_time(
        self, method: str, arguments: Mapping[str, Any], token: str, timeout: float
    ) -> dict[str, Any]:
        """A socket waits for its time limit at each line of an answer's head: a thread does that,
        and nobody waits for it longer than once.
        """
        outcome: SimpleQueue[dict[str, Any] | BaseException] = SimpleQueue()

        def act() -> None:
            try:
                outcome.put(self._called(method, arguments, token, timeout))
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                outcome.put(error)

        Thread(target=act, daemon=True).start()
        try:
            came = outcome.get(timeout=timeout)
        except Empty:
            came = Silent("no answer: slow")
        if isinstance(came, BaseException):
            raise came from None
        return came

    def _called(
        self, method: str, arguments: Mapping[str, Any], token: str, timeout: float
    ) -> dict[str, Any]:
        made = _Client(
            token=token,
            base_url=self._base_url,
            # Its socket takes a part of a second as well.
            timeout=timeout,  # type: ignore[arg-type]
            ssl=_trusted() if self._base_url.startswith("https:") else None,
            logger=_silent(),
            retry_handlers=[],
        )
        given = dict(arguments)
        form = {"params": given, "http_verb": "GET"} if method in _ASKS else {"json": given}
        # Nothing is chained: Slack's client quotes whole answers in its errors.
        try:
            answer = made.api_call(method, **form).data
        except SlackApiError as error:
            fault = _fault(error)
        except _NO_ANSWER as error:
            fault = Silent(f"no answer: {type(error).__name__}")
        else:
            if isinstance(answer, dict):
                return answer
            fault = Unreachable("another answer than Slack's")
        raise fault from None


_NO_ANSWER = (
    *(SlackClientError, HTTPException, OSError),
    # Of what came and is no answer of Slack's.
    *(ValueError, AttributeError, RecursionError),
)


class _Client(WebClient):
    """Follows no redirect: the token would go along to wherever that leads. Of an answer it reads
    no more than any has, and no longer than a call may take, however slowly it comes.
    """

    def _perform_urllib_http_request_internal(
        self,
        url: str,  # noqa: ARG002 - the request has it
        req: Request,
    ) -> dict[str, Any]:
        """Raises OSError."""
        until = monotonic() + self.timeout
        try:
            answer = _opener(self.ssl).open(req, timeout=self.timeout)
        except HTTPError as refused:
            answer = refused
        with answer:
            body = _read(answer, until).decode(errors="replace")
            return {"status": answer.code, "headers": answer.headers, "body": body}


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """What redirects is an error, as it stands."""


@cache
def _opener(trusted: ssl.SSLContext | None) -> OpenerDirector:
    return build_opener(_NoRedirect(), *([HTTPSHandler(context=trusted)] if trusted else []))


def _read(answer: Any, until: float) -> bytes:
    read = bytearray()
    while chunk := answer.read1(_CHUNK):
        read += chunk
        if len(read) > _LARGEST_ANSWER or monotonic() > until:
            message = "a larger or slower answer than any of Slack's"
            raise TimeoutError(message)
    return bytes(read)


def _fault(error: SlackApiError) -> SlackFailed:
    response = error.response
    status = getattr(response, "status_code", 0)
    data = getattr(response, "data", None)
    said = data.get("error") if isinstance(data, dict) else None
    of_slack = isinstance(said, str) and _WORD.fullmatch(said) is not None
    word = str(said) if of_slack else f"status {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS or word in {"ratelimited", "rate_limited"}:
        return Limited(_seconds(getattr(response, "headers", {})))
    if word in _UNAUTHORISED:
        return Unauthorised(word)
    if word in _GONE:
        return Gone(word)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or word in _ITS_FAULT:
        return Failing(word)
    if not of_slack:
        # Somebody between us may have answered, whatever Slack did.
        return Silent(word)
    return Rejected(word)


def _seconds(headers: Mapping[str, Any]) -> int:
    """Of `Retry-After`; one second where Slack does not say."""
    told = {str(name).lower(): value for name, value in headers.items()}.get("retry-after", "")
    first = told[0] if isinstance(told, list) and told else told
    text = str(first)
    return min(max(int(text), 1), _LONGEST_WAIT) if text.isdecimal() and text.isascii() else 1


@cache
def _trusted() -> ssl.SSLContext:
    """Made once: reading all the certificates takes as long as a call."""
    return ssl.create_default_context()


@cache
def _silent() -> Logger:
    """At its lower levels Slack's client writes whole requests and answers."""
    logger = getLogger("pam.slack_web.sdk")
    logger.propagate = False
    logger.disabled = True
    logger.setLevel("CRITICAL")
    return logger
