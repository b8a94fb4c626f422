"""An operator puts a person on the blocklist."""

from dataclasses import dataclass
from datetime import datetime

from pam.domain.audit_record import RecordType
from pam.domain.block import EVERYTHING, LONGEST_BLOCK_OF_AN_OPERATOR, Block, Blocklist
from pam.domain.errors import Conflict, Invalid, NotEligible
from pam.domain.people import Caller
from pam.operations.change_blocklist import change_blocklist, check_operator, check_unblocked
from pam.operations.find_person import find_person
from pam.policy.cedar import CedarPolicy
from pam.ports.sessions import SessionStore


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


def add_block(
    order: BlockOrder, *, caller: Caller, now: datetime, store: SessionStore, policy: CedarPolicy
) -> Block:
    """Puts a person on the list, or keeps them on it for longer; never for less long.

    One operator at a time can be kept from acting, and for a day at most: whoever takes one
    operator's account must not be able to shut out the others. Raises NotEligible, also for
    oneself, Blocked if the operator is blocked, Invalid and Conflict.
    """
    operator = check_operator(caller, policy)
    if operator.name == order.person:
        message = "nobody blocks themselves"
        raise NotEligible(message)
    of_operator = order.resource == EVERYTHING and _is_operator(order.person, store, policy)
    if of_operator and (order.until is None or order.until > now + LONGEST_BLOCK_OF_AN_OPERATOR):
        raise Invalid.field(
            order.length_field, f"{order.person} is an operator: between 1 second and 24 hours"
        )

    def decide(listed: Blocklist) -> Block | None:
        check_unblocked(operator, listed, now)
        if of_operator:
            _check_only_one(order.person, listed, now, store, policy)
        for earlier in listed.blocks:
            same = (earlier.person, earlier.resource) == (order.person, order.resource)
            if same and earlier.stands(now) and earlier.outlasts(order.until):
                return None
        return Block(
            person=order.person,
            principal=order.principal,
            resource=order.resource,
            since=now,
            until=order.until,
            reason=order.reason,
            by=caller.principal,
            of_operator=of_operator,
        )

    made = change_blocklist(RecordType.BLOCKED, decide, caller, now, store, policy)
    if made is not None:
        return made
    blocks = store.blocks_of(order.person)
    return next(b for b in blocks if b.resource == order.resource)


def _check_only_one(
    person: str, listed: Blocklist, now: datetime, store: SessionStore, policy: CedarPolicy
) -> None:
    for other in listed.blocks:
        if other.person == person or other.resource != EVERYTHING or not other.stands(now):
            continue
        if other.of_operator or _is_operator(other.person, store, policy):
            message = (
                f"{other.person}, an operator, is blocked already; one at a time can be, so that "
                "others are left"
            )
            raise Conflict(message)


def _is_operator(person: str, store: SessionStore, policy: CedarPolicy) -> bool:
    """By any principal of theirs that is listed, or that was seen to act."""
    known = find_person(person, store=store, policy=policy)
    return any(policy.may_administer(each).allowed for each in known.people)
