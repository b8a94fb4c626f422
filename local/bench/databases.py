"""Measures the lending of databases, on this machine; prints figures and asserts nothing.

`python -m local bench-databases [--state-dir DIR]`. A session counts as over when a new login with
its password is refused and a connection that was open is gone.
"""

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from rich.console import Console
from rich.table import Table

from local import crowd
from local.cast import Cast, Person, until
from local.logins import Connection, connect, is_cut, is_let_in
from local.stack import down, up

LEDGER_DB, REPORTING_DB = "core-ledger-db", "core-reporting-db"
_ROUNDS = 15
_AT_ONCE = 50
_CALLERS = 6
"""More at a time would measure the emulator on this machine, and not the databases."""


def bench_databases(state_dir: Path) -> int:
    console = Console(highlight=False)
    try:
        up(state_dir, tell=lambda line: console.print(f"  {line}", style="dim"), hand_over=False)
        cast = Cast(state_dir)
        for resource in (LEDGER_DB, REPORTING_DB):
            _life(cast, resource)  # what is measured is warm
        rows = _rows(cast)
        against = [_against_resistance(cast, name) for name in (LEDGER_DB, REPORTING_DB)]
        crowd = _crowd(cast)
    finally:
        down(state_dir)
    table = Table(
        "figure",
        "median",
        "slowest",
        "bar",
        title="databases, on this machine",
        title_justify="left",
    )
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print(crowd)
    for line in against:
        console.print(line)
    return 0


def _rows(cast: Cast) -> list[tuple[str, str, str, str]]:
    users = [_life(cast, LEDGER_DB) for _ in range(_ROUNDS)]
    rotated = [_life(cast, REPORTING_DB) for _ in range(_ROUNDS)]
    return [
        _row("postgres-user: ACTIVE -> login works", [life[0] for life in users], "500 ms"),
        _row("postgres-user: last approval -> login works", [life[1] for life in users], "-"),
        _row("postgres-user: end -> refused and cut", [life[2] for life in users], "1 s"),
        _row("rotated-secret: ACTIVE -> login works", [life[0] for life in rotated], "-"),
        _row("rotated-secret: last approval -> login works", [life[1] for life in rotated], "-"),
        _row("rotated-secret: end -> refused and cut", [life[2] for life in rotated], "1 s"),
    ]


def _against_resistance(cast: Cast, resource: str) -> str:
    """Ends in peace and against somebody who resists, in turn, so that both meet the same machine.

    Each is from the call to its answer: the target was seen to refuse, and the receipt stands.
    """
    peace, resisted = [], []
    for _ in range(_ROUNDS):
        peace.append(_end(cast, resource, resisting=False))
        resisted.append(_end(cast, resource, resisting=True))
    ratio = statistics.median(resisted) / statistics.median(peace)
    return (
        f"{resource}: end in peace {statistics.median(peace) * 1000:.0f} ms, against a borrower "
        f"who resists {statistics.median(resisted) * 1000:.0f} ms: {ratio:.1f} times (bar: 3)"
    )


def _end(cast: Cast, resource: str, *, resisting: bool) -> float:
    alice, sam = cast.person("alice"), cast.person("sam")
    session_id = _granted(cast, resource)
    lease = alice.lease(session_id)
    with Resistance(lease) if resisting else nullcontext():
        began = time.perf_counter()
        answer = sam.post("/pam/revoke", {"session_id": session_id, "reason": "measured"})
        took = time.perf_counter() - began
    if answer.body["status"] != "REVOKED" or is_let_in(lease):
        message = f"{session_id} was not ended"
        raise AssertionError(message)
    return took


class Resistance:
    """A borrower at work: open transactions with its own row and settings changed, an advisory
    lock, and threads that log in and take the row again for ever.
    """

    def __init__(self, lease: dict[str, Any]) -> None:
        self._lease = lease
        self._over = threading.Event()
        self._open: list[Connection] = []
        self._threads = [threading.Thread(target=self._rage, daemon=True) for _ in range(2)]

    def __enter__(self) -> None:
        self._hold("SELECT pg_advisory_lock(46, hashtext(session_user::text))")
        self._hold("ALTER ROLE SESSION_USER SET work_mem = '1MB'")
        for thread in self._threads:
            thread.start()
        time.sleep(0.2)  # so that the row is held

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        for connection in self._open:
            connection.close()

    def _hold(self, statement: LiteralString) -> None:
        connection = connect(self._lease)
        self._open.append(connection)
        connection.execute("BEGIN")
        connection.execute(statement)

    def _rage(self) -> None:
        while not self._over.is_set():
            with suppress(psycopg.Error):
                self._hold("ALTER ROLE SESSION_USER PASSWORD 'mine-for-ever'")
                self._open[-1].execute("SELECT pg_sleep(60)")
            # An attack of this machine's own speed would measure the machine.
            self._over.wait(0.02)


