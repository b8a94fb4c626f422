"""A static account, lent to one session at a time by changing its password at both ends.

The password is the control, not the secret's label: a version that lost its label can still be read
for a while, but a password that the database has forgotten logs nobody in. So every step here waits
for, and looks at, the login.
"""

import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import psycopg

from pam.domain.errors import Conflict, IssuerUnavailable, TryAgain, Unreached
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.ports.targets import Checkouts, DatabaseLogin, LoginCredentials, LoginSecrets, Receipt
from pam.postgres.connections import cut_connections
from pam.postgres.login import Databases
from pam.postgres.password import set_password

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"

_WITHIN_SECONDS = 20.0
"""Less than a function's time, so that it can still say that it did not get there."""
_ASK_AGAIN_AFTER_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
_TOKENS = uuid.UUID("8f0b7d2e-4e1c-5a57-9d0c-046046046046")


class Phase(StrEnum):
    BEGIN = "begin"
    END = "end"


def version_of(session: Session, phase: Phase) -> str:
    """The version that a phase of a session makes: the same however often it is asked for."""
    return str(uuid.uuid5(_TOKENS, f"{session.session_id}/{phase}"))


class RotatedSecretIssuer:
    """Implements `ports.targets.Issuer` for `rotated-secret`."""

    def __init__(self, logins: LoginSecrets, databases: Databases, checkouts: Checkouts) -> None:
        self._logins = logins
        self._databases = databases
        self._checkouts = checkouts

    def reserve(self, session: Session, now: datetime) -> None:
        if self._checkouts.take(session.target.arn, session.session_id):
            return
        if session.target.settings.get("when_taken") == "wait":
            message = f"{session.resource} is held by another session; waiting for its end"
            raise TryAgain(message)
        message = f"{session.resource} is held by another session; ask again when it is over"
        raise Conflict(message, session_id=session.session_id)

    def activate(self, session: Session, now: datetime) -> None:
        """A password that nobody has been given yet, in place of the one of before."""
        self._check_held(session)
        self._see_reached(session)
        if self._rotated(session, Phase.BEGIN) is None:
            message = f"the secret of {session.resource} is still being rotated"
            raise TryAgain(message)

    def lease(self, session: Session, now: datetime) -> LoginCredentials:
        """What is current now: if the owner rotates meanwhile, a further lease has the new one."""
        if session.expires_at is None:
            message = "the session has no end; no credentials are given"
            raise IssuerUnavailable(message)
        self._check_held(session)
        login = self._logins.login(_secret(session))
        if not self._databases.lets_in(login):
            message = "the database does not take the current password of the secret"
            raise IssuerUnavailable(message)
        return LoginCredentials(
            secret_arn=session.target.arn,
            username=login.username,
            password=login.password,
            host=login.host,
            port=login.port,
            dbname=login.dbname,
            expires_at=session.expires_at,
            sslmode=self._databases.sslmode,
            sslrootcert=self._databases.trusted_certificates,
        )

    def end(self, session: Session, now: datetime) -> Receipt:
        """Rotated again, connections cut, the old password refused; then, and not before, the
        next session may have it.
        """
        earlier = self._checkouts.receipt(session.target.arn, session.session_id)
        if earlier is not None:
            return earlier
        if not self._checkouts.has(session.target.arn, session.session_id):
            return Receipt(method="never-granted", evidence="the secret had not been taken")
        if session.activated_at is None and not self._begun(session):
            nothing = Receipt(method="never-granted", evidence="no password had been made")
            self._checkouts.give_back(session.target.arn, session.session_id, nothing)
            return nothing
        self._mend(session)
        login = self._rotated(session, Phase.END)
        if login is None:
            message = "the secret is still being rotated"
            raise IssuerUnavailable(message)
        if not self._checkouts.has(session.target.arn, session.session_id):
            # Somebody else has ended the session meanwhile; the connections of now are the next's.
            message = "the session is being ended by another call"
            raise IssuerUnavailable(message)
        with self._databases.opened(login, "connections could not be cut") as connection:
            cut = cut_connections(connection, login.username)
        refused = self._see_refused(session, login)
        where = f"{login.host}:{login.port}/{login.dbname}"
        receipt = Receipt(
            method="login-refused",
            evidence=f"{login.username} at {where}: {refused}, {cut} connection(s) cut",
        )
        self._checkouts.give_back(session.target.arn, session.session_id, receipt)
        return receipt

    def clear_traces(self, session: Session, now: datetime) -> None:
        """Nothing of a session stays at the target."""

    def sessions_at(self, target: Target) -> list[str]:
        """What stands there is a password, which is nobody's by name; and what a closed session
        had taken is free again.
        """
        return []

    def missing(self, target: Target, active: Sequence[Session]) -> dict[str, str]:
        return {
            session.session_id: "the secret is not checked out to the session"
            for session in active
            if not self._checkouts.has(target.arn, session.session_id)
        }

    def tidy(self, target: Target, now: datetime) -> None:
        """As with `sessions_at`: nothing."""

    def _check_held(self, session: Session) -> None:
        if not self._checkouts.has(session.target.arn, session.session_id):
            message = f"the session does not hold {session.resource}"
            raise IssuerUnavailable(message)

    def _begun(self, session: Session) -> bool:
        return version_of(session, Phase.BEGIN) in self._logins.versions(_secret(session))

    def _see_reached(self, session: Session) -> None:
        """That the account can be logged in to as things are, before anything is changed."""
        if self._begun(session):
            return
        try:
            self._mend(session)
            with self._databases.reached(self._logins.login(_secret(session))):
                return
        except IssuerUnavailable as fault:
            # The session now fails, and what a closed session has is free. Given back here, it
            # would leave a receipt that a twin of this call, which got through, makes untrue.
            raise Unreached(fault.detail) from fault

    def _rotated(self, session: Session, phase: Phase) -> DatabaseLogin | None:
        """The current login once the version of this phase has been made and its login works.

        None if that takes longer than one call may. A rotation that is under way already, ours or
        somebody else's, is waited for; ours then comes on top of it.
        """
        secret, version = _secret(session), version_of(session, phase)
        deadline = time.monotonic() + _WITHIN_SECONDS
        ask_at, pause = 0.0, _FIRST_PAUSE
        while time.monotonic() < deadline:
            versions = self._logins.versions(secret)
            labels = versions.get(version)
            # Current, or current once: a later rotation has made it the previous one.
            if labels is not None and (CURRENT in labels or PENDING not in labels):
                login = self._logins.login(secret)
                if self._databases.lets_in(login):
                    return login
            elif time.monotonic() >= ask_at and (labels or not _under_way(versions)):
                # Again from time to time, in case whoever rotates died over it.
                self._logins.rotate(secret, version)
                ask_at = time.monotonic() + _ASK_AGAIN_AFTER_SECONDS
                continue
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        return None

    def _mend(self, session: Session) -> None:
        """Whoever has an account's password can change it, and the rotation, which logs in as that
        account, would be locked out. A login that may reset it brings the secret's own back.
        """
        mender = session.target.settings.get("login_secret")
        if mender is None or _under_way(self._logins.versions(_secret(session))):
            return
        login = self._logins.login(_secret(session))
        if self._databases.lets_in(login):
            return
        with (
            self._databases.opened(
                self._logins.login(mender), "the account's password could not be reset"
            ) as connection,
            connection.transaction(),
        ):
            set_password(connection, login.username, login.password)
            # A rotation that came in between, another call's, may have ended this very password.
            # It labels its version before it changes the account, and waits for this transaction.
            if self._moved_on(session, login):
                raise psycopg.Rollback

    def _moved_on(self, session: Session, login: DatabaseLogin) -> bool:
        """Whether this is no longer the secret's login, or is about to be replaced."""
        secret = _secret(session)
        return _under_way(self._logins.versions(secret)) or self._logins.login(secret) != login

    def _see_refused(self, session: Session, login: DatabaseLogin) -> str:
        """The passwords of before are tried, and the one of now: an account has but one, so while
        the new one is taken no other is.
        """
        secret, tried = _secret(session), []
        labels = self._logins.versions(secret)
        for version in (each for each, stages in labels.items() if PREVIOUS in stages):
            before = self._logins.login(secret, version=version)
            if before.password == login.password or self._databases.lets_in(before):
                message = "the database still takes the password of before"
                raise IssuerUnavailable(message)
            tried.append(version)
        if not tried or not self._databases.lets_in(login):
            message = "it could not be seen that the password of before is refused"
            raise IssuerUnavailable(message)
        return f"password of version {', '.join(tried)} refused"


def _secret(session: Session) -> str:
    return session.target.settings["secret"]


def _under_way(versions: dict[str, frozenset[str]]) -> bool:
    """Whether a rotation is: the label may stay on a version that has become the current one."""
    return any(PENDING in labels and CURRENT not in labels for labels in versions.values())
