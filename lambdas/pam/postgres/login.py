"""Logging in to a database: bounded, encrypted as configured, and under settings of our own."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from pam.domain.certificates import LONGEST_CERTIFICATES
from pam.domain.errors import IssuerUnavailable, Unreached
from pam.ports.targets import DatabaseLogin
from pam.postgres.certificate_age import has_expired

Connection = psycopg.Connection[tuple[Any, ...]]

_CONNECT_WITHIN_SECONDS = 3
_SEPARATES_SINCE = 160_000
_INSIST_SECONDS = 8.0
_ASK_AGAIN_AFTER = 0.2
_SETTINGS = {
    # A borrowed account may set what it likes for its own next logins (ALTER ROLE ... SET): a
    # search path that hides its connections, a role without rights, a read-only default. What a
    # connection asks for at its start stands above all of that.
    "search_path": "pg_catalog",
    "role": "none",
    "default_transaction_read_only": "off",
    "password_encryption": "scram-sha-256",
    "statement_timeout": "5000",
    "lock_timeout": "3000",
    "idle_in_transaction_session_timeout": "10000",
}
_OPTIONS = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Databases:
    """`sslmode` as libpq has it; `root_certificate` is a file, empty where none is checked.

    A function's machine trusts nobody by itself: the driver looks for certificates where none are.
    Raises ValueError if a mode that checks certificates has none.
    """

    sslmode: str
    root_certificate: str = ""

    def __post_init__(self) -> None:
        if self._verifies and not self.root_certificate:
            message = f"{self.sslmode} needs a file of certificates"
            raise ValueError(message)

    @property
    def trusted_certificates(self) -> str | None:
        """What a lease says of the server's certificate, as PEM. None where none is checked. Raises
        IssuerUnavailable: a borrower who had none would be let go without.
        """
        if not self._verifies:
            return None
        try:
            with Path(self.root_certificate).open(encoding="ascii") as file:
                text = file.read(LONGEST_CERTIFICATES + 1)
        except (OSError, UnicodeDecodeError):
            text = ""
        if not text or len(text) > LONGEST_CERTIFICATES:
            message = "the certificates by which databases are known cannot be read"
            raise IssuerUnavailable(message)
        return text

    @property
    def _verifies(self) -> bool:
        return self.sslmode.startswith("verify-")

    def connect(self, login: DatabaseLogin) -> Connection:
        """A connection that commits each statement. Raises psycopg.OperationalError."""
        return psycopg.connect(
            host=login.host,
            port=login.port,
            dbname=login.dbname,
            user=login.username,
            password=login.password,
            sslmode=self.sslmode,
            sslrootcert=self.root_certificate if self._verifies else None,
            connect_timeout=_CONNECT_WITHIN_SECONDS,
            # A server that vanishes is noticed before the function's own end.
            tcp_user_timeout=_CONNECT_WITHIN_SECONDS * 1000,
            options=_OPTIONS,
            application_name="pam-mod046",
            autocommit=True,
        )

    @contextmanager
    def opened(
        self, login: DatabaseLogin, purpose: str, *, for_an_end: bool = False
    ) -> Iterator[Connection]:
        """A connection for `purpose`; every error of the driver inside becomes IssuerUnavailable.

        For an end it is asked for again for a while: the borrower may have taken all the slots of
        the server for a moment.
        """
        connect = self._insist if for_an_end else self.connect
        with unavailable(purpose), connect(login) as connection:
            yield connection

    def _insist(self, login: DatabaseLogin) -> Connection:
        deadline = time.monotonic() + _INSIST_SECONDS
        while True:
            try:
                return self.connect(login)
            except psycopg.OperationalError:
                # Before a login the driver tells no code, so every refusal is one to wait out.
                if time.monotonic() + _ASK_AGAIN_AFTER > deadline:
                    raise
            time.sleep(_ASK_AGAIN_AFTER)

    def reached(self, login: DatabaseLogin) -> Connection:
        """A connection, to be closed by the caller. Raises Unreached."""
        try:
            return self.connect(login)
        except psycopg.Error as error:
            why = why_not(error)
        if why == _UNTRUSTED and has_expired(login.host, login.port, self.root_certificate):
            why = _EXPIRED
        message = f"the database at {login.host}:{login.port} did not let PAM in: {why}"
        raise Unreached(message)

    def lets_in(self, login: DatabaseLogin) -> bool:
        """Whether this login works. A no may also mean that the server did not answer: before the
        caller takes a no for a refusal, it must see another login work right afterwards.
        """
        with suppress(psycopg.OperationalError), self.connect(login):
            return True
        return False


def verifier(connection: Connection, username: str, password: str) -> str:
    """What the server keeps of a password (SCRAM). Sent in its stead, so that no server log that
    shows statements can show a password.
    """
    made = connection.pgconn.encrypt_password(
        password.encode(), username.encode(), b"scram-sha-256"
    )
    return made.decode()


_UNTRUSTED = "TLS: the server's certificate is of no authority in database_ca, or has expired"
_EXPIRED = "TLS: the server's certificate has expired; renew it there"
# Before a login libpq hands on the server's words and not its code. What stands here is looked for
# in them and told in their stead: they may name what nobody should read.
_BEFORE_LOGIN = (
    ("password authentication failed", "28P01, the password is refused"),
    ("PAM authentication failed", "28000, the token is refused"),
    ("no pg_hba.conf entry", "28000, the server's pg_hba.conf has no entry for PAM's login"),
    ("is not permitted to log in", "28000, the login may not log in"),
    ("too many c", "53300, no connection is free"),
    ("remaining connection slots", "53300, no connection is free"),
    ("the database system is", "57P03, the server is starting, stopping or recovering"),
    ("is not currently accepting connections", "55000, the database takes no connections"),
    ("startup parameter", "08P01, a pooler before the server refuses PAM's settings (options)"),
    ("command-line options", "0A000, a proxy before the server refuses PAM's settings (options)"),
    ("certificate verify failed", _UNTRUSTED),
    # By somebody who has the authority's name, and not its key.
    ("signature failure", _UNTRUSTED),
    (
        "does not match host name",
        "TLS: the server's certificate is of another host; the secret must have the name in it",
    ),
    ("server does not support SSL", "TLS: the server offers none; switch it on there (ssl)"),
    ("root certificate file", "TLS: the file of trusted certificates cannot be read"),
    ("unexpected eof", "TLS: the connection broke off while it was set up"),
    ("SSL SYSCALL", "TLS: the connection broke off while it was set up"),
    ("SSL error", "TLS: server and PAM do not agree on how to encrypt"),
    ("SSL negotiation", "TLS: what answers there is no PostgreSQL server"),
    ("Connection refused", "nothing listens there"),
    ("timeout expired", "no answer in time"),
    ("could not translate host name", "there is no such host"),
    ("failed to resolve host", "there is no such host"),
)
_NO_SUCH_DATABASE = re.compile(r'FATAL:  database ".*" does not exist')


def why_not(error: psycopg.Error) -> str:
    """The server's code and what it means, or what else is known; never the text of the error."""
    if error.sqlstate:
        return error.sqlstate
    text = str(error)
    if _NO_SUCH_DATABASE.search(text):
        return "3D000, there is no such database"
    return next((why for words, why in _BEFORE_LOGIN if words in text), type(error).__name__)


@contextmanager
def unavailable(what: str) -> Iterator[None]:
    """Turns the driver's errors into IssuerUnavailable: their class and code, never their text,
    and not chained, because a connection error carries the password it was tried with.
    """
    try:
        yield
    except psycopg.Error as error:
        message = f"{what}: {why_not(error)}"
    else:
        return
    raise IssuerUnavailable(message)


def separates_inherit_and_set(connection: Connection) -> bool:
    """From PostgreSQL 16 on a membership says whether it gives rights, and whether one may become
    the role; and slots can be kept for a role.
    """
    return connection.info.server_version >= _SEPARATES_SINCE