def _granted(cast: Cast, resource: str) -> str:
    alice, bob, carol = (cast.person(name) for name in ("alice", "bob", "carol"))
    session_id = str(alice.request(resource, duration_seconds=600)["session_id"])
    if resource == LEDGER_DB:
        bob.approve(session_id)
    carol.approve(session_id)
    alice.wait_for(session_id, "ACTIVE")
    return session_id


def _life(cast: Cast, resource: str) -> tuple[float, float, float]:
    """Seconds from ACTIVE, and from the last approval, to a login; and from the end's call to a
    login refused and a connection cut.
    """
    (engineer, *_), (first, second, _) = crowd.engineers(cast), crowd.approvers(cast)
    sam = cast.person("sam")
    session_id = str(engineer.request(resource, duration_seconds=600)["session_id"])
    if resource == LEDGER_DB:
        first.approve(session_id)
    approved_at = time.perf_counter()
    second.approve(session_id)
    engineer.wait_for(session_id, "ACTIVE")
    active_at = time.perf_counter()
    lease = engineer.lease(session_id)
    connection = connect(lease)
    in_at = time.perf_counter()
    sam.post("/pam/revoke", {"session_id": session_id, "reason": "measured"})
    until(lambda: (is_cut(connection) and not is_let_in(lease)) or None, "the end")
    out_at = time.perf_counter()
    connection.close()
    return in_at - active_at, in_at - approved_at, out_at - in_at


def _crowd(cast: Cast) -> str:
    """Fifty sessions on one database, all of them open before the first is ended."""
    people, (first, second, _) = crowd.Crowd(crowd.engineers(cast)), crowd.approvers(cast)
    sam = cast.person("sam")
    began = time.perf_counter()

    def open_one(_: int) -> tuple[Person, dict[str, Any], Any]:
        engineer = people.take()
        session_id = str(engineer.request(LEDGER_DB, duration_seconds=600)["session_id"])
        first.approve(session_id)
        second.approve(session_id)
        engineer.wait_for(session_id, "ACTIVE", seconds=120)
        lease = engineer.lease(session_id)
        return engineer, lease, connect(lease)

    def close_one(life: tuple[Person, dict[str, Any], Any]) -> bool:
        engineer, lease, connection = life
        session_id = lease["session_id"]
        sam.post("/pam/revoke", {"session_id": session_id, "reason": "measured"})
        engineer.wait_for(session_id, "REVOKED", seconds=120)
        over = is_cut(connection) and not is_let_in(lease)
        connection.close()
        return over

    with ThreadPoolExecutor(max_workers=_CALLERS) as pool:
        lives = list(pool.map(open_one, range(_AT_ONCE)))
        opened = time.perf_counter() - began
        mixed = sum(
            c.execute("SELECT session_user").fetchone() != (f"pam_{lease['session_id'].lower()}",)
            for _, lease, c in lives
        )
        over = sum(pool.map(close_one, lives))
    closed = time.perf_counter() - began - opened
    left = _users_left(cast)
    return (
        f"{_AT_ONCE} sessions at once on one database: open after {opened:.1f} s, over after "
        f"another {closed:.1f} s; {mixed} mixed up, {_AT_ONCE - over} not refused, {left} left"
    )


def _users_left(cast: Cast) -> int:
    place = cast.about["databases"][LEDGER_DB]
    password = (cast.state_dir / "postgres" / "password").read_text(encoding="utf-8")
    with connect({**place, "username": "postgres", "password": password}) as connection:
        return len(connection.execute("SELECT FROM pg_roles WHERE rolname ~ '^pam_0'").fetchall())


def _row(name: str, seconds: list[float], bar: str) -> tuple[str, str, str, str]:
    shown = [f"{value * 1000:.0f} ms" for value in (statistics.median(seconds), max(seconds))]
    return name, shown[0], shown[1], bar
