"""The lending of databases: over the sum of the bare calls and logins that it needs.

A session counts as over when a new login with its password is refused and a connection that was
open is gone.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from local import crowd
from local.bench.bare import API, LOGIN, REFUSED_LOGIN
from local.bench.figure import SECONDS, Breakdown, Figure, of_seconds
from local.bench.held import until_asked, until_held
from local.bench.needed import RESISTED_BAR, RESISTED_BOUND, SUM_BAR, SUM_BOUND, Act, measure
from local.bench.place import Place
from local.bench.resisting_login import Resistance
from local.bench.rounds import in_turn, timed
from local.cast import Cast, Person, until
from local.logins import Connection, connect, is_cut, is_let_in

LEDGER_DB, REPORTING_DB = "core-ledger-db", "core-reporting-db"
_KINDS = {LEDGER_DB: "postgres-user", REPORTING_DB: "rotated-secret"}
_ROUNDS, _ALONE = 15, 5
_COUNTED_WITHIN = 0.3
"""Seconds."""
_AT_ONCE = 50
_CALLERS = 6
"""More at a time would measure the emulator on this machine, and not the databases."""
_CROWD_BAR = 1
_BOUND = (
    "What PAM does at the server once it is logged in (the user and its rights, a password, its "
    "connections cut, a look at what it left) is no part of the reference, nor are logins that the "
    f"server refuses on the way. {SUM_BOUND}"
)
_DURABLE = {"logs:PutLogEvents": 1, "s3:PutObject": 1}

Do = Callable[[], object]


def bench(place: Place) -> Iterator[Figure | Breakdown]:
    for resource in _KINDS:
        for act in _acts(place.cast, resource):
            _logins(place.cast, act)  # what is measured is warm
            needed = replace(act, besides={**act.besides, LOGIN: _logins(place.cast, act)})
            yield from measure(
                needed, cast=place.cast, bare=place.bare, rounds=_ROUNDS, state=place.state
            )
        yield _against_resistance(place.cast, resource)
    yield _crowd(place.cast)


def _acts(cast: Cast, resource: str) -> Iterator[Act]:
    kind = _KINDS[resource]
    lent = ("request_api", "activate_session", "issue_credentials", "rotate_secret")
    yield Act(
        name=f"{kind}: ACTIVE -> login works",
        run=partial(_active_to_login, cast, resource),
        on_the_way=("issue_credentials", "rotate_secret"),
        besides={API: 1, **_DURABLE},
        bar=SUM_BAR,
        bound=_BOUND,
    )
    yield Act(
        name=f"{kind}: last approval -> login works",
        run=partial(_approval_to_login, cast, resource),
        on_the_way=lent,
        besides={API: 2, **_DURABLE},
        bar=SUM_BAR,
        bound=_BOUND,
    )
    yield Act(
        name=f"{kind}: end -> login refused, connection cut",
        run=partial(_end_to_refused, cast, resource),
        on_the_way=("request_api", "revoke_session", "rotate_secret"),
        besides={API: 1, REFUSED_LOGIN: 1},
        bar=SUM_BAR,
        bound=_BOUND,
    )


@contextmanager
def _active_to_login(cast: Cast, resource: str) -> Iterator[Do]:
    engineer, session_id = _pending(cast, resource)
    _approve_last(cast, session_id)
    engineer.wait_for(session_id, "ACTIVE")
    yield lambda: connect(engineer.lease(session_id)).close()
    _revoke(cast, session_id)


@contextmanager
def _approval_to_login(cast: Cast, resource: str) -> Iterator[Do]:
    engineer, session_id = _pending(cast, resource)
    execution = engineer.session(session_id)["execution_arn"]

    def do() -> None:
        _approve_last(cast, session_id)
        until_held(cast, execution)
        connect(engineer.lease(session_id)).close()

    yield do
    _revoke(cast, session_id)


@contextmanager
def _end_to_refused(cast: Cast, resource: str) -> Iterator[Do]:
    engineer, session_id = _pending(cast, resource)
    _approve_last(cast, session_id)
    engineer.wait_for(session_id, "ACTIVE")
    lease = engineer.lease(session_id)
    connection = connect(lease)

    def do() -> None:
        _revoke(cast, session_id)
        until(lambda: (is_cut(connection) and not is_let_in(lease)) or None, "the end")

    yield do
    connection.close()


def _pending(cast: Cast, resource: str) -> tuple[Person, str]:
    """A session for which one approval is missing."""
    engineer, first, *_ = crowd.engineers(cast)[0], *crowd.approvers(cast)
    session_id = str(engineer.request(resource, duration_seconds=600)["session_id"])
    if resource == LEDGER_DB:
        first.approve(session_id)
    until_asked(cast, session_id)
    return engineer, session_id


def _approve_last(cast: Cast, session_id: str) -> None:
    crowd.approvers(cast)[1].approve(session_id)


def _revoke(cast: Cast, session_id: str) -> None:
    cast.person("sam").post("/pam/revoke", {"session_id": session_id, "reason": "measured"})


def _logins(cast: Cast, act: Act) -> int:
    """How many logins at the server the act is made of, by the server's own count of sessions."""
    with _superuser(cast) as watching, act.run() as do:
        before = _sessions_so_far(watching)
        do()
        return _sessions_so_far(watching) - before


