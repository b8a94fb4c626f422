"""Okta's System Log: what was done, by whom, told after a while."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.okta.directory import App, Group, User

Json = dict[str, Any]

_TOKEN = re.compile(r'\s*(\(|\)|"[^"]*"|[\w.]+)')
_ADDED, _REMOVED = "group.user_membership.add", "group.user_membership.remove"
Test = Callable[[Json], bool]


class BadFilter(ValueError):
    """Not a filter of `NAME eq "VALUE"`, `and`, `or` and brackets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: float
    content: Json


class SystemLog:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def membership(
        self, app: App | None, user: User, group: Group, *, member: bool, at: float
    ) -> None:
        """`app` None: a rule, or a person in the console."""
        kind, said = (_ADDED, "Add") if member else (_REMOVED, "Remove")
        by = _by_app(app) if app else _BY_OKTA
        targets = [_of_user(user), _of_group(group)]
        self._tell(kind, f"{said} user to group membership", by, targets, at)

    def sessions_ended(self, app: App, user: User, *, at: float) -> None:
        self._tell("user.session.clear", "Clear user session", _by_app(app), [_of_user(user)], at)

    def token(self, client_id: str, error: str, *, at: float) -> None:
        """A token was given, or with `error` refused."""
        by = {"id": client_id, "type": "PublicClientApp", "displayName": client_id}
        self._tell("app.oauth2.token.grant", "OAuth 2.0 token request", by, [], at, error=error)

    def _tell(
        self, kind: str, said: str, by: Json, targets: list[Json], at: float, *, error: str = ""
    ) -> None:
        outcome = {"result": "FAILURE", "reason": error} if error else {"result": "SUCCESS"}
        content = {
            "uuid": secrets.token_hex(16),
            "published": datetime.fromtimestamp(at, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "eventType": kind,
            "version": "0",
            "severity": "WARN" if error else "INFO",
            "displayMessage": said,
            "actor": by | {"alternateId": "unknown"},
            "outcome": outcome,
            "target": targets,
            "transaction": {"type": "WEB", "id": secrets.token_hex(12), "detail": {}},
        }
        self.events.append(Event(at=at, content=content))


_BY_OKTA = {"id": "okta", "type": "SystemPrincipal", "displayName": "Okta System"}


def _by_app(app: App) -> Json:
    return {"id": app.client_id, "type": "PublicClientApp", "displayName": app.label}


def _of_user(user: User) -> Json:
    name = f"{user.first} {user.last}"
    return {"id": user.id, "type": "User", "alternateId": user.login, "displayName": name}


def _of_group(group: Group) -> Json:
    return {
        "id": group.id,
        "type": "UserGroup",
        "alternateId": "unknown",
        "displayName": group.name,
    }


def filter_of(text: str) -> Test:
    """Raises BadFilter."""
    tokens = _TOKEN.findall(text)
    if _TOKEN.sub("", text).strip():
        raise BadFilter(text)
    test = _any_of(tokens) if tokens else (lambda _event: True)
    if tokens:
        raise BadFilter(text)
    return test


def _any_of(tokens: list[str]) -> Test:
    tests = [_all_of(tokens)]
    while tokens and tokens[0] == "or":
        tokens.pop(0)
        tests.append(_all_of(tokens))
    return lambda event: any(test(event) for test in tests)


def _all_of(tokens: list[str]) -> Test:
    tests = [_one(tokens)]
    while tokens and tokens[0] == "and":
        tokens.pop(0)
        tests.append(_one(tokens))
    return lambda event: all(test(event) for test in tests)


def _one(tokens: list[str]) -> Test:
    if tokens and tokens[0] == "(":
        tokens.pop(0)
        test = _any_of(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise BadFilter(")")
        return test
    if len(tokens) < 3 or tokens[1] != "eq" or not tokens[2].startswith('"'):  # noqa: PLR2004
        raise BadFilter(" ".join(tokens))
    name, value = tokens[0], tokens[2].strip('"')
    del tokens[:3]
    return lambda event: value in _values(event, name.split("."))


def _values(found: Any, names: list[str]) -> list[Any]:
    if isinstance(found, list):
        return [value for each in found for value in _values(each, names)]
    if not names:
        return [found]
    return _values(found.get(names[0]), names[1:]) if isinstance(found, dict) else []
