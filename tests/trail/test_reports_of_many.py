"""A quarter of ten thousand sessions: calls by what is printed, counted and not timed."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pam.domain import ids
from pam.domain.audit_record import Record, hash_of
from pam.domain.session import Session
from tests.fakes.log import Log
from tests.fakes.story import COMPILED
from tests.trail.reporting import of_stores

SESSIONS, BUSY, SILENT = 10_000, 20, 6
"""Sessions, checkpoints that sealed some of them, and silent ones before each."""
DAVES = 3


@dataclass
class Counted:
    """A source that counts what is asked of it."""

    of: Any
    calls: Counter[str] = field(default_factory=Counter)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.of, name)
        if name == "archive":
            return Counted(found, self.calls)
        if not callable(found):
            return found

        def call(*args: Any, **more: Any) -> Any:
            self.calls[name] += 1
            return found(*args, **more)

        return call


def copied(log: Log, session: Session, records: list[Record], number: int) -> None:
    """The same session once more, under an id and hashes of its own."""
    at = ids.opened_at(session.session_id)
    session_id = f"{ids.bounds(at, at)[0][:10]}{number:016d}"
    previous = "0" * 64
    trail: list[Record] = []
    for record in records:
        changed = {"session_id": session_id, "previous_hash": previous}
        copy = {**record, **changed, "event_id": f"{record['event_id'][:14]}{number:012d}"}
        previous = hash_of(copy)
        trail.append(copy | {"hash": previous})
    log.story.store.sessions[session_id] = replace(session, session_id=session_id)
    log.story.store.trails[session_id] = trail
    log.checkpoints.put(trail)


@pytest.fixture(scope="module")
def quarter() -> Log:
    """Of each session what was asked; three are dave's."""
    log = Log()
    log.seal()
    log.archive.policy_sets[COMPILED.digest] = COMPILED.to_json()
    templates = {}
    for who in ("alice", "dave"):
        session = log.story.request(who=who)
        templates[who] = (session, log.story.store.records(session.session_id))
        del log.story.store.sessions[session.session_id]
    for number in range(SESSIONS):
        who = "dave" if number % (SESSIONS // DAVES) == 1 else "alice"
        copied(log, *templates[who], number)
        if (number + 1) % (SESSIONS // BUSY) == 0:
            log.seal(witnessed=False)
            for _ in range(SILENT):
                log.seal(witnessed=False)
    return log


def test_all_of_a_quarter_is_two_calls_a_line_and_one_a_checkpoint(quarter: Log) -> None:
    counted = Counted(quarter)
    head, lines = of_stores(counted)
    assert (head.verdict, len(lines), head.records) == ("PROVEN", SESSIONS, SESSIONS)
    assert counted.calls["table_records"] == counted.calls["session_of"] == SESSIONS
    assert counted.calls["archived_records"] == 0
    assert sum(counted.calls.values()) < 2.1 * SESSIONS


def test_one_persons_lines_take_calls_by_their_number(quarter: Log) -> None:
    counted = Counted(quarter)
    head, lines = of_stores(counted, who="dave")
    assert (head.verdict, len(lines), head.complete) == ("PROVEN", DAVES, False)
    assert counted.calls["table_records"] == counted.calls["session_of"] == len(lines)
    assert counted.calls["sessions_since"] == 1
    checkpoints = 1 + BUSY * (SILENT + 1)
    assert sum(counted.calls.values()) < 4 * len(lines) + checkpoints
