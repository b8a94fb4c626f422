"""Sees what happens to sessions, records, blocks and the log's head, and tells what may not.

Whatever PAM itself does leaves no finding. A finding goes on record outside every chain, with what
the item was and never with what people wrote in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pam.domain import audit_record, new_records, proofs
from pam.domain.activity import one_line
from pam.domain.audit_record import FIRST_PREVIOUS_HASH, Entry, Outcome, Record, RecordType
from pam.domain.errors import StaleSession
from pam.domain.lifecycle import AWAITING, TRANSITIONS, Status
from pam.domain.people import Actor, ActorKind
from pam.domain.session import Session
from pam.domain.store_change import UNREADABLE, Change, Item, ListedBlock
from pam.ids import new_id
from pam.ports.proofs import Verifier
from pam.ports.sessions import Once, SessionStore

WATCH = Actor(principal="mod046:store-watch", kind=ActorKind.CLOCK)
_REMEMBERED = timedelta(days=2)
"""Twice as long as a stream tells of a change."""
_LONGEST_SHOWN = 100
_TIME_OF_AN_ID = 10
"""Characters of a ULID."""
_MOST_RECORDS = 10
"""Of one step; what is longer has strays before it, which are told by themselves."""
_WITHOUT_RECORD = (
    "notices",
    "noticed_at",
    "notifying_until",
    "tries",
    "tried_at",
)
"""What is noted of a session without a step: that people were told, and that an end was tried."""
_SAID: Mapping[Status, RecordType] = {
    Status.PENDING_APPROVAL: RecordType.REQUESTED,
    Status.ACTIVE: RecordType.ACTIVATED,
    # Elsewhere the record is called as the state is.
    **{
        status: RecordType(status.value.title())
        for status in Status
        if status not in {Status.PENDING_APPROVAL, Status.ACTIVE}
    },
}


def watch_store(
    change: Change, *, now: datetime, store: SessionStore, verifier: Verifier
) -> str | None:
    """What is wrong with the change, once it is on record; None for what PAM itself does."""
    try:
        wrong = _wrong(change, now, store, verifier)
    except UNREADABLE:
        # Whoever could have this tried again and again would keep all that comes after it untold.
        wrong = "it holds what cannot be judged"
    if wrong is None:
        return None
    entry = Entry(
        type=RecordType.DRIFT,
        actor=WATCH,
        outcome=Outcome.FAILURE,
        detail=f"tampered: {change.place}: {wrong}",
        request_id=change.change_id,
    )
    record = new_records.finding(entry=entry, resource="", now=now, new_id=new_id)
    try:
        store.add_finding(record, Once(key=f"change/{change.change_id}", until=now + _REMEMBERED))
    except StaleSession:
        return None
    return wrong


def _wrong(change: Change, now: datetime, store: SessionStore, verifier: Verifier) -> str | None:
    match change.item:
        case Item.RECORD:
            return _record(change, store)
        case Item.SESSION:
            return _session(change, now, store, verifier)
        case Item.BLOCK:
            return _block(change, store)
        case Item.BLOCKS | Item.LOG_HEAD:
            return _head(change)


def _record(change: Change, store: SessionStore) -> str | None:
    """A record is written once, with the step of its session, and then stands as it is."""
    if change.before is not None:
        done = "removed" if change.after is None else "overwritten"
        was = change.was if isinstance(change.was, dict) else {}
        kind, event_id, hashed = (_shown(was.get(name)) for name in ("type", "event_id", "hash"))
        return f"a record was {done}; it was {kind} {event_id}, hash {hashed}"
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


def _session(change: Change, now: datetime, store: SessionStore, verifier: Verifier) -> str | None:
    """A session takes the steps of its life, each with its record, stays who and what it is about,
    and is not removed.

    Its proofs are asked for as soon as they are there, so that what is forged is told although
    nobody tries to use it.
    """
    before, after = change.was, change.now
    if change.after is None:
        return "a session was removed"
    if not isinstance(after, Session) or f"SESSION#{after.session_id}/SESSION" != change.place:
        return "a session was overwritten with what is none, or with another"
    if change.before is None:
        return _opened(after, store, verifier)
    if not isinstance(before, Session):
        # As an earlier version wrote it, or told already.
        return _proven(after, verifier)
    wrong = _step(before, after)
    if wrong is None and _proofs(before) != _proofs(after):
        # The others were asked for when they were written, unless nobody had signed them.
        wrong = _proven(after, verifier, asked=_proofs(before))
    return wrong or _recorded(before, after, now, store)


def _opened(session: Session, store: SessionStore, verifier: Verifier) -> str | None:
    if session.status not in AWAITING:
        return f"a session was added that says {session.status}"
    return _proven(session, verifier) or _on_record(session, {RecordType.REQUESTED}, 0, store)


def _proven(
    session: Session, verifier: Verifier, asked: Sequence[proofs.Signed] = ()
) -> str | None:
    # What people wrote may be erased once a session is closed, and its proof with it.
    shown = [each for each in _proofs(session) if each not in asked or not each.mac]
    if session.closed or all(verifier.verify(shown)):
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
    if before.ending and not (after.ending and after.ending.follows(before.ending)):
        return "a decided end was changed"
    if after.status is not Status.ACTIVATING and not _votes(before) <= _votes(after):
        # Only activation strikes votes, those that nobody vouches for.
        return "a vote was taken away"
    return None


def _recorded(before: Session, after: Session, now: datetime, store: SessionStore) -> str | None:
    if after.sequence == before.sequence:
        untold = {name: getattr(before, name) for name in _WITHOUT_RECORD}
        if after.traces_until is None and before.traces_until and before.traces_until <= now:
            # What had to stand at the target until then has been cleared.
            untold["traces_until"] = before.traces_until
        same = replace(after, **untold) == before
        return None if same else "a session was changed without a step of its own"
    shown = {
        _SAID[after.status]: before.status is not after.status,
        RecordType.VOTED: len(after.votes) > len(before.votes),
        RecordType.CONFIRMED: before.confirmation != after.confirmation,
        RecordType.LEASED: before.leases != after.leases,
        RecordType.REVIEWED: _looks(before) != _looks(after),
    }
    wanted = {kind for kind, changed in shown.items() if changed}
    return _on_record(after, wanted, before.sequence, store)


def _on_record(
    session: Session, wanted: set[RecordType], since: int, store: SessionStore
) -> str | None:
    """Each step writes its records with it, and what they say is what was done."""
    first = max(since, session.sequence - _MOST_RECORDS) + 1
    told = [store.record(session.session_id, n) for n in range(first, session.sequence + 1)]
    last = told[-1] if told else None
    if last is None or last.get("hash") != session.last_hash:
        return "a session took a step, and no record of it is there"
    missing = wanted - {record.get("type") for record in told if record}
    if missing:
        return f"a session was changed, and no record says {', '.join(sorted(missing))}"
    return None


def _about(session: Session) -> dict[str, object]:
    said = dict(proofs.of_request(session).fields)
    kept = {name: value for name, value in said.items() if name != "reason"}
    return kept | {"needed": session.needed, "in person": session.requester_verified}


def _votes(session: Session) -> set[tuple[str, str]]:
    """Without what people wrote, which may be erased."""
    return {(vote.name, vote.proof) for vote in session.votes}


def _looks(session: Session) -> tuple[int, str | None]:
    review = session.review
    return (len(review.given), review.outcome) if review else (0, None)


def _shown(value: object) -> str:
    return one_line(str(value), _LONGEST_SHOWN)


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
        # Ids begin with their time: the record of an earlier change is none of this one.
        or block.event_id[:_TIME_OF_AN_ID] < earlier[:_TIME_OF_AN_ID]
        or said.get("type") != wanted
        or said.get("hash") != audit_record.hash_of(said)
        or said.get("requester") != block.block.principal
        or said.get("resource") != block.block.resource
        or (wanted is RecordType.BLOCKED and said.get("detail") != block.block.in_words())
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
