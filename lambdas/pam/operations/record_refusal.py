"""What was refused is recorded too: under its session where there is one, else on its own."""

from dataclasses import dataclass, replace
from datetime import datetime

from pam.domain import audit_record
from pam.domain.audit_record import Entry, Outcome, PolicyTrace, RecordType
from pam.domain.errors import Refusal
from pam.domain.people import Actor
from pam.domain.session import Session
from pam.ids import new_id
from pam.operations.transition import Step, transition
from pam.ports.sessions import SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What was tried, as far as it could be read: shown in the record, trusted nowhere."""

    act: str
    actor: Actor
    requester: str = ""
    resource: str = ""
    request_id: str = ""


def record_refusal(
    refusal: Refusal,
    attempt: Attempt,
    *,
    now: datetime,
    store: SessionStore,
    policy_version: str,
) -> None:
    entry = Entry(
        type=RecordType.REFUSED,
        actor=attempt.actor,
        outcome=Outcome.REFUSED,
        detail=f"{attempt.act}: {refusal.detail}",
        trace=PolicyTrace(policy_ids=refusal.policy_ids),
        policy_version=policy_version,
        request_id=attempt.request_id,
    )
    if refusal.session_id is None or store.get(refusal.session_id) is None:
        store.add_refusal(
            audit_record.refusal(
                entry=entry,
                code=refusal.code,
                resource=attempt.resource,
                requester=attempt.requester,
                now=now,
                new_id=new_id,
            )
        )
        return
    coded = replace(entry, detail=f"{refusal.code}: {entry.detail}")

    def unchanged(session: Session) -> Step:
        return Step(session, (coded,))

    transition(store, refusal.session_id, unchanged, now=now)
