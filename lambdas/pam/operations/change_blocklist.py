"""The one way the blocklist changes, and who may change it.

Every change is one write on condition that nobody changed the list since it was read, together with
its record. So of two operators who block each other at once one is blocked, and the other is not:
an operator who is not blocked is always left.
"""

from collections.abc import Callable
from datetime import datetime

from pam.domain import audit_record, new_records
from pam.domain.audit_record import RecordType
from pam.domain.block import EVERYTHING, Block, Blocklist, standing
from pam.domain.errors import Blocked, NotEligible
from pam.domain.people import Person
from pam.ids import new_id
from pam.operations.call import Call
from pam.operations.retrying import until_won


def check_operator(call: Call) -> Person:
    operator = call.person()
    if not call.policy.may_administer(operator).allowed:
        message = "no policy lets this principal change who is blocked"
        raise NotEligible(message)
    return operator


def check_unblocked(operator: Person, listed: Blocklist, now: datetime) -> None:
    own = [block for block in listed.blocks if block.person == operator.name]
    found = standing(own, EVERYTHING, now)
    if found is not None:
        raise Blocked(found.in_words())


def change_blocklist(
    kind: RecordType, decide: Callable[[Blocklist], Block | None], call: Call
) -> Block | None:
    """One change, decided on the list as it stands when it is written. None: nothing to change."""

    def attempt() -> Block | None:
        listed = call.store.blocklist()
        changed = decide(listed)
        if changed is not None:
            call.store.put_block(listed, changed, _record(kind, changed, call))
        return changed

    lost = "the blocklist is being changed by too many at once; try again"
    return until_won(attempt, lost=lost)


def _record(kind: RecordType, changed: Block, call: Call) -> audit_record.Record:
    """Without the reason: what people write stays with the block."""
    where = f" on {changed.resource}" if changed.resource else ""
    unblocked = f"{changed.person} is no longer blocked{where}"
    detail = changed.in_words() if kind is RecordType.BLOCKED else unblocked
    return new_records.about_person(
        entry=call.entry(kind, detail=detail),
        requester=changed.principal,
        resource=changed.resource,
        now=call.now,
        new_id=new_id,
    )
