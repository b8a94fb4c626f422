"""The one way a session changes: decide on what is stored, write on condition, else look again.

Two people acting at once is the normal case. Each decision is made on a session as read, and is
written only if that session is still the stored one; whoever comes second decides again on what the
first one left.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from pam.domain import new_records
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.echo import Expected
from pam.domain.errors import NotFound
from pam.domain.limits import OpenNow
from pam.domain.people import Actor, ActorKind
from pam.domain.session import Session
from pam.ids import new_id, new_text_key
from pam.operations.retrying import until_won
from pam.ports.sessions import Once, SessionStore

STORE = Actor(principal="mod046:session-store", kind=ActorKind.WORKFLOW)
_HASH_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Step:
    """What a decision comes to: the session afterwards, and what is recorded of it."""

    after: Session
    entries: tuple[Entry, ...]
    held: OpenNow | None = None
    """What the person had open, where the step adds to it."""
    expected: Expected | None = None
    """What CloudTrail must tell, where the step is a lease."""


def transition(
    store: SessionStore,
    session_id: str,
    decide: Callable[[Session], Step | None],
    *,
    now: datetime,
    once: Once | None = None,
    read: Session | None = None,
) -> Session:
    """Applies `decide` to the stored session, exactly once. None means: leave it as it is.

    `read` is the session as this call has read or written it already. It is decided on without
    being read again, because the write holds only if it is what is stored; if it is not, the
    stored one is read and decided on.

    `once` is noted in the same write; whether it is done already is for `decide` to ask. Raises
    NotFound for an unknown id, whatever `decide` raises, and StaleSession only if others kept
    winning thirty times in a row.
    """
    refused: Session | None = None

    def attempt() -> Session:
        nonlocal refused, read
        before, read = read or load(store, session_id), None
        step = decide(before)
        if step is None:
            return before
        if refused == before:
            step = _past_strays(step, store)
        refused = before
        ready = _with_text_key(step)
        after, records = new_records.chain(ready, step.entries, now=now, new_id=new_id)
        store.save(before, after, records, once, step.held, step.expected)
        return after

    lost = f"session {session_id} is being changed by too many at once; try again"
    return until_won(attempt, lost=lost)


def _past_strays(step: Step, store: SessionStore) -> Step:
    """Nobody acted, and still the write was refused: records that no step wrote lie in its way. The
    chain goes on behind them, wherever there is room for all of it, and says so: an end waits for
    nobody.
    """
    session_id, first = step.after.session_id, step.after.sequence + 1
    # One place more, for the record that tells of them.
    last = store.last_in_the_way(session_id, first, len(step.entries) + 1)
    if last is None:
        return step
    stray = store.record(session_id, last) or {}
    # What is said there is somebody's; of a hash it has the length.
    after = replace(step.after, sequence=last, last_hash=str(stray.get("hash"))[:_HASH_LENGTH])
    which = f"record {first} was" if last == first else f"records {first} to {last} were"
    told = Entry(
        type=RecordType.DRIFT,
        actor=STORE,
        outcome=Outcome.FAILURE,
        detail=f"tampered: {which} put there by no step of this session",
    )
    return replace(step, after=after, entries=(told, *step.entries))


def _with_text_key(step: Step) -> Session:
    """What is written after an erasure is committed to with a key of its own."""
    written = any(entry.comment for entry in step.entries)
    if not written or step.after.text_key:
        return step.after
    return replace(step.after, text_key=new_text_key())


def load(store: SessionStore, session_id: str) -> Session:
    """Raises NotFound for an id that no session has."""
    session = store.get(session_id)
    if session is None:
        message = f"there is no session {session_id}"
        raise NotFound(message)
    return session
