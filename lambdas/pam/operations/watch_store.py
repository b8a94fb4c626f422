"""Sees what happens to sessions, records, blocks and the log's head, and tells what may not.

Whatever PAM itself does leaves no finding. A finding goes on record outside every chain, with what
the item was and never with what people wrote in it.
"""

from datetime import datetime, timedelta

from pam.domain import audit_record, proofs
from pam.domain.audit_record import FIRST_PREVIOUS_HASH, Entry, Outcome, Record, RecordType
from pam.domain.errors import StaleSession
from pam.domain.lifecycle import TRANSITIONS
from pam.domain.people import Actor, ActorKind
from pam.domain.session import Session
from pam.domain.store_change import Change, Item, ListedBlock
from pam.ids import new_id
from pam.ports.proofs import Verifier
from pam.ports.sessions import Once, SessionStore

WATCH = Actor(principal="mod046:store-watch", kind=ActorKind.CLOCK)
_REMEMBERED = timedelta(days=2)
"""Twice as long as a stream tells of a change."""


def watch_store(
    change: Change, *, now: datetime, store: SessionStore, verifier: Verifier
) -> str | None:
    """What is wrong with the change, once it is on record; None for what PAM itself does."""
    wrong = _wrong(change, store, verifier)
    if wrong is None:
        return None
    entry = Entry(
        type=RecordType.DRIFT,
        actor=WATCH,
        outcome=Outcome.FAILURE,
        detail=f"tampered: {change.place}: {wrong}",
        request_id=change.change_id,
    )
    record = audit_record.finding(entry=entry, resource="", now=now, new_id=new_id)
    try:
        store.add_finding(record, Once(key=f"change/{change.change_id}", until=now + _REMEMBERED))
    except StaleSession:
        return None
    return wrong


def _wrong(change: Change, store: SessionStore, verifier: Verifier) -> str | None:
    match change.item:
        case Item.RECORD:
            return _record(change, store)
        case Item.SESSION:
            return _session(change, verifier)
        case Item.BLOCK:
            return _block(change, store)
        case Item.BLOCKS | Item.LOG_HEAD:
            return _head(change)


def _record(change: Change, store: SessionStore) -> str | None:
    """A record is written once, with the step of its session, and then stands as it is."""
    if change.before is not None:
        done = "removed" if change.after is None else "overwritten"
        was = change.was if isinstance(change.was, dict) else {}
        named = f"{was.get('type')} {was.get('event_id')}, hash {was.get('hash')}"
        return f"a record was {done}; it was {named}"
    record = change.now
    if not isinstance(record, dict) or record.get("hash") != audit_record.hash_of(record):
        return "a record was added that is none"
    session_id, sequence = str(record["session_id"]), record["sequence"]
    if not session_id:
        alone = f"SESSION#NONE#{record['event_id']}/RECORD#{0:08d}"
        return None if change.place == alone else "a record was added where it does not belong"
    if change.place != f"SESSION#{session_id}/RECORD#{sequence:08d}":
        return "a record was added where it does not belong"
    session = store.get(session_id)
    if session is None or session.sequence < sequence:
        return "a record was added of a step that its session did not take"
    return None if _follows(record, store) else "a record was added that does not follow the last"


def _follows(record: Record, store: SessionStore) -> bool:
    last: object = FIRST_PREVIOUS_HASH
    if record["sequence"] > 1:
        before = store.record(record["session_id"], record["sequence"] - 1)
        last = before.get("hash") if before is not None else ""
    return bool(record["previous_hash"] == last)


def _session(change: Change, verifier: Verifier) -> str | None:
    """A session takes the steps of its life, stays who and what it is about, and is not removed.

    Its proofs are asked for as soon as they are there, so that what is forged is told although
    nobody tries to use it.
    """
    before, after = change.was, change.now
    if change.after is None:
        return "a session was removed"
    if not isinstance(after, Session) or f"SESSION#{after.session_id}/SESSION" != change.place:
        return "a session was overwritten with what is none, or with another"
    if not isinstance(before, Session):
        return _proven(after, verifier)
    wrong = _step(before, after)
    if wrong is None and _proofs(before) != _proofs(after):
        wrong = _proven(after, verifier)
    return wrong


def _proven(session: Session, verifier: Verifier) -> str | None:
    # What people wrote may be erased once a session is closed, and its proof with it.
    if session.closed or all(verifier.verify(_proofs(session))):
        return None
    return f"a session says {session.status} and is not proven"


def _step(before: Session, after: Session) -> str | None:
    lawful = {before.status, *TRANSITIONS[before.status]}
    if after.status not in lawful:
        return f"a session went from {before.status} to {after.status}"
    if after.sequence < before.sequence:
        return "a session went back to an earlier step"
    if before.proof != after.proof or _about(before) != _about(after):
        return "a session was made one of something else"
    return None


def _about(session: Session) -> dict[str, object]:
    said = dict(proofs.of_request(session).fields)
    return {name: value for name, value in said.items() if name != "reason"}


def _proofs(session: Session) -> tuple[proofs.Signed, ...]:
    return proofs.evidence(session).all


def _block(change: Change, store: SessionStore) -> str | None:
    """A block is put and lifted with a record that says so, and goes when its time is long over."""
    if change.after is None:
        was = change.was
        over = isinstance(was, ListedBlock) and (was.block.lifted_at or was.block.until)
        return None if change.by_time_to_live and over else "a block was removed"
    block = change.now
    if not isinstance(block, ListedBlock):
        return "a block was overwritten with what is none"
    earlier = change.was.event_id if isinstance(change.was, ListedBlock) else ""
    said = store.record(f"NONE#{block.event_id}", 0)
    wanted = RecordType.UNBLOCKED if block.block.lifted_at else RecordType.BLOCKED
    if (
        said is None
        or block.event_id == earlier
        or said.get("type") != wanted
        or said.get("hash") != audit_record.hash_of(said)
        or said.get("requester") != block.block.principal
        or said.get("resource") != block.block.resource
        or (wanted is RecordType.BLOCKED and said.get("detail") != block.block.told())
    ):
        return "a block was changed, and no record of the change is there"
    return None


def _head(change: Change) -> str | None:
    """Each step of the blocklist, and each checkpoint of the log, is the one after the last."""
    what = "log's head" if change.item is Item.LOG_HEAD else "blocklist's head"
    if change.after is None:
        return f"the {what} was removed"
    before = change.was if isinstance(change.was, int) else 0
    if not isinstance(change.now, int) or change.now != before + 1:
        return f"the {what} went from {before} to {change.now}"
    return None
