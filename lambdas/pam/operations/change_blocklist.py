"""The one way the blocklist changes, and who may change it.

Every change is one write on condition that nobody changed the list since it was read, together with
its record. So of two operators who block each other at once one is blocked, and the other is not:
an operator who is not blocked is always left.
"""

from collections.abc import Callable
from datetime import datetime

from pam.domain import audit_record
from pam.domain.audit_record import Entry, RecordType
from pam.domain.block import EVERYTHING, Block, Blocklist, standing
from pam.domain.errors import Blocked, NotEligible
from pam.domain.people import Caller, Person
from pam.ids import new_id
from pam.operations.retrying import until_won
from pam.policy.cedar import CedarPolicy
from pam.ports.sessions import SessionStore


def check_operator(caller: Caller, policy: CedarPolicy) -> Person:
    if caller.person is None or not policy.may_administer(caller.person).allowed:
        message = "no policy lets this principal change who is blocked"
        raise NotEligible(message)
    return caller.person


def check_unblocked(operator: Person, listed: Blocklist, now: datetime) -> None:
    own = [block for block in listed.blocks if block.person == operator.name]
    found = standing(own, EVERYTHING, now)
    if found is not None:
        raise Blocked(found.told())


def change_blocklist(
    kind: RecordType,
    decide: Callable[[Blocklist], Block | None],
    caller: Caller,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
) -> Block | None:
    """One change, decided on the list as it stands when it is written. None: nothing to change."""

    def attempt() -> Block | None:
        listed = store.blocklist()
        changed = decide(listed)
        if changed is not None:
            store.put_block(listed, changed, _record(kind, changed, caller, now, policy))
        return changed

    lost = "the blocklist is being changed by too many at once; try again"
    return until_won(attempt, lost=lost)


def _record(
    kind: RecordType, changed: Block, caller: Caller, now: datetime, policy: CedarPolicy
) -> audit_record.Record:
    """Without the reason: what people write stays with the block."""
    where = f" on {changed.resource}" if changed.resource else ""
    unblocked = f"{changed.person} is no longer blocked{where}"
    entry = Entry(
        type=kind,
        actor=caller.actor,
        detail=changed.told() if kind is RecordType.BLOCKED else unblocked,
        policy_version=policy.version,
        request_id=caller.request_id,
    )
    return audit_record.about_person(
        entry=entry,
        requester=changed.principal,
        resource=changed.resource,
        now=now,
        new_id=new_id,
    )
