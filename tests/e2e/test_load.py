"""Many sessions at once: none is lost, none is left, and each trail is whole.

The same again while AWS throttles the functions, and with an eye on the memory that they take.
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from cli.audit_chain import faults_of
from local.cast import Answer, Cast, NotSeenError, Person
from local.state import State, read_json
from local.throttling import count_throttled, throttled

SESSIONS = int(os.environ.get("PAM_LOAD_SESSIONS", "60"))
"""1,000 in `make soak`, with 50 in flight."""
IN_FLIGHT = int(os.environ.get("PAM_LOAD_IN_FLIGHT", "12"))
THROTTLED_SESSIONS = max(20, SESSIONS // 5)
THROTTLED_SHARE = 0.2
SANDBOX = "core-sandbox-admin"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Patient(Person):
    """One who tries again whatever the contract says may be tried again."""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        for _ in range(10):
            answer = super().call(method, path, body, **headers)
            if answer.status not in {429, 503}:
                break
            time.sleep(float(answer.headers.get("Retry-After", 1)))
        return answer


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    def write(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line}")

    return write


@pytest.mark.guarantee("G6")
def test_every_session_is_opened_granted_closed_and_whole(cast: Cast, tell: Tell) -> None:
    seconds, leases = live_through(cast, SESSIONS)
    assert leases == SESSIONS
    tell(f"{SESSIONS} sessions, {IN_FLIGHT} in flight: {SESSIONS / seconds:.1f} a second")


@pytest.mark.guarantee("G6")
def test_every_session_is_closed_and_whole_while_aws_throttles(cast: Cast, tell: Tell) -> None:
    state = State(cast.state_dir)
    with throttled(state, THROTTLED_SHARE):
        seconds, _ = live_through(cast, THROTTLED_SESSIONS)
    refused = count_throttled(state)
    assert refused.total() > 10 * THROTTLED_SESSIONS
    assert refused.keys() >= {"lambda", "sts", "dynamodb TransactWriteItems"}
    tell(
        f"{THROTTLED_SESSIONS} sessions, {IN_FLIGHT} in flight, {refused.total()} calls throttled: "
        f"{THROTTLED_SESSIONS / seconds:.1f} a second"
    )


def live_through(cast: Cast, sessions: int) -> tuple[float, int]:
    """Opens, leases and ends so many sessions, looks at each trail, and sees that none is left.

    The seconds that their lives took, and how many leases stand in their trails.
    """
    alice, ada = Patient("alice", cast), Patient("ada", cast)
    began = time.monotonic()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        ids = list(pool.map(lambda _: live(alice), range(sessions)))
    seconds = time.monotonic() - began
    assert len(set(ids)) == sessions
    leases = sum(leases_in_whole_trail(ada, session_id) for session_id in ids)
    open_now = ada.get("/pam/sessions?status=ACTIVE&limit=100").body["items"]
    assert not {item["session_id"] for item in open_now} & set(ids)
    return seconds, leases


def live(alice: Person) -> str:
    session_id = str(alice.request(SANDBOX, duration_seconds=600)["session_id"])
    alice.wait_for(session_id, "ACTIVE", 120)
    alice.lease(session_id)
    ended = alice.post("/pam/end", {"session_id": session_id})
    if ended.status != 200:
        raise NotSeenError(ended.body)
    alice.wait_for(session_id, "ENDED", 120)
    return session_id


def leases_in_whole_trail(ada: Person, session_id: str) -> int:
    """A lease whose record could not be confirmed was not handed out, and asked for again."""
    items = ada.get(f"/pam/sessions/{session_id}/audit").body["items"]
    assert not faults_of(items, session_id=session_id)
    assert items[-1]["type"] == "Ended"
    leases = [item["type"] for item in items].count("Leased")
    assert leases >= 1
    return leases
