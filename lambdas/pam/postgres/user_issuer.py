"""A database user for each session: its own name in the server's log, its own end.

Made without a login and with an end (`VALID UNTIL`, which the server itself keeps for new logins);
a lease gives it a password nobody has seen before, which stands nowhere; the end takes the login
away, cuts its connections, drops it and sees a login refused.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg

from pam.domain.errors import IssuerUnavailable, Unreached
from pam.domain.ids import session_of_database_user
from pam.domain.resource import Target
from pam.domain.session import ACTIVATE_WITHIN, Session
from pam.ports.targets import DatabaseLogin, LoginCredentials, LoginSecrets, Receipt
from pam.postgres import session_user
from pam.postgres.connections import cut_connections
from pam.postgres.login import Connection, Databases, unavailable, verifier

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
        latest = now + ACTIVATE_WITHIN + session.duration + _A_SECOND
        group = session.target.settings["group_role"]
        try:
            login = self._login(session.target)
        except IssuerUnavailable as fault:
            raise Unreached(fault.detail) from fault
        with (
            self._databases.reached(login) as connection,
            unavailable("the database user could not be made"),
        ):
            session_user.make(connection, session_user.name_of(session), group, latest)

    def lease(self, session: Session, now: datetime) -> LoginCredentials:
        """A new password. That of an earlier lease logs in no more; what it had opened goes on."""
        if session.expires_at is None:
            message = "the session has no end; no credentials are given"
            raise IssuerUnavailable(message)
        issuer, user = self._login(session.target), session_user.name_of(session)
        given = replace(issuer, username=user, password=secrets.token_urlsafe(_PASSWORD_BYTES))
        with self._databases.opened(issuer, "the password could not be set") as connection:
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
        """Shut, cut, dropped, and seen to be refused.

        What says that the access is over is the login: a user that cannot be dropped, because it
        owns something where PAM cannot go, stays without one until a search removes it.
        """
        issuer, user = self._login(session.target), session_user.name_of(session)
        purpose = "the database user could not be removed"
        with self._databases.opened(issuer, purpose) as connection:
            there = session_user.shut(connection, user)
            cut = cut_connections(connection, user)
            left = self._remove(connection, issuer, session) if there else ""
        self._see_refused(issuer, user)
        gone = left or ("dropped" if there else "no such user was there")
        where = f"{issuer.host}:{issuer.port}/{issuer.dbname}"
        return Receipt(
            method="login-refused",
            evidence=f"{user} at {where}: {gone}, {cut} connection(s) cut, login refused",
        )

    def clear_traces(self, session: Session, now: datetime) -> None:
        self.end(session, now)

    def sessions_at(self, target: Target) -> list[str]:
        issuer = self._login(target)
        with self._databases.opened(issuer, "the database could not be searched") as connection:
            users = session_user.members(connection, target.settings["group_role"])
        found = (session_of_database_user(user) for user in users)
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
        """Whatever PAM makes in a database is a session's."""

    def _login(self, target: Target) -> DatabaseLogin:
        login = self._logins.login(target.settings["secret"])
        if target.settings.get("auth") != "rds-iam":
            return login
        login = replace(login, username=target.settings["rds_db_user"].partition("/")[2])
        return replace(login, password=self._rds_token(login, target.region))

    def _remove(self, connection: Connection, issuer: DatabaseLogin, session: Session) -> str:
        """Why the user could not be dropped; empty if it is."""
        user, group = session_user.name_of(session), session.target.settings["group_role"]
        elsewhere = session_user.databases_with_its_objects(connection, user)
        try:
            session_user.hand_on(connection, user, group)
            for name in elsewhere:
                if name != issuer.dbname:
                    with self._databases.connect(replace(issuer, dbname=name)) as other:
                        session_user.hand_on(other, user, group)
            session_user.drop(connection, user)
        except psycopg.Error as error:
            if connection.broken:
                raise
            return f"kept without a login ({error.sqlstate or type(error).__name__})"
        return ""

    def _see_refused(self, issuer: DatabaseLogin, user: str) -> None:
        """With any password: its own is gone, and nobody knows another. That the issuer is let in
        right afterwards shows that it was this user that was refused, not everybody.
        """
        guess = replace(issuer, username=user, password=secrets.token_urlsafe(_PASSWORD_BYTES))
        if self._databases.lets_in(guess):
            message = "the database still lets the session's user in"
            raise IssuerUnavailable(message)
        if not self._databases.lets_in(issuer):
            message = "the database did not answer after the end"
            raise IssuerUnavailable(message)
