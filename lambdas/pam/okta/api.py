"""The few calls of Okta's management API that lending a group needs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from pam.domain.errors import TryAgain
from pam.okta import answers
from pam.okta.budget import Budget
from pam.okta.connection import Clock, Connection
from pam.okta.errors import Limited, Locked, OktaFailed, Refused, TooLong, Unanswered
from pam.okta.hosts import base_url
from pam.okta.signing import Assertions, ClientKey
from pam.okta.tokens import Tokens
from pam.okta.transport import HttpTransport, Reply, Transport

LEND = "okta.groups.manage okta.groups.read okta.users.read"
READ_ROLES, END_SESSIONS = "okta.roles.read", "okta.users.manage"
"""Scopes. What only some calls need is a token of its own: an app that lacks it can do the rest."""
_MOST_PAGES = 50
"""Of a list: ten thousand members, or rules."""
_MOST_PAGES_OF_A_LOOK = 10
"""Where one user is looked for among two thousand members, several times within one call."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    user_id: str
    login: str
    status: str
    """As Okta says it: ACTIVE, or why they cannot sign in."""


class OktaApi:
    """Of one app, in one process. `url` takes the place of each organisation's host, on this
    machine alone. `leave`: which part of each of Okta's limits this app leaves to others.
    """

    def __init__(
        self,
        *,
        client_id: str,
        key: ClientKey,
        url: str,
        clock: Clock,
        leave: float = 0.0,
        transport: Transport | None = None,
    ) -> None:
        self._assertions = Assertions(client_id=client_id, key=key)
        self._url, self._clock, self._leave = url, clock, leave
        self._transport = transport or HttpTransport()
        self._connected: dict[str, tuple[Connection, Tokens]] = {}

    def __repr__(self) -> str:
        return f"OktaApi({self._assertions.client_id!r})"

    def at(self, organisation: str, budget: Budget) -> "Organisation":
        """For one call. Raises ValueError if that is no organisation's host."""
        if organisation not in self._connected:
            connection = Connection(
                base_url(organisation, self._url),
                transport=self._transport,
                clock=self._clock,
                leave=self._leave,
            )
            self._connected[organisation] = connection, Tokens(connection, self._assertions)
        return Organisation(*self._connected[organisation], budget)


