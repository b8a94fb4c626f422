"""Access tokens: asked for with an assertion and a proof, kept in memory, bound to this process."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from pam.okta.answers import document_of
from pam.okta.budget import Budget
from pam.okta.connection import Connection
from pam.okta.errors import Limited, Locked, Refused, Unanswered
from pam.okta.signing import Assertions
from pam.okta.transport import Reply

_PATH = "/oauth2/v1/token"
_USED = 0.8
"""Part of its life after which a token is renewed."""
_LONGEST_LIFE = 24 * 3600
_WORD = re.compile(r"[a-z_]{1,40}", re.ASCII)
"""As OAuth names its errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    value: str = field(repr=False)
    renew_at: datetime


class Tokens:
    """Of one app at one organisation, by what they are for."""

    def __init__(self, connection: Connection, assertions: Assertions) -> None:
        self._connection = connection
        self._assertions = assertions
        self._kept: dict[str, Token] = {}

    def __repr__(self) -> str:
        return f"Tokens({sorted(self._kept)})"

    def get(self, scopes: str, budget: Budget) -> str:
        """Secret. `scopes` with blanks between. Raises Locked, Refused."""
        kept = self._kept.get(scopes)
        if kept is None or kept.renew_at <= self._connection.clock():
            kept = self._kept[scopes] = self._asked_for(scopes, budget)
        return kept.value

    def forget(self, scopes: str) -> None:
        """Okta takes it no more."""
        self._kept.pop(scopes, None)

    def _asked_for(self, scopes: str, budget: Budget) -> Token:
        asked_at = self._connection.clock()
        try:
            reply = self._connection.tried(lambda: self._ask(scopes, budget), budget)
        except (Limited, Unanswered) as fault:
            message = f"Okta gives PAM no token just now: {fault.says}"
        else:
            return _token_in(reply, asked_at)
        raise Locked(message)

    def _ask(self, scopes: str, budget: Budget) -> Reply:
        url = f"{self._connection.base}{_PATH}"
        form = {
            "grant_type": "client_credentials",
            "scope": scopes,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertions.make(url, self._connection.clock()),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._connection.send("POST", url, budget, headers, urlencode(form).encode())


def _token_in(reply: Reply, asked_at: datetime) -> Token:
    answer = document_of(reply)
    if reply.status != HTTPStatus.OK:
        error = answer.get("error") if isinstance(answer, dict) else None
        named = isinstance(error, str) and _WORD.fullmatch(error) is not None
        message = f"Okta gives PAM no token: {error if named else f'status {reply.status}'}"
        raise Refused(message)
    value, kind, life = (
        (answer.get("access_token"), answer.get("token_type"), answer.get("expires_in"))
        if isinstance(answer, dict)
        else (None, None, None)
    )
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
        message = "Okta's answer has no token"
        raise Locked(message)
    if kind != "DPoP":
        message = "Okta gives a token that others could use: the app must demand DPoP"
        raise Refused(message)
    if not isinstance(life, int) or not 0 < life <= _LONGEST_LIFE:
        message = "Okta's answer does not say how long its token lives"
        raise Locked(message)
    return Token(value=value, renew_at=asked_at + timedelta(seconds=life * _USED))