def _sessions_so_far(connection: Connection) -> int:
    """Each backend adds itself when it ends, or when it has been idle for a moment."""
    seen, deadline = -1, time.monotonic() + 10
    while time.monotonic() < deadline:
        (now,) = connection.execute("SELECT sum(sessions) FROM pg_stat_database").fetchone() or (0,)
        if int(now) == seen:
            return seen
        seen = int(now)
        time.sleep(_COUNTED_WITHIN)
    message = "the server's count of sessions does not come to rest"
    raise AssertionError(message)


def _superuser(cast: Cast) -> Connection:
    place = cast.about["databases"][LEDGER_DB]
    password = (cast.state_dir / "postgres" / "password").read_text(encoding="utf-8")
    return connect({**place, "username": "postgres", "password": password})


def _against_resistance(cast: Cast, resource: str) -> Figure:
    """Each from the call to its answer: the target was seen to refuse, and the receipt stands."""
    taken = in_turn(
        {
            "in peace": lambda: _end(cast, resource, resisting=False),
            "resisted": lambda: _end(cast, resource, resisting=True),
        },
        _ROUNDS,
    )
    return of_seconds(
        f"{_KINDS[resource]}: end against a borrower who resists",
        taken["resisted"],
        "the same in peace",
        taken["in peace"],
        bar=RESISTED_BAR,
        bound=RESISTED_BOUND,
    )


def _end(cast: Cast, resource: str, *, resisting: bool) -> float:
    sam, (engineer, session_id) = cast.person("sam"), _pending(cast, resource)
    _approve_last(cast, session_id)
    engineer.wait_for(session_id, "ACTIVE")
    lease = engineer.lease(session_id)
    with Resistance(lease) if resisting else nullcontext():
        began = time.perf_counter()
        answer = sam.post("/pam/revoke", {"session_id": session_id, "reason": "measured"})
        took = time.perf_counter() - began
    if answer.body["status"] != "REVOKED" or is_let_in(lease):
        message = f"{session_id} was not ended"
        raise AssertionError(message)
    return took


def _crowd(cast: Cast) -> Figure:
    """Fifty sessions on one database, all of them open before the first is ended; beside lives that
    are lived one after the other. Raises AssertionError if one was mixed up, or left anything.
    """
    alone = [timed(lambda: _lives(cast, 1, callers=1)) for _ in range(_ALONE)]
    together = timed(lambda: _lives(cast, _AT_ONCE, callers=_CALLERS)) / _AT_ONCE
    left = _users_left(cast)
    if left:
        message = f"{left} users were left"
        raise AssertionError(message)
    return Figure(
        name=f"postgres-user: one of {_AT_ONCE} sessions at once, from request to refused",
        value=together,
        unit=SECONDS,
        reference="one session alone",
        reference_value=statistics.median(alone),
        bar=_CROWD_BAR,
        bound="With several in flight each waits for the others on the same cores.",
        runs=_AT_ONCE,
        note=f"{_CALLERS} calls in flight; none mixed up, nothing left",
    )


def _lives(cast: Cast, count: int, *, callers: int) -> None:
    people, (first, second, _) = crowd.Crowd(crowd.engineers(cast)), crowd.approvers(cast)

    def open_one(_: int) -> tuple[Person, dict[str, Any], Connection]:
        engineer = people.take()
        session_id = str(engineer.request(LEDGER_DB, duration_seconds=600)["session_id"])
        first.approve(session_id)
        second.approve(session_id)
        engineer.wait_for(session_id, "ACTIVE", seconds=120)
        lease = engineer.lease(session_id)
        return engineer, lease, connect(lease)

    def close_one(life: tuple[Person, dict[str, Any], Connection]) -> None:
        engineer, lease, connection = life
        _revoke(cast, lease["session_id"])
        engineer.wait_for(lease["session_id"], "REVOKED", seconds=120)
        if not is_cut(connection) or is_let_in(lease):
            message = f"{lease['session_id']} is over, and its login works"
            raise AssertionError(message)

    with ThreadPoolExecutor(max_workers=callers) as pool:
        lives = list(pool.map(open_one, range(count)))
        for _, lease, connection in lives:
            found = connection.execute("SELECT session_user").fetchone()
            if found != (f"pam_{lease['session_id'].lower()}",):
                message = f"{lease['session_id']} was let in as {found}"
                raise AssertionError(message)
        list(pool.map(close_one, lives))


def _users_left(cast: Cast) -> int:
    with _superuser(cast) as connection:
        return len(connection.execute("SELECT FROM pg_roles WHERE rolname ~ '^pam_0'").fetchall())