class Organisation:
    """Raises errors of `pam.okta.errors`, all of them."""

    def __init__(self, connection: Connection, tokens: Tokens, budget: Budget) -> None:
        self._connection, self._tokens, self.budget = connection, tokens, budget

    def user(self, named: str) -> User:
        """By id or login. Raises Gone."""
        what = "read a user"
        found = self._read(f"/api/v1/users/{_quoted(named)}", LEND, what)
        profile = found.get("profile") if isinstance(found, dict) else None
        login = profile.get("login") if isinstance(profile, dict) else None
        status = found.get("status") if isinstance(found, dict) else None
        if not isinstance(login, str) or not isinstance(status, str):
            raise _strange(what)
        return User(user_id=_id_in(found, what), login=login, status=status)

    def group_type(self, group: str) -> str:
        """Raises Gone."""
        what = "read a group"
        found = self._read(f"/api/v1/groups/{_quoted(group)}", LEND, what)
        kind = found.get("type") if isinstance(found, dict) else None
        if not isinstance(kind, str) or _id_in(found, what) != group:
            raise _strange(what)
        return kind

    def rules_feeding(self, group: str) -> list[str]:
        """Ids of the rules that make members of it, also of those that are switched off: somebody
        may switch them on.
        """
        what = "read group rules"
        rules = self._listed("/api/v1/groups/rules", {"limit": "200"}, LEND, what)
        return [_id_in(rule, what) for rule in rules if group in _fed_by(rule, what)]

    def has_admin_roles(self, group: str) -> bool:
        what = "read a group's roles"
        found = self._read(f"/api/v1/groups/{_quoted(group)}/roles", READ_ROLES, what)
        if not isinstance(found, list):
            raise _strange(what)
        return bool(found)

    def is_group_of(self, user: str, group: str) -> bool:
        """By the list of the user's groups. Raises Gone."""
        what = "read a user's groups"
        groups = self._listed(f"/api/v1/users/{_quoted(user)}/groups", {}, LEND, what)
        return any(_id_in(each, what) == group for each in groups)

    def is_member_of(self, user: str, group: str) -> bool:
        """By the list of the group's members. Raises Gone; TooLong if that goes on, and they are
        not among the first two thousand.
        """
        return any(each == user for each in self._members(group, _MOST_PAGES_OF_A_LOOK))

    def members(self, group: str) -> set[str]:
        """Ids of users. Raises Gone, TooLong."""
        return set(self._members(group, _MOST_PAGES))

    def add(self, user: str, group: str) -> None:
        """Again is no error."""
        self._change("PUT", _membership(user, group), LEND, "add a member")

    def remove(self, user: str, group: str) -> None:
        """Of who is no member: no error. Raises Gone."""
        self._change("DELETE", _membership(user, group), LEND, "remove a member")

    def end_sessions(self, user: str) -> None:
        """On all devices, and what apps were given to act for the user. Which devices Okta knows
        them by stays: that is no access. Raises Gone.
        """
        query = urlencode({"oauthTokens": "true", "forgetDevices": "false"})
        path = f"/api/v1/users/{_quoted(user)}/sessions?{query}"
        self._change("DELETE", path, END_SESSIONS, "end a user's sessions")

    def _members(self, group: str, most_pages: int) -> Iterator[str]:
        what = "read a group's members"
        path = f"/api/v1/groups/{_quoted(group)}/users"
        for each in self._listed(path, {"limit": "200"}, LEND, what, most_pages):
            yield _id_in(each, what)

    def _read(self, path: str, scope: str, what: str) -> Any:
        reply = self._answered("GET", f"{self._connection.base}{path}", scope, what)
        found = answers.document_of(reply)
        if found is None or reply.status != HTTPStatus.OK:
            raise _strange(what)
        return found

    def _listed(
        self,
        path: str,
        query: Mapping[str, str],
        scope: str,
        what: str,
        most_pages: int = _MOST_PAGES,
    ) -> Iterator[Any]:
        """All of it, page by page. Raises TooLong."""
        url: str | None = f"{self._connection.base}{path}"
        if query:
            url = f"{url}?{urlencode(query)}"
        for _ in range(most_pages):
            if url is None:
                return
            reply = self._answered("GET", url, scope, what)
            found = answers.document_of(reply)
            if not isinstance(found, list) or reply.status != HTTPStatus.OK:
                raise _strange(what)
            yield from found
            url = answers.next_page(reply, url)
        if url is not None:
            message = f"a list that PAM does not read to its end: {what}"
            raise TooLong(message)

    def _change(self, method: str, path: str, scope: str, what: str) -> None:
        if not self.budget.change:
            message = f"there is no time left to {what}"
            raise Limited(message)
        reply = self._answered(method, f"{self._connection.base}{path}", scope, what)
        if reply.status != HTTPStatus.NO_CONTENT:
            raise _strange(what)

    def _answered(self, method: str, url: str, scope: str, what: str) -> Reply:
        """Of a token that Okta takes no more there is a new one, once. Of a try whose answer was
        lost nobody knows that it was not done, whatever a later one is told.
        """
        self._connection.leave_room(what, self.budget)
        lost: list[str] = []
        try:
            reply = self._asked(method, url, scope, lost)
            if reply.status == HTTPStatus.UNAUTHORIZED:
                self._tokens.forget(scope)
                reply = self._asked(method, url, scope, lost)
        except (Limited, Locked, TryAgain) as fault:
            if not lost:
                raise
            then = fault.says if isinstance(fault, OktaFailed) else "no key signs for PAM just now"
            message = f"Okta did not answer: {lost[0]}; then: {then}"
            raise Unanswered(message) from None
        self._connection.take_note(what, reply)
        answers.check(reply, what)
        return reply

    def _asked(self, method: str, url: str, scope: str, lost: list[str]) -> Reply:
        def attempt() -> Reply:
            token = self._tokens.get(scope, self.budget)
            try:
                reply = self._connection.send(method, url, self.budget, {}, token=token)
            except Unanswered as fault:
                lost.append(fault.says)
                raise
            if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                lost.append(f"status {reply.status}")
            return reply

        return self._connection.tried(attempt, self.budget)


def _membership(user: str, group: str) -> str:
    return f"/api/v1/groups/{_quoted(group)}/users/{_quoted(user)}"


def _quoted(part: str) -> str:
    """One part of a path, whatever somebody is called. Raises Refused."""
    if part in {"", ".", ".."} or "/" in part or not part.isprintable():
        message = "Okta finds nobody of such a name; give the user's id"
        raise Refused(message)
    return quote(part, safe="")


def _id_in(found: Any, what: str) -> str:
    named = found.get("id") if isinstance(found, dict) else None
    if not isinstance(named, str) or _ID.fullmatch(named) is None:
        raise _strange(what)
    return named


def _fed_by(rule: Any, what: str) -> list[Any]:
    """Groups that a rule makes members of. A rule that says none would be none of Okta's."""
    found: Any = rule
    for name in ("actions", "assignUserToGroups", "groupIds"):
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, list):
        raise _strange(what)
    return found


def _strange(what: str) -> Unanswered:
    return Unanswered(f"another answer than Okta's to: {what}")
