"""Many sessions at once: none is lost, none is left, and each trail is whole.

The same again while AWS throttles the functions, and with an eye on the memory that they take.
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import psutil
import pytest
import urllib3

from cli.trail.chain import faults_of
from local import crowd
from local.bridges.throttling import count_throttled, throttled
from local.cast import Answer, Cast, NotSeenError, Person, is_refused, until
from local.state import State, read_json
from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.names import Table, table_name
from tests.figures import Tell, teller

SESSIONS = int(os.environ.get("PAM_LOAD_SESSIONS", "60"))
"""1,000 in `make soak`, with 50 in flight."""
IN_FLIGHT = int(os.environ.get("PAM_LOAD_IN_FLIGHT", "12"))
A_FEW = 12
"""In flight while functions warm up."""
FEWER = 6
"""In flight while functions wait for AWS: each that waits is a process here."""
THROTTLED_SESSIONS = SESSIONS // 5
THROTTLED_SHARE = 0.2
SANDBOX = "core-sandbox-admin"
ON_EACH_WAY = ("RequestApi", "AdmitRequest", "IssueCredentials", "RevokeSession", "AuditSession")
"""Functions that every session here calls."""
PATIENCE = 240
"""Seconds. What AWS throttles once too often waits for the tick, and again if that is throttled."""
MOST_GROWTH = 12
"""Megabytes. Measured: 1 within 60 sessions, of 80."""

Lease = dict[str, Any]


@dataclass(frozen=True)
class Patient(Person):
    """One who tries again what the interface says may be tried again, or was not answered in time.

    So what they do must bear to be done twice.
    """

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        for _ in range(10):
            with suppress(urllib3.exceptions.TimeoutError):
                answer = super().call(method, path, body, **headers)
                if answer.status not in {429, 502, 503, 504}:
                    return answer
                time.sleep(float(answer.headers.get("Retry-After", 1)))
        message = f"{method} {path}: no answer in 10 tries"
        raise NotSeenError(message)


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Adds a line to the figures that are printed when the run is over."""
    return teller(record_property)


@pytest.mark.guarantee("G6")
def test_every_session_is_opened_granted_closed_and_whole_and_leaves_no_memory_behind(
    cast: Cast, tell: Tell
) -> None:
    warm_up, _ = live_through(cast, A_FEW, A_FEW)
    before = memory_of_functions(cast)
    over, seconds = live_through(cast, SESSIONS, IN_FLIGHT)
    after = memory_of_functions(cast)
    assert leases_in_whole_trails(cast, warm_up + over) == A_FEW + SESSIONS
    tell(f"{SESSIONS} sessions, {IN_FLIGHT} in flight: {SESSIONS / seconds:.1f} a second")
    grown = max(after[name] - before[name] for name in ON_EACH_WAY)
    tell(f"a function holds {max(after.values()):.0f} MB at most, {grown:.1f} MB more than before")
    assert grown < MOST_GROWTH


@pytest.mark.guarantee("G6")
def test_every_session_is_closed_and_whole_while_aws_throttles(cast: Cast, tell: Tell) -> None:
    state = State(cast.state_dir)
    with throttled(state, THROTTLED_SHARE):
        over, seconds = live_through(cast, THROTTLED_SESSIONS, FEWER)
    refused = count_throttled(state)
    assert refused.total() > 5 * THROTTLED_SESSIONS
    assert refused.keys() >= {"sts", "dynamodb TransactWriteItems"}
    assert leases_in_whole_trails(cast, over) >= THROTTLED_SESSIONS
    tell(
        f"{THROTTLED_SESSIONS} sessions, {FEWER} in flight, {refused.total()} calls throttled: "
        f"{THROTTLED_SESSIONS / seconds:.1f} a second"
    )


def live_through(cast: Cast, sessions: int, in_flight: int) -> tuple[list[Lease], float]:
    """Opens, leases and ends so many sessions. The lease of each, and the seconds it took."""
    people = crowd.Crowd([Patient(name, cast) for name in crowd.ENGINEERS])

    def one(_: int) -> Lease:
        with people.turn() as engineer:
            return live(engineer)

    began = time.monotonic()
    with ThreadPoolExecutor(in_flight) as pool:
        leases = list(pool.map(one, range(sessions)))
    return leases, time.monotonic() - began


def live(engineer: Person) -> Lease:
    wish = {"resource": SANDBOX, "reason": "ledger stuck, see the incident"}
    # With a key, so that a call which is made again opens no second session.
    asked = engineer.post("/pam/request", wish, Idempotency_Key=str(uuid4()))
    if asked.status != 202:
        raise NotSeenError(asked.body)
    session_id = str(asked.body["session_id"])
    engineer.wait_for(session_id, "ACTIVE", PATIENCE)
    lease = engineer.lease(session_id)
    ended = engineer.post("/pam/end", {"session_id": session_id})
    if ended.status != 200 and ended.code != "CONFLICT":  # it had ended before it was asked again
        raise NotSeenError(ended.body)
    engineer.wait_for(session_id, "ENDED", PATIENCE)
    return lease


def leases_in_whole_trails(cast: Cast, over: list[Lease]) -> int:
    """How many leases the sessions' trails tell of, once each is seen to be whole and over, and its
    credentials are seen to be refused.

    A lease whose record could not be confirmed was not handed out, and had to be asked for again.
    """
    ada, leases = cast.person("ada"), []
    bucket = cast.bucket(SANDBOX)
    ids = {lease["session_id"] for lease in over}
    assert len(ids) == len(over)
    for lease in over:
        session_id, s3 = lease["session_id"], cast.with_lease(lease, "s3")
        assert is_refused(partial(s3.put_object, Bucket=bucket, Key="note", Body=b""))
        items = ada.get(f"/pam/sessions/{session_id}/audit").body["items"]
        assert not faults_of(items, session_id=session_id)
        assert items[-1]["type"] == "Ended"
        carried = partial(is_carried, cast, session_id, int(items[-1]["sequence"]))
        until(carried, f"the trail of {session_id} to be in the log")
        leases.append([item["type"] for item in items].count("Leased"))
    assert min(leases) >= 1
    for status in ("ACTIVATING", "ACTIVE", "REVOKING"):
        open_now = ada.get(f"/pam/sessions?status={status}&limit=100").body["items"]
        assert not {item["session_id"] for item in open_now} & ids
    return sum(leases)


def is_carried(cast: Cast, session_id: str, last: int) -> bool | None:
    """Whether the auditor has delivered all up to its last record; None if not yet."""
    key = to_item(dict(table_keys.delivered_key(session_id)))
    table = table_name("local", Table.DELIVERED)
    found = cast.person("root").client("dynamodb").get_item(TableName=table, Key=key)
    return int(found["Item"]["sequence"]["N"]) == last or None


def memory_of_functions(cast: Cast) -> dict[str, float]:
    """By function, the megabytes that the largest of its processes holds.

    The largest, because the emulator starts processes as it needs them, and a young one is small.
    """
    emulator = read_json(State(cast.state_dir).process)
    assert emulator is not None
    held = dict.fromkeys(ON_EACH_WAY, 0.0)
    for process in psutil.Process(emulator["pid"]).children():
        with suppress(psutil.NoSuchProcess):  # one that had nothing to do for minutes is ended
            script = " ".join(process.cmdline())
            for function in ON_EACH_WAY:
                if f"{function}Function" in script:
                    held[function] = max(held[function], process.memory_info().rss / 1e6)
    assert all(held.values())
    return held
