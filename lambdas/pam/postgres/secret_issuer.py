"""A static account, lent to one session at a time by changing its password at both ends.

The password is the control, not the secret's label: a version that lost its label can still be read
for a while, but a password that the database has forgotten logs nobody in. So every step here waits
for, and looks at, the login.
"""

import secrets
import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import NoReturn

import psycopg

from pam.domain.ending import ReceiptMethod
from pam.domain.errors import Conflict, IssuerUnavailable, TryAgain, Unreached
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.ports.targets import Checkouts, DatabaseLogin, LoginCredentials, LoginSecrets, Receipt
from pam.postgres import left_behind, lent_account
from pam.postgres.login import Databases, unavailable
from pam.postgres.password import set_password
from pam.postgres.room import check_room

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"

_WITHIN_SECONDS = 20.0
"""Less than a function's time, so that it can still say that it did not get there."""
_ASK_AGAIN_AFTER_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
_PASSWORD_BYTES = 32
_MARGIN = timedelta(seconds=5)
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
        """Replaces the earlier password by one that nobody has been given yet."""
        self._check_held(session)
        self._see_reached(session)
        if self._rotated(session, Phase.BEGIN) is None:
            message = f"the secret of {session.resource} is still being rotated"
            raise TryAgain(message)

    def lease(self, session: Session, now: datetime) -> LoginCredentials:
        """The current login: if the owner rotates meanwhile, a further lease has the new one."""
        if session.expires_at is None:
            message = "the session has no end; no credentials are given"
            raise IssuerUnavailable(message)
        self._check_held(session)
        login = self._login(session)
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
        """The login taken, connections cut, what the borrower set put back, a new password, and the
        login given back; then, and not before, the next session may have it.

        All of it as another login. The account's own is shut first, and opened last: a crash in
        between leaves it shut.
        """
        earlier = self._checkouts.receipt(session.target.arn, session.session_id)
        if earlier is not None:
            return earlier
        if not self._checkouts.has(session.target.arn, session.session_id):
            return Receipt.never_granted("the secret had not been taken")
        if session.activated_at is None and not self._begun(session):
            nothing = Receipt.never_granted("no password had been made")
            self._checkouts.give_back(session.target.arn, session.session_id, nothing)
            return nothing
        receipt = self._taken_back(session, now)
        self._checkouts.give_back(session.target.arn, session.session_id, receipt)
        return receipt

    def clear_traces(self, session: Session, now: datetime) -> None:
        """Gives the login back, if that had to wait for clients that had begun to log in."""
        name = self._login(session).username
        with self._databases.opened(self._mender(session), "the login was not given back") as as_is:
            if not lent_account.read(as_is, name).can_log_in:
                lent_account.give_login(as_is, name)

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

    def _login(self, session: Session, *, version: str = "") -> DatabaseLogin:
        """The account's own: the current one, or that of one version."""
        where = session.target.settings
        return self._logins.login(_secret(session), where, version=version)

    def _check_held(self, session: Session) -> None:
        if not self._checkouts.has(session.target.arn, session.session_id):
            message = f"the session does not hold {session.resource}"
            raise IssuerUnavailable(message)

    def _begun(self, session: Session) -> bool:
        return version_of(session, Phase.BEGIN) in self._logins.versions(_secret(session))

    def _taken_back(self, session: Session, now: datetime) -> Receipt:
        mender, what = self._mender(session), session.target.arn
        name = self._login(session).username
        cut = lent_account.shut(self._databases, mender, name)
        # In this order: a twin that gives it back in between takes what was remembered with it.
        remembered = self._checkouts.remembered(what, session.session_id)
        if not self._checkouts.has(what, session.session_id):
            self._let_go_again(mender, name)
        purpose = "the account could not be put back"
        with self._databases.opened(mender, purpose, for_an_end=True) as connection:
            note = partial(self._checkouts.found, what, session.session_id)
            left = left_behind.bounded(lent_account.put_back(connection, name, remembered, note))
        version = version_of(session, Phase.END)
        fresh = secrets.token_urlsafe(_PASSWORD_BYTES)
        login = self._logins.renew(_secret(session), session.target.settings, version, fresh)
        is_open = lent_account.renew(self._databases, mender, login)
        seen = self._see_refused(session, mender, login)
        where = f"{login.host}:{login.port}/{login.dbname}"
        told = [f"{name} at {where}: {seen}", f"{cut} connection(s) cut"]
        traces_until = None
        if not is_open:
            told.append("without a login until those who had begun to log in are gone")
            pause = lent_account.longest_beginning(self._databases, mender)
            traces_until = now + timedelta(seconds=pause) + _MARGIN
        if left:
            told.append(f"left: {'; '.join(left)}")
        return Receipt(
            method=ReceiptMethod.LOGIN_REFUSED,
            evidence=", ".join(told),
            traces_until=traces_until,
            left=left,
        )

    def _let_go_again(self, mender: DatabaseLogin, name: str) -> NoReturn:
        """Another call has ended the session meanwhile; the account is the next session's now."""
        with self._databases.opened(mender, "the login was not given back") as connection:
            lent_account.give_login(connection, name)
        message = "the session is being ended by another call"
        raise IssuerUnavailable(message)

    def _mender(self, session: Session) -> DatabaseLogin:
        """The login that administers the account."""
        secret = session.target.settings.get("login_secret")
        if secret is None:
            message = f"{session.resource} has no login_secret: PAM cannot take the account back"
            raise IssuerUnavailable(message)
        return self._logins.login(secret, session.target.settings)

    def _see_reached(self, session: Session) -> None:
        """That the account can be logged in to as things are, and taken back whatever its borrower
        does, before anything is changed. How it stands is kept for the end.
        """
        if self._begun(session):
            return
        try:
            self._see_in_hand(session)
            self._mend(session)
            with self._databases.reached(self._login(session)):
                return
        except IssuerUnavailable as fault:
            # The session now fails, and what a closed session has is free. Given back here, it
            # would leave a receipt that a twin of this call, which got through, makes untrue.
            raise Unreached(fault.detail) from fault

    def _see_in_hand(self, session: Session) -> None:
        name = self._login(session).username
        with (
            self._databases.reached(self._mender(session)) as connection,
            unavailable("the account could not be looked at"),
        ):
            account = lent_account.read(connection, name)
            if not account.is_administered:
                message = f"PAM's login does not administer {name}"
                raise IssuerUnavailable(message)
            if not account.can_log_in:
                message = f"{name} may not log in; its owner has to let it"
                raise IssuerUnavailable(message)
            check_room(connection, name, account.limit, user=name)
            stands = lent_account.memory(connection, name)
        self._checkouts.remember(session.target.arn, session.session_id, stands)

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
                login = self._login(session)
                if self._databases.lets_in(login):
                    return login
            elif time.monotonic() >= ask_at and (labels or not _under_way(versions)):
                # Again from time to time, in case the rotating function died over it.
                self._logins.rotate(secret, version)
                ask_at = time.monotonic() + _ASK_AGAIN_AFTER_SECONDS
                continue
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        return None

    def _mend(self, session: Session) -> None:
        """Before a session: an account whose password is not the secret's, by a rotation that was
        undone half-way or by the owner's hand, gets the secret's again.
        """
        if _under_way(self._logins.versions(_secret(session))):
            return
        login = self._login(session)
        if self._databases.lets_in(login):
            return
        with (
            self._databases.opened(
                self._mender(session), "the account's password could not be reset"
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
        return _under_way(self._logins.versions(secret)) or self._login(session) != login

    def _see_refused(self, session: Session, mender: DatabaseLogin, login: DatabaseLogin) -> str:
        """The passwords of before are tried, and the one of now: an account has but one, so while
        the new one is taken no other is. Where the new one is not let in, for want of a free
        connection or by the owner's hand, what says so is that PAM's own login set it.
        """
        secret, tried = _secret(session), []
        labels = self._logins.versions(secret)
        for version in (each for each, stages in labels.items() if PREVIOUS in stages):
            before = self._login(session, version=version)
            if before.password == login.password or self._databases.lets_in(before):
                message = "the database still takes the password of before"
                raise IssuerUnavailable(message)
            tried.append(version)
        if not tried:
            message = "it could not be seen that the password of before is refused"
            raise IssuerUnavailable(message)
        refused = f"password of version {', '.join(tried)} refused"
        if self._databases.lets_in(login):
            return refused
        with self._databases.opened(mender, "the database did not answer", for_an_end=True):
            return f"{refused}, the new one not let in yet"


def _secret(session: Session) -> str:
    return session.target.settings["secret"]


def _under_way(versions: dict[str, frozenset[str]]) -> bool:
    """Whether a rotation is: the label may stay on a version that has become the current one."""
    return any(PENDING in labels and CURRENT not in labels for labels in versions.values())
