"""An operator puts a person on the blocklist."""

from dataclasses import dataclass
from datetime import datetime

from pam.domain.audit_record import RecordType
from pam.domain.block import EVERYTHING, LONGEST_BLOCK_OF_AN_OPERATOR, Block, Blocklist
from pam.domain.errors import Conflict, Invalid, NotEligible
from pam.operations.call import Call
from pam.operations.change_blocklist import change_blocklist, check_operator, check_unblocked
from pam.operations.find_person import find_person


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockOrder:
    """Whom to keep from what, until when and why. `until` None: until lifted."""

    person: str
    principal: str
    resource: str = EVERYTHING
    until: datetime | None
    reason: str
    length_field: str = "seconds"
    """What the caller calls the field of which `until` comes."""


def add_block(order: BlockOrder, call: Call) -> Block:
    """Puts a person on the list, or keeps them on it for longer; never for less long.

    One operator at a time can be kept from acting, and for a day at most: whoever takes one
    operator's account must not be able to shut out the others. Raises NotEligible, also for
    oneself, Blocked if the operator is blocked, Invalid and Conflict.
    """
    operator = check_operator(call)
    if operator.name == order.person:
        message = "nobody blocks themselves"
        raise NotEligible(message)
    of_operator = order.resource == EVERYTHING and _is_operator(order.person, call)
    latest = call.now + LONGEST_BLOCK_OF_AN_OPERATOR
    if of_operator and (order.until is None or order.until > latest):
        raise Invalid.field(
            order.length_field, f"{order.person} is an operator: between 1 second and 24 hours"
        )

    def decide(listed: Blocklist) -> Block | None:
        check_unblocked(operator, listed, call.now)
        if of_operator:
            _check_only_one(order.person, listed, call)
        for earlier in listed.blocks:
            same = (earlier.person, earlier.resource) == (order.person, order.resource)
            if same and earlier.stands(call.now) and earlier.outlasts(order.until):
                return None
        return Block(
            person=order.person,
            principal=order.principal,
            resource=order.resource,
            since=call.now,
            until=order.until,
            reason=order.reason,
            by=call.caller.principal,
            of_operator=of_operator,
        )

    made = change_blocklist(RecordType.BLOCKED, decide, call)
    if made is not None:
        return made
    blocks = call.store.blocks_of(order.person)
    return next(b for b in blocks if b.resource == order.resource)


def _check_only_one(person: str, listed: Blocklist, call: Call) -> None:
    for other in listed.blocks:
        if other.person == person or other.resource != EVERYTHING or not other.stands(call.now):
            continue
        if other.of_operator or _is_operator(other.person, call):
            message = (
                f"{other.person}, an operator, is blocked already; one at a time can be, so that "
                "others are left"
            )
            raise Conflict(message)


def _is_operator(person: str, call: Call) -> bool:
    """By any principal of theirs that is listed, or that was seen to act."""
    known = find_person(person, store=call.store, policy=call.policy)
    return any(call.policy.may_administer(each).allowed for each in known.people)
