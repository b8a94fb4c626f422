"""Measures the lending of databases, on this machine; prints figures and asserts nothing.

`python -m local bench-databases [--state-dir DIR]`. A session counts as over when a new login with
its password is refused and a connection that was open is gone.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from local.cast import Cast, until
from local.logins import connect, is_cut, is_let_in
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


def _life(cast: Cast, resource: str) -> tuple[float, float, float]:
    """Seconds from ACTIVE, and from the last approval, to a login; and from the end's call to a
    login refused and a connection cut.
    """
    alice, bob, carol, sam = (cast.person(name) for name in ("alice", "bob", "carol", "sam"))
    session_id = str(alice.request(resource, duration_seconds=600)["session_id"])
    if resource == LEDGER_DB:
        bob.approve(session_id)
    approved_at = time.perf_counter()
    carol.approve(session_id)
    alice.wait_for(session_id, "ACTIVE")
    active_at = time.perf_counter()
    lease = alice.lease(session_id)
    connection = connect(lease)
    in_at = time.perf_counter()
    sam.post("/pam/revoke", {"session_id": session_id, "reason": "measured"})
    until(lambda: (is_cut(connection) and not is_let_in(lease)) or None, "the end")
    out_at = time.perf_counter()
    connection.close()
    return in_at - active_at, in_at - approved_at, out_at - in_at


def _crowd(cast: Cast) -> str:
    """Fifty sessions on one database, all of them open before the first is ended."""
    bob, carol, sam, ada = (cast.person(name) for name in ("bob", "carol", "sam", "ada"))
    people = [cast.person(name) for name in cast.engineers(_AT_ONCE)]
    began = time.perf_counter()

    def open_one(number: int) -> tuple[str, dict[str, Any], Any]:
        who = people[number]
        session_id = str(who.request(LEDGER_DB, duration_seconds=600)["session_id"])
        bob.approve(session_id)
        carol.approve(session_id)
        who.wait_for(session_id, "ACTIVE", seconds=120)
        lease = who.lease(session_id)
        return session_id, lease, connect(lease)

    def close_one(life: tuple[str, dict[str, Any], Any]) -> bool:
        session_id, lease, connection = life
        sam.post("/pam/revoke", {"session_id": session_id, "reason": "measured"})
        ada.wait_for(session_id, "REVOKED", seconds=120)
        over = is_cut(connection) and not is_let_in(lease)
        connection.close()
        return over

    with ThreadPoolExecutor(max_workers=_CALLERS) as pool:
        lives = list(pool.map(open_one, range(_AT_ONCE)))
        opened = time.perf_counter() - began
        mixed = sum(
            c.execute("SELECT session_user").fetchone() != (f"pam_{session_id.lower()}",)
            for session_id, _, c in lives
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
