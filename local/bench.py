"""Measures what a person would feel, on this machine; prints figures and asserts nothing.

`python -m local bench [--state-dir DIR]`, or `make bench`. Latencies are medians of repeated runs
against a warm stack of its own. Compare figures of one run with each other, not across machines.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from local.bench_proofs import with_and_without
from local.cast import Cast, Person, is_refused, until
from local.stack import down, up

LEDGER, SANDBOX = "core-ledger-admin", "core-sandbox-admin"
_ROUNDS = 15


def bench(state_dir: Path) -> int:
    console = Console(highlight=False)
    began = time.monotonic()
    try:
        up(state_dir, tell=lambda line: console.print(f"  {line}", style="dim"), hand_over=False)
        ready = time.monotonic() - began
        cast = Cast(state_dir)
        for _ in range(3):
            _granted(cast, cast.person("alice"))  # what is measured is warm
        rows = [
            ("stack up, from nothing running", [ready], "-"),
            ("API: request answered", _request(cast), "150 ms"),
            ("API: list of sessions answered", _list(cast), "150 ms"),
            ("last approval -> usable credentials", _approval_to_credentials(cast), "1 s"),
            ("dev request -> usable credentials", _request_to_credentials(cast), "-"),
            ("revoke -> credentials refused", _revoke_to_refused(cast), "1 s"),
        ]
        transitions = _transitions(cast)
        proven, unproven = with_and_without(
            cast, _approval_to_credentials, lambda: _granted(cast, cast.person("alice"))
        )
    finally:
        down(state_dir)
    table = Table(
        "figure", "median", "slowest", "bar", title="on this machine", title_justify="left"
    )
    for name, seconds, bar in rows:
        table.add_row(name, _shown(statistics.median(seconds)), _shown(max(seconds)), bar)
    ratio = statistics.median(proven) / statistics.median(unproven)
    table.add_row("  the same, by the proofs", _shown(statistics.median(proven)), "", "")
    table.add_row(
        "  the same, with the proofs left out", _shown(statistics.median(unproven)), "", ""
    )
    table.add_row("  what the proofs cost", f"{ratio:.2f} times", "", "1.3 times")
    table.add_row("state transitions of a prod session", str(transitions), "", "8")
    console.print(table)
    return 0


def _request(cast: Cast) -> list[float]:
    alice = cast.person("alice")
    return [_timed(lambda: alice.request(LEDGER)) for _ in range(_ROUNDS)]


def _list(cast: Cast) -> list[float]:
    ada = cast.person("ada")
    return [_timed(lambda: ada.get("/pam/sessions?limit=20")) for _ in range(_ROUNDS)]


def _approval_to_credentials(cast: Cast) -> list[float]:
    alice, bob, carol = (cast.person(name) for name in ("alice", "bob", "carol"))
    figures = []
    for _ in range(_ROUNDS):
        session_id = str(alice.request(LEDGER)["session_id"])
        bob.approve(session_id)
        figures.append(_timed(partial(_approve_and_lease, carol, alice, session_id)))
    return figures


def _request_to_credentials(cast: Cast) -> list[float]:
    alice = cast.person("alice")
    return [
        _timed(lambda: _lease(alice, str(alice.request(SANDBOX)["session_id"])))
        for _ in range(_ROUNDS)
    ]


def _revoke_to_refused(cast: Cast) -> list[float]:
    alice, sam = cast.person("alice"), cast.person("sam")
    figures = []
    for _ in range(_ROUNDS):
        session_id = str(_granted(cast, alice)["session_id"])
        s3 = cast.with_lease(alice.lease(session_id), "s3")
        bucket = cast.bucket(LEDGER)
        s3.put_object(Bucket=bucket, Key="note", Body=b"")
        body = {"session_id": session_id, "reason": "measured"}

        def end(s3: Any = s3, bucket: str = bucket, body: dict[str, str] = body) -> None:
            sam.post("/pam/revoke", body)
            put = lambda: s3.put_object(Bucket=bucket, Key="note", Body=b"")  # noqa: E731
            until(lambda: is_refused(put) or None, "the credentials to be refused")

        figures.append(_timed(end))
    return figures


def _transitions(cast: Cast) -> int:
    alice = cast.person("alice")
    session = _granted(cast, alice, duration_seconds=1)
    states = cast.person("root").client("stepfunctions")
    arn = session["execution_arn"]
    until(
        lambda: states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED" or None,
        "the workflow to succeed",
    )
    events = states.get_execution_history(executionArn=arn)["events"]
    return sum("stateEnteredEventDetails" in event for event in events)


def _granted(cast: Cast, person: Person, **fields: Any) -> dict[str, Any]:
    session_id = str(person.request(LEDGER, **fields)["session_id"])
    for name in ("bob", "carol"):
        cast.person(name).approve(session_id)
    return person.wait_for(session_id, "ACTIVE")


def _approve_and_lease(approver: Person, requester: Person, session_id: str) -> None:
    approver.approve(session_id)
    _lease(requester, session_id)


def _lease(person: Person, session_id: str) -> None:
    """Asks until there is a lease, as `pam request --wait` and `pam exec` do."""

    def given() -> bool | None:
        answer = person.post(f"/pam/sessions/{session_id}/credentials")
        return answer.status == HTTPStatus.OK or None

    until(given, f"a lease of {session_id}")


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
