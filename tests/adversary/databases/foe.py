"""Somebody who has a database login for a while and does what they can to keep it."""

import select
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from local.logins import known_by
from pam.domain.kinds import POSTGRES_USER, ROTATED_SECRET
from pam.domain.session import Session
from pam.operations.block_person import BlockTerms, block_requester
from pam.ports.targets import LoginCredentials
from tests.fakes.story import Story
from tests.postgres.bank import Bank, is_cut, is_let_in, now

LEDGER, REPORTS = "core-ledger-db", "core-reporting-db"
OWN_PASSWORD = "mine-for-ever"
_STORMERS = 4


@dataclass
class Foe:
    """The borrower, with all that they have open."""

    bank: Bank
    lease: LoginCredentials
    other: LoginCredentials
    """The login of another session on the ledger's database."""
    opened: list["psycopg.Connection[Any]"] = field(default_factory=list)
    late: list["psycopg.Connection[Any]"] = field(default_factory=list)
    """Let in while the end was under way."""
    half_open: list[pq.PGconn] = field(default_factory=list)
    others: list["psycopg.Connection[Any]"] = field(default_factory=list)
    friends: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def connect(self, *statements: str, **other: Any) -> "psycopg.Connection[Any]":
        connection = _connect(self.lease, **other)
        self.opened.append(connection)
        for statement in statements:
            connection.execute(statement)  # type: ignore[arg-type]
        return connection

    def with_the_other(self, *statements: str) -> None:
        """The same in another session of the same group, which goes on."""
        connection = _connect(self.other)
        self.others.append(connection)
        for statement in statements:
            connection.execute(statement.format(user=self.lease.username))  # type: ignore[arg-type]

    def beside(self, act: Callable[[], object]) -> None:
        """Once, for as long as it takes."""

        def run() -> None:
            with suppress(psycopg.Error):
                act()

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def storm(self, *statements: str, **other: Any) -> None:
        """Again and again from several threads, with connections of their own."""

        def rage() -> None:
            while not self.over.is_set():
                with suppress(psycopg.Error):
                    connection = _connect(self.lease, **other)
                    self.late.append(connection)
                    for statement in statements:
                        connection.execute(statement)  # type: ignore[arg-type]

        for _ in range(_STORMERS):
            self.threads.append(threading.Thread(target=rage, daemon=True))
            self.threads[-1].start()

    def begin_to_log_in(self) -> None:
        """Up to the last word of the exchange, which is said after the end."""
        given = self.lease
        known = known_by(given.sslmode, given.sslrootcert)
        words = make_conninfo(
            **{"host": given.host, "port": given.port, "dbname": given.dbname, **known},
            user=given.username,
            password=given.password,
        )
        pgconn = pq.PGconn.connect_start(words.encode())
        answers = 0
        while answers < 2:
            before = pgconn.connect_poll()
            _wait(pgconn, before)
            encrypted = pgconn.status == pq.ConnStatus.AWAITING_RESPONSE
            answers += encrypted and before == pq.PollingStatus.READING
        self.half_open.append(pgconn)

    def finish_logging_in(self) -> bool:
        """Whether any of those that had begun gets in and can do something."""
        for pgconn in self.half_open:
            status = pgconn.connect_poll()
            while status not in {pq.PollingStatus.OK, pq.PollingStatus.FAILED}:
                _wait(pgconn, status)
                status = pgconn.connect_poll()
            if status == pq.PollingStatus.OK:
                result = pgconn.exec_(b"SELECT 1")
                if result.status == pq.ExecStatus.TUPLES_OK:
                    return True
        return False

    def makes_a_friend(self) -> None:
        """Somebody of the server's who may become the session's user, where PostgreSQL lets a user
        decide that (up to 15), and then holds its row from a connection that is not the session's.
        """
        name, me = "foes_friend", self.lease.username
        with self.bank.server.superuser() as connection:
            connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{OWN_PASSWORD}'")  # type: ignore[call-overload]
            connection.execute(f"GRANT CONNECT ON DATABASE {self.lease.dbname} TO {name}")  # type: ignore[call-overload]
        self.friends.append(name)
        with suppress(psycopg.errors.InsufficientPrivilege):
            self.connect(f"GRANT {me} TO {name}")
            friend = _connect(replace(self.lease, username=name, password=OWN_PASSWORD))
            self.others.append(friend)
            for each in ("BEGIN", f"SET ROLE {me}", f"ALTER ROLE {me} PASSWORD '{OWN_PASSWORD}'"):
                friend.execute(each)  # type: ignore[call-overload]

    def gives_up(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(timeout=30)
        for connection in (*self.opened, *self.late, *self.others):
            connection.close()
        for pgconn in self.half_open:
            pgconn.finish()
        with self.bank.server.superuser(self.lease.dbname) as connection:
            while self.friends:
                name = self.friends.pop()
                connection.execute(f"DROP OWNED BY {name}")  # type: ignore[call-overload]
                connection.execute(f"DROP ROLE {name}")  # type: ignore[call-overload]

    def holds_nothing(self) -> None:
        """No connection of before works, and no password that the borrower knows."""
        self.over.set()
        for thread in self.threads:
            thread.join(timeout=30)
        assert not self.finish_logging_in(), "a login that had begun before came to its end"
        for connection in (*self.opened, *self.late):
            assert is_cut(connection), "a connection of before works"
        for password in (self.lease.password, OWN_PASSWORD):
            assert not is_let_in(replace(self.lease, password=password)), "a login works"


class Scene(Story):
    """PAM's operations with the real issuers; alice borrows, dave has a session beside."""

    def __init__(self, bank: Bank) -> None:
        super().__init__(now=now())
        self.bank = bank
        self.foes: list[Foe] = []
        self.beside = self.granted("dave", LEDGER)
        self.beside_login: Any = self.lease(self.beside.session_id, "dave").credentials
        self.staying = _connect(self.beside_login)

    @property
    def issuers(self) -> Any:
        return {
            POSTGRES_USER: self.bank.users,
            ROTATED_SECRET: self.bank.reports,
        }

    def borrowed(self, resource: str, who: str = "alice") -> tuple[Session, Foe]:
        session = self.granted(who, resource)
        given: Any = self.lease(session.session_id, who).credentials
        foe = Foe(bank=self.bank, lease=given, other=self.beside_login)
        self.foes.append(foe)
        return session, foe

    def granted(self, who: str = "alice", resource: str = LEDGER, **wish: Any) -> Session:
        self.now = now()
        session = self.request(who, resource, **wish)
        for approver in ("bob", "carol")[: session.needed.total]:
            self.vote(approver, session.session_id)
        return self.activate(session.session_id)

    def ended_by(self, ender: str, session_id: str) -> Session:
        self.now = now()
        return ENDERS[ender](self, session_id)

    def belts(self, session_id: str) -> Session:
        """What the tick does afterwards, when it is due."""
        session = self.store.sessions[session_id]
        if session.traces_until is not None:
            self.now = max(now(), session.traces_until) + timedelta(seconds=1)
            self.end_due(session_id)
        return self.store.sessions[session_id]

    def goes_on_beside(self) -> None:
        assert is_let_in(self.beside_login), "another session's login is gone"
        assert not is_cut(self.staying), "another session's connection is cut"

    def clean_up(self) -> None:
        for foe in self.foes:
            foe.gives_up()
        self.staying.close()
        self.now = now()
        self.end(self.beside.session_id, "dave")

    def _swept(self, session_id: str) -> Session:
        """The tick, at the end of a session whose workflow died."""
        self.now = self.store.sessions[session_id].expires_at or self.now
        return self.sweep(session_id)

    def _expired(self, session_id: str) -> Session:
        self.now = self.store.sessions[session_id].expires_at or self.now
        return self.end_due(session_id)

    def _blocked(self, session_id: str) -> Session:
        return block_requester(
            session_id,
            BlockTerms(length=timedelta(hours=1), one_resource=False, reason="laptop stolen"),
            self.call("sam"),
            closer=self.closer,
            notifier=self.notifier,
        )


ENDERS: dict[str, Callable[[Scene, str], Session]] = {
    "operator": lambda scene, session_id: scene.revoke(session_id),
    "requester": lambda scene, session_id: scene.end(session_id),
    "clock": lambda scene, session_id: scene._expired(session_id),
    "tick": lambda scene, session_id: scene._swept(session_id),
    "block": lambda scene, session_id: scene._blocked(session_id),
}


def _connect(login: LoginCredentials, **other: Any) -> "psycopg.Connection[Any]":
    place = {"host": login.host, "port": login.port, "dbname": login.dbname}
    who = {"user": login.username, "password": login.password, "autocommit": True}
    known = known_by(login.sslmode, login.sslrootcert)
    return psycopg.connect(**{**place, **known, **who, **other})


def _wait(pgconn: pq.PGconn, status: int) -> None:
    reading = status == pq.PollingStatus.READING
    socket = [pgconn.socket]
    select.select(socket if reading else [], [] if reading else socket, [], 10)
