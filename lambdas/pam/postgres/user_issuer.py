"""A database user for each session: its own name in the server's log, its own end.

Made without a login and with an end (`VALID UNTIL`, which the server itself keeps for new logins);
a lease gives it a password nobody has seen before, which stands nowhere; the end takes the login
away, cuts its connections and sees a login refused. Only then it looks at what the user left, and
removes the user if that is a matter of a moment.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg

from pam.domain.ending import ReceiptMethod
from pam.domain.errors import Conflict, IssuerUnavailable, Unreached
from pam.domain.ids import session_of_database_user
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.ports.targets import DatabaseLogin, LoginCredentials, LoginSecrets, Receipt
from pam.postgres import left_behind, session_user
from pam.postgres.login import Connection, Databases, unavailable, verifier
from pam.postgres.room import DEFAULT_LIMIT, check_powers, check_room

_A_SECOND = timedelta(seconds=1)
_PASSWORD_BYTES = 32

TokenSource = Callable[[DatabaseLogin, str], str]
"""`(login, region)` -> a token that RDS takes for a password."""


class PostgresUserIssuer:
    """Implements `ports.targets.Issuer` for `postgres-user`."""

    def __init__(self, logins: LoginSecrets, databases: Databases, rds_token: TokenSource) -> None:
        self._logins = logins
        self._databases = databases
        self._rds_token = rds_token

    def reserve(self, session: Session, now: datetime) -> None:
        """Any number of sessions may be in a database at once, each with its own user."""

    def activate(self, session: Session, now: datetime) -> None:
        """The session's end is not known yet, so what is armed here is the latest that it can be;
        the lease, which first makes a login possible, sets the exact end in the same statement.
        """
        latest = now + session.target.row.deadlines.making + session.duration + _A_SECOND
        group, user = session.target.settings["group_role"], session_user.name_of(session)
        limit = int(session.target.settings.get("connection_limit", DEFAULT_LIMIT))
        try:
            login = self._login(session.target)
        except IssuerUnavailable as fault:
            raise Unreached(fault.detail) from fault
        with (
            self._databases.reached(login) as connection,
            unavailable("the database user could not be made"),
        ):
            check_powers(connection, group)
            check_room(connection, group, limit, user=user)
            session_user.make(connection, user, group, latest, limit)

    def lease(self, session: Session, now: datetime) -> LoginCredentials:
        """Sets a new password. An earlier lease's logs in no more; its open connections go on.

        Raises Conflict while the session has as many connections open as it may.
        """
        if session.expires_at is None:
            message = "the session has no end; no credentials are given"
            raise IssuerUnavailable(message)
        issuer, user = self._login(session.target), session_user.name_of(session)
        given = replace(issuer, username=user, password=secrets.token_urlsafe(_PASSWORD_BYTES))
        with self._databases.opened(issuer, "the password could not be set") as connection:
            if session_user.has_all_its_connections(connection, user):
                # Before the password of now is replaced by one that could not be seen to work.
                message = "the session has all its connections open; close one and ask again"
                raise Conflict(message, session_id=session.session_id)
            made = verifier(connection, user, given.password)
            if not session_user.give_login(connection, user, made, session.expires_at):
                message = "the session's database user is shut or was dropped by somebody"
                raise IssuerUnavailable(message)
        if not self._databases.lets_in(given):
            message = "the database does not let the session's user in"
            raise IssuerUnavailable(message)
        return LoginCredentials(
            secret_arn=session.target.arn,
            username=user,
            password=given.password,
            host=given.host,
            port=given.port,
            dbname=given.dbname,
            expires_at=session.expires_at,
            sslmode=self._databases.sslmode,
            sslrootcert=self._databases.trusted_certificates,
        )

    def end(self, session: Session, now: datetime) -> Receipt:
        """Shut, cut, and seen to be refused. What comes after that cannot hold up the end.

        What says that the access is over is the login: a user that cannot be dropped now stays
        without one, and without its group, until the tick or a search removes it.
        """
        issuer, user = self._login(session.target), session_user.name_of(session)
        group = session.target.settings["group_role"]
        cut = session_user.shut(self._databases, issuer, user, group)
        with self._seen_refused(issuer, user) as connection:
            left, kept = ([], "") if cut is None else self._left(session, connection)
        where = f"{issuer.host}:{issuer.port}/{issuer.dbname}"
        fate = "no such user was there" if cut is None else "dropped"
        if kept:
            fate = f"kept without a login ({kept})"
        told = left_behind.bounded(left)
        found = f", left: {'; '.join(told)}" if told else ""
        return Receipt(
            method=ReceiptMethod.LOGIN_REFUSED,
            evidence=(
                f"{user} at {where}: {fate}, {cut or 0} connection(s) cut, login refused{found}"
            ),
            traces_until=now if kept and self._can_clear(session, left) else None,
            left=told,
        )

    def clear_traces(self, session: Session, now: datetime) -> None:
        """Hands on what a shut user owns and drops it; one that was made too late is shut first."""
        issuer, user = self._login(session.target), session_user.name_of(session)
        group, heir = session.target.settings["group_role"], _heir(session.target)
        if session_user.shut(self._databases, issuer, user, group) is None:
            return
        purpose = "the database user could not be removed"
        with self._databases.opened(issuer, purpose) as connection:
            elsewhere = session_user.databases_of(connection, user)
            session_user.hand_on(connection, user, heir)
            for name in elsewhere:
                if name != issuer.dbname:
                    with self._databases.connect(replace(issuer, dbname=name)) as other:
                        session_user.hand_on(other, user, heir)
            session_user.drop(connection, user)

    def sessions_at(self, target: Target) -> list[str]:
        """Of users in the group, and of users in no group any more that can be removed."""
        issuer = self._login(target)
        with self._databases.opened(issuer, "the database could not be searched") as connection:
            users = {
                *session_user.members(connection, target.settings["group_role"]),
                *session_user.left_over(connection, with_an_heir=bool(_heir(target))),
            }
        found = (session_of_database_user(user) for user in sorted(users))
        return [session_id for session_id in found if session_id is not None]

    def missing(self, target: Target, active: Sequence[Session]) -> dict[str, str]:
        issuer = self._login(target)
        with self._databases.opened(issuer, "the database could not be searched") as connection:
            users = session_user.members(connection, target.settings["group_role"])
        return {
            session.session_id: "its database user was dropped, shut or taken out of the group"
            for session in active
            if not users.get(session_user.name_of(session))
        }

    def tidy(self, target: Target, now: datetime) -> None:
        """Everything that PAM makes in a database is a session's."""

    def _login(self, target: Target) -> DatabaseLogin:
        login = self._logins.login(target.settings["secret"], target.settings)
        if target.settings.get("auth") != "rds-iam":
            return login
        login = replace(login, username=target.settings["rds_db_user"].partition("/")[2])
        return replace(login, password=self._rds_token(login, target.region))

    @contextmanager
    def _seen_refused(self, issuer: DatabaseLogin, user: str) -> Iterator[Connection]:
        """The server says that the user has no login, and refuses one that is tried.

        With any password: its own is gone, and nobody knows another. That the issuer is let in
        shows that it was this user that was refused, not everybody; and what the server says, that
        it was not for want of a free connection.
        """
        guess = replace(issuer, username=user, password=secrets.token_urlsafe(_PASSWORD_BYTES))
        refused = not self._databases.lets_in(guess)
        purpose = "the database did not answer after the end"
        with self._databases.opened(issuer, purpose, for_an_end=True) as connection:
            if not refused or session_user.can_log_in(connection, user):
                message = "the database still lets the session's user in"
                raise IssuerUnavailable(message)
            yield connection

    @staticmethod
    def _left(session: Session, connection: Connection) -> tuple[list[str], str]:
        """What the user left; and why it is kept, by the server's code or in words."""
        user, group = session_user.name_of(session), session.target.settings["group_role"]
        try:
            left = session_user.look(connection, user, group)
        except psycopg.Error as error:
            return [left_behind.not_seen(error)], error.sqlstate or type(error).__name__
        if left and not _owns(left):
            # Who looks after it is gone finds nothing more, and this is not on record yet. One that
            # owns something stays by itself.
            return left, "until this is on record"
        try:
            session_user.drop(connection, user)
        except psycopg.Error as error:
            return left, error.sqlstate or type(error).__name__
        return left, ""

    @staticmethod
    def _can_clear(session: Session, left: Sequence[str]) -> bool:
        """A user that owns something and has no heir stays, by the owner's own choice."""
        return bool(_heir(session.target)) or not _owns(left)


def _owns(left: Sequence[str]) -> bool:
    return any(each.startswith("owns ") for each in left)


def _heir(target: Target) -> str:
    """The role, without rights, to which a session's objects go; empty if the owner named none."""
    return target.settings.get("quarantine_role", "")
