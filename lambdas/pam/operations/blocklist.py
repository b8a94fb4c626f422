"""The blocklist: who is on it, whom it keeps from what, and who may see and change it.

Every change is one write on condition that nobody changed the list since it was read, together with
its record. So of two operators who block each other at once one is blocked, and the other is not:
an operator who is not blocked is always left.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from pam.domain import audit_record
from pam.domain.audit_record import Entry, RecordType
from pam.domain.block import (
    EVERYTHING,
    LONGEST_BLOCK_OF_AN_OPERATOR,
    Block,
    Blocklist,
    standing,
)
from pam.domain.errors import (
    Blocked,
    Conflict,
    Invalid,
    NotEligible,
    NotFound,
    StaleSession,
)
from pam.domain.people import Caller, Person
from pam.ids import new_id
from pam.operations.find_person import find_person
from pam.policy.cedar import CedarPolicy
from pam.ports.sessions import SessionStore

_TRIES = 30
_LONGEST_PAUSE = 0.2


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


def refuse_blocked(
    person: str,
    resource: str,
    *,
    now: datetime,
    store: SessionStore,
    session_id: str | None = None,
) -> None:
    """Raises Blocked if the person is kept from this resource now (EVERYTHING: from acting at all).

    It reads nothing but what stands in the table at this instant.
    """
    block = standing(store.blocks_of(person), resource, now)
    if block is not None:
        # Neither who blocked nor why: both are for operators and auditors.
        raise Blocked(block.told(), session_id=session_id)


def is_blocked(person: str, resource: str, *, now: datetime, store: SessionStore) -> bool:
    return standing(store.blocks_of(person), resource, now) is not None


def block(
    order: BlockOrder, *, caller: Caller, now: datetime, store: SessionStore, policy: CedarPolicy
) -> Block:
    """Puts a person on the list, or keeps them on it for longer; never for less long.

    One operator at a time can be kept from acting, and for a day at most: whoever takes one
    operator's account must not be able to shut out the others. Raises NotEligible, also for
    oneself, Blocked if the operator is blocked, Invalid and Conflict.
    """
    operator = _operator(caller, policy)
    if operator.name == order.person:
        message = "nobody blocks themselves"
        raise NotEligible(message)
    of_operator = order.resource == EVERYTHING and _is_operator(order.person, store, policy)
    if of_operator and (order.until is None or order.until > now + LONGEST_BLOCK_OF_AN_OPERATOR):
        raise Invalid.field(
            order.length_field, f"{order.person} is an operator: between 1 second and 24 hours"
        )

    def decide(listed: Blocklist) -> Block | None:
        _check_unblocked(operator, listed, now)
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

    made = _change(RecordType.BLOCKED, decide, caller, now, store, policy)
    if made is not None:
        return made
    blocks = store.blocks_of(order.person)
    return next(b for b in blocks if b.resource == order.resource)


def lift(
    principal: str,
    resource: str | None,
    reason: str,
    *,
    caller: Caller,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
) -> list[Block]:
    """Takes a person off the list, or off one resource's. Raises NotEligible, Blocked, NotFound.

    The person may be named by what the list says, so that one who is nobody any more can be named.
    """
    operator = _operator(caller, policy)
    lifted: list[Block] = []

    def decide(listed: Blocklist) -> Block | None:
        _check_unblocked(operator, listed, now)
        person = _name(principal, listed, policy)
        if person == operator.name:
            message = "nobody lifts a block of their own"
            raise NotEligible(message)
        for found in listed.blocks:
            wanted = found.person == person and resource in {None, found.resource}
            if wanted and found.stands(now):
                return replace(found, lifted_at=now, lifted_by=caller.principal, lift_reason=reason)
        return None

    while one := _change(RecordType.UNBLOCKED, decide, caller, now, store, policy):
        lifted.append(one)
    if not lifted:
        message = f"{principal} is not blocked" + (f" on {resource}" if resource else "")
        raise NotFound(message, recorded="whoever was named is not blocked there")
    return lifted


def list_blocks(
    *, caller: Caller, now: datetime, store: SessionStore, policy: CedarPolicy
) -> list[Block]:
    """Those in force, by name. Raises NotEligible."""
    if caller.person is None or not policy.may_inspect(caller.person).allowed:
        message = "no policy lets this principal see who is blocked"
        raise NotEligible(message)
    return [block for block in store.blocklist().blocks if block.stands(now)]


def _operator(caller: Caller, policy: CedarPolicy) -> Person:
    if caller.person is None or not policy.may_administer(caller.person).allowed:
        message = "no policy lets this principal change who is blocked"
        raise NotEligible(message)
    return caller.person


def _is_operator(person: str, store: SessionStore, policy: CedarPolicy) -> bool:
    """By any principal of theirs that is listed, or that was seen to act."""
    known = find_person(person, store=store, policy=policy)
    return any(policy.may_administer(each).allowed for each in known.people)


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


def _check_unblocked(operator: Person, listed: Blocklist, now: datetime) -> None:
    own = [block for block in listed.blocks if block.person == operator.name]
    found = standing(own, EVERYTHING, now)
    if found is not None:
        raise Blocked(found.told())


def _name(principal: str, listed: Blocklist, policy: CedarPolicy) -> str:
    for found in listed.blocks:
        if principal in {found.person, found.principal}:
            return found.person
    return policy.identities.named(principal) or principal


def _change(
    kind: RecordType,
    decide: Callable[[Blocklist], Block | None],
    caller: Caller,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
) -> Block | None:
    """One change, decided on the list as it stands when it is written. None: nothing to change."""
    for attempt in range(_TRIES):
        listed = store.blocklist()
        changed = decide(listed)
        if changed is None:
            return None
        try:
            store.put_block(listed, changed, _record(kind, changed, caller, now, policy))
        except StaleSession:
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.005 * 2**attempt)))  # noqa: S311
            continue
        return changed
    message = "the blocklist is being changed by too many at once; try again"
    raise StaleSession(message)


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
