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

from local import crowd
from local.bench.proofs import with_and_without
from local.bench.resistance import ratio, resisted_ends
from local.cast import Cast, Person, is_refused, until
from local.crowd import Crowd
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
        people = Crowd(crowd.engineers(cast))
        for _ in range(3):
            _given_back(cast, people)  # what is measured is warm
        rows = [
            ("stack up, from nothing running", [ready], "-"),
            ("API: request answered", _request(people), "150 ms"),
            ("API: list of sessions answered", _list(cast), "150 ms"),
            ("last approval -> usable credentials", _approval_to_credentials(cast, people), "1 s"),
            ("dev request -> usable credentials", _request_to_credentials(cast), "-"),
            ("revoke -> credentials refused", _revoke_to_refused(cast, people), "1 s"),
        ]
        with people.turn() as engineer:
            transitions = _transitions(cast, engineer)
        proven, unproven = with_and_without(
            cast,
            lambda cast: _approval_to_credentials(cast, people),
            lambda: _given_back(cast, people),
        )
        in_peace, resisted = resisted_ends(cast)
    finally:
        down(state_dir)
    table = Table(
        "figure", "median", "slowest", "bar", title="on this machine", title_justify="left"
    )
    for name, seconds, bar in rows:
        table.add_row(name, _shown(statistics.median(seconds)), _shown(max(seconds)), bar)
    cost = statistics.median(proven) / statistics.median(unproven)
    table.add_row("  the same, by the proofs", _shown(statistics.median(proven)), "", "")
    table.add_row(
        "  the same, with the proofs left out", _shown(statistics.median(unproven)), "", ""
    )
    table.add_row("  what the proofs cost", f"{cost:.2f} times", "", "1.3 times")
    table.add_row("state transitions of a prod session", str(transitions), "", "8")
    held_up = f"{ratio(in_peace, resisted):.1f} times"
    table.add_row("role: revoke -> refused, in peace", *_both(in_peace), "-")
    table.add_row("role: the same, against a borrower who resists", *_both(resisted), "-")
    table.add_row("role: how much longer that takes", held_up, "", "3 times")
    console.print(table)
    return 0


def _request(people: Crowd) -> list[float]:
    figures, asked = [], list[str]()
    for _ in range(_ROUNDS):
        with people.turn() as engineer:

            def ask(engineer: Person = engineer) -> None:
                asked.append(str(engineer.request(LEDGER)["session_id"]))

            figures.append(_timed(ask))
            _give_back(engineer, asked[-1])
    return figures


def _list(cast: Cast) -> list[float]:
    ada = cast.person("ada")
    return [_timed(lambda: ada.get("/pam/sessions?limit=20")) for _ in range(_ROUNDS)]


def _approval_to_credentials(cast: Cast, people: Crowd) -> list[float]:
    first, second, _ = crowd.approvers(cast)
    figures = []
    for _ in range(_ROUNDS):
        with people.turn() as engineer:
            session_id = str(engineer.request(LEDGER)["session_id"])
            first.approve(session_id)
            figures.append(_timed(partial(_approve_and_lease, second, engineer, session_id)))
            _give_back(engineer, session_id)
    return figures


def _request_to_credentials(cast: Cast) -> list[float]:
    def asked_and_leased(engineer: Person) -> None:
        _lease(engineer, str(engineer.request(SANDBOX)["session_id"]))

    people = Crowd(crowd.engineers(cast))
    return [_timed(partial(asked_and_leased, people.take())) for _ in range(_ROUNDS)]


def _revoke_to_refused(cast: Cast, people: Crowd) -> list[float]:
    sam = cast.person("sam")
    figures = []
    for _ in range(_ROUNDS):
        with people.turn() as engineer:
            session_id = str(_granted(cast, engineer)["session_id"])
            s3 = cast.with_lease(engineer.lease(session_id), "s3")
            bucket = cast.bucket(LEDGER)
            s3.put_object(Bucket=bucket, Key="note", Body=b"")
            body = {"session_id": session_id, "reason": "measured"}

            def end(s3: Any = s3, bucket: str = bucket, body: dict[str, str] = body) -> None:
                sam.post("/pam/revoke", body)
                put = lambda: s3.put_object(Bucket=bucket, Key="note", Body=b"")  # noqa: E731
                until(lambda: is_refused(put) or None, "the credentials to be refused")

            figures.append(_timed(end))
    return figures


def _transitions(cast: Cast, engineer: Person) -> int:
    session = _granted(cast, engineer, duration_seconds=1)
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
    for approver in crowd.approvers(cast)[:2]:
        approver.approve(session_id)
    return person.wait_for(session_id, "ACTIVE")


def _given_back(cast: Cast, people: Crowd) -> None:
    with people.turn() as engineer:
        _give_back(engineer, str(_granted(cast, engineer)["session_id"]))


def _give_back(requester: Person, session_id: str) -> None:
    requester.post("/pam/end", {"session_id": session_id})


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


def _both(seconds: list[float]) -> tuple[str, str]:
    return _shown(statistics.median(seconds)), _shown(max(seconds))


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
