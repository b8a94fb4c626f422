"""What was refused is recorded too: under its session where there is one that the caller may know
of, else on its own.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from pam.domain import new_records
from pam.domain.audit_record import Entry, Outcome, PolicyTrace, RecordType
from pam.domain.errors import Refusal
from pam.domain.people import Actor, Person
from pam.domain.session import Session
from pam.ids import new_id
from pam.operations.transition import Step, transition
from pam.policy.cedar import Action, CedarPolicy
from pam.ports.sessions import SessionStore

_MOST_IN_A_TRAIL = 100
"""Refusals in one session's trail; more would bury its steps. The others stand on their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What was tried, as far as it could be read: shown in the record, trusted nowhere.

    `person` is who tried, if that is known: None may know of no session.
    """

    act: str
    actor: Actor
    person: Person | None = None
    requester: str = ""
    resource: str = ""
    request_id: str = ""


def record_refusal(
    refusal: Refusal, attempt: Attempt, *, now: datetime, store: SessionStore, policy: CedarPolicy
) -> None:
    """Says the code and what PAM itself says of it, and nothing of what the caller sent."""
    entry = Entry(
        type=RecordType.REFUSED,
        actor=attempt.actor,
        outcome=Outcome.REFUSED,
        detail=f"{attempt.act}: {refusal.recorded}",
        trace=PolicyTrace(policy_ids=refusal.policy_ids),
        policy_version=policy.version,
        request_id=attempt.request_id,
    )
    session = refusal.session_id and store.get(refusal.session_id)
    if not session or not _belongs(session, attempt, policy):
        _record_alone(refusal, entry, attempt, now, store)
        return
    coded = replace(entry, detail=f"{refusal.code}: {entry.detail}")

    def counted(stored: Session) -> Step:
        return Step(replace(stored, refusals=stored.refusals + 1), (coded,))

    transition(store, session.session_id, counted, now=now)


def _belongs(session: Session, attempt: Attempt, policy: CedarPolicy) -> bool:
    """Whether the session's own trail is the place: strangers cannot write into it, nor anybody
    without bound.
    """
    if attempt.person is None or session.refusals >= _MOST_IN_A_TRAIL:
        return False
    return policy.may(Action.READ, attempt.person, session).allowed


def _record_alone(
    refusal: Refusal, entry: Entry, attempt: Attempt, now: datetime, store: SessionStore
) -> None:
    if refusal.session_id:
        entry = replace(entry, detail=f"{attempt.act} on {refusal.session_id}: {refusal.recorded}")
    store.add_refusal(
        new_records.refusal(
            entry=entry,
            code=refusal.code,
            resource=attempt.resource,
            requester=attempt.requester,
            now=now,
            new_id=new_id,
        )
    )
