"""Slack's Web API, by Slack's own client: a time limit for each call, and no retry behind anybody's
back. It says what came of a call as an answer, or as one of `errors`.
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
from typing import Any, Protocol
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.client import WebClient

from pam.slack_web.errors import (
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
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
"""What Slack's errors look like. Its client puts a page that is no JSON in the same place."""


class Token(Protocol):
    """The bot's token: a secret that somebody may put another into."""

    def value(self) -> str: ...

    def renewed(self) -> str:
        """As the secret is now."""


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """The answer stands as it is."""


class _Client(WebClient):
    """Goes nowhere else than to the address that it was given: the token would go along."""

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        del url  # it is the request's
        own = [HTTPSHandler(context=self.ssl)] if self.ssl else []
        with build_opener(_NoRedirects, *own).open(req, timeout=self.timeout) as answer:
            body = answer.read().decode(answer.headers.get_content_charset() or "utf-8")
            return {"status": answer.code, "headers": answer.headers, "body": body}


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
        """A socket waits for its time limit at each piece of an answer: a thread does that, and
        nobody waits for it longer than once.
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
        except (SlackClientError, HTTPException, OSError, ValueError, AttributeError) as error:
            fault = Silent(f"no answer: {type(error).__name__}")
        else:
            if isinstance(answer, dict):
                return answer
            fault = Unreachable("another answer than Slack's")
        raise fault from None


def _fault(error: SlackApiError) -> SlackFailed:
    response = error.response
    status = getattr(response, "status_code", 0)
    data = getattr(response, "data", None)
    said = data.get("error") if isinstance(data, dict) else None
    told = isinstance(said, str) and _WORD.fullmatch(said) is not None
    word = str(said) if told else f"status {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS or word in {"ratelimited", "rate_limited"}:
        return Limited(_seconds(getattr(response, "headers", {})))
    if word in _UNAUTHORISED:
        return Unauthorised(word)
    if word in _GONE:
        return Gone(word)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or word in _ITS_FAULT:
        return Unreachable(word)
    if not told:
        # A page of somebody between, or of Slack's own: it says nothing of what was done.
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
