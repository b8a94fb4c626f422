"""Blocking a person ends what they have, everywhere at once.

The block is written first and the sessions are looked for afterwards, while whoever makes access
looks for a block after writing that it is there: one of the two sees the other.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pam.domain.block import EVERYTHING, Block
from pam.domain.errors import Invalid, IssuerUnavailable, NotEligible, NotFound
from pam.domain.lifecycle import CLOSED, Status
from pam.domain.people import Actor, ActorKind, Caller
from pam.domain.people_notices import operator_blocked
from pam.domain.session import Session
from pam.operations.add_block import BlockOrder, add_block
from pam.operations.call import Call
from pam.operations.decide_end import Verdict, decide_end
from pam.operations.end_access import REVOKED_BY_OPERATOR, drive_end, load_to_end
from pam.operations.find_person import find_person
from pam.operations.transition import load, transition
from pam.policy.cedar import Action, CedarPolicy
from pam.ports.people import Closer, Notifier
from pam.ports.sessions import SessionStore
from pam.side_by_side import outcomes

_AT_ONCE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockTerms:
    """What an operator wants of a block. `length` None: until lifted."""

    length: timedelta | None
    one_resource: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOrder:
    """Whom to block, by a name or by any principal. `length` None: until lifted."""

    person: str
    reason: str
    length: timedelta | None
    resource: str = EVERYTHING
    unseen: bool = False
    """Whether it may be somebody of whom PAM has never heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonBlocked:
    person: str
    principals: tuple[str, ...]
    """Those that PAM knows."""
    ended: tuple[str, ...]
    """Ids of the sessions whose end this call decided."""
    blocks: tuple[Block, ...]
    """All that stand against this person now."""


def block_requester(
    session_id: str, terms: BlockTerms, call: Call, *, closer: Closer, notifier: Notifier
) -> Session:
    """Blocks whoever asked for this session, then ends all that the block covers.

    A session that is over already tells whom to block all the same. Returns it as it is then:
    closed, or REVOKING if its target has not confirmed yet. Raises NotFound, NotEligible, Blocked.
    """
    session = load_to_end(session_id, REVOKED_BY_OPERATOR, call)
    if call.may(Action.BLOCK, session) is None:
        message = "nobody blocks by a session that concerns them; another operator can"
        raise NotEligible(message, session_id=session_id)
    order = BlockOrder(
        person=session.requester_name,
        principal=session.requester,
        resource=session.resource if terms.one_resource else EVERYTHING,
        until=None if terms.length is None else call.now + terms.length,
        reason=terms.reason,
        length_field="block_seconds",
    )
    made = add_block(order, call)
    end_blocked(
        made,
        reason=terms.reason,
        caller=call.caller,
        now=call.now,
        store=call.store,
        policy=call.policy,
        closer=closer,
        named=(session_id,),
    )
    _tell_of_operator(made, notifier)
    return load(call.store, session_id)


def block_person(
    order: PersonOrder, call: Call, *, closer: Closer, notifier: Notifier
) -> PersonBlocked:
    """Blocks somebody by name, session or no session, then ends all that the block covers.

    It binds every principal of theirs, those of which PAM learns later as well. Raises NotFound for
    an unknown resource, and what `block` raises.
    """
    if order.resource and call.policy.resource(order.resource) is None:
        message = f"there is no resource {order.resource!r}"
        raise NotFound(message, recorded="there is no resource of that name")
    known = find_person(order.person, store=call.store, policy=call.policy)
    if not known.known and not order.unseen:
        message = (
            "PAM has neither listed nor seen this person; with `unseen` they are blocked anyway"
        )
        raise Invalid.field("person", message)
    made = add_block(
        BlockOrder(
            person=known.name,
            principal=next(iter(known.principals), known.name),
            resource=order.resource,
            until=None if order.length is None else call.now + order.length,
            reason=order.reason,
        ),
        call,
    )
    ended = end_blocked(
        made,
        reason=order.reason,
        caller=call.caller,
        now=call.now,
        store=call.store,
        policy=call.policy,
        closer=closer,
    )
    _tell_of_operator(made, notifier)
    return PersonBlocked(
        person=known.name,
        principals=known.principals,
        ended=tuple(session.session_id for session in ended),
        blocks=tuple(each for each in call.store.blocks_of(known.name) if each.stands(call.now)),
    )


def _tell_of_operator(made: Block, notifier: Notifier) -> None:
    """Tier-1 hears at once that an operator is kept from acting; after the end, which waits for
    nobody. Raises IssuerUnavailable: the same call, made again, tells it.
    """
    if not made.of_operator:
        return
    try:
        notifier.show(operator_blocked(made))
    except Exception as fault:
        message = "the block stands, but Tier-1 could not be told of it; make the same call again"
        raise IssuerUnavailable(message) from fault


def end_blocked(
    stands: Block,
    *,
    reason: str,
    caller: Caller | None,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    closer: Closer,
    named: tuple[str, ...] = (),
) -> list[Session]:
    """Ends every open session that the block covers, each with its own receipt.

    All are decided before any target is asked, and all targets are asked side by side, so that one
    that does not answer holds up no other; its session stays REVOKING. Safe to repeat. `caller` is
    None for a search that finds what an earlier call had no time for.
    """
    verdict = Verdict(
        outcome=Status.REVOKED,
        actor=caller.actor
        if caller is not None
        else Actor(principal=stands.by, kind=ActorKind.PERSON),
        reason=reason,
        written=True,
        request_id=caller.request_id if caller is not None else "",
    )

    def decide(session_id: str) -> Session:
        return transition(store, session_id, lambda s: decide_end(s, verdict, now), now=now)

    def drive(session: Session) -> Session:
        return drive_end(session, store=store, closer=closer)

    wanted = sorted({*_covered(stands, store, policy), *named})
    deciding, undecided = outcomes(decide, wanted, at_once=_AT_ONCE)
    ended, unended = outcomes(drive, deciding, at_once=_AT_ONCE)
    for error in (*undecided, *unended):
        raise error
    return ended


def end_all_blocked(
    *,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    closer: Closer,
) -> list[Session]:
    """The belt: what is open although its person is blocked, because a call died in the middle.

    Whoever has nothing open is not looked at further, so it costs two queries as a rule.
    """
    standing = [block for block in store.blocklist().blocks if block.stands(now)]
    if not standing:
        return []
    # Those whose end is decided are the tick's.
    over = CLOSED | {Status.REVOKING}
    open_now = [session for session in store.open_sessions() if session.status not in over]

    def end(block: Block) -> list[Session]:
        return end_blocked(
            block,
            reason=block.reason,
            caller=None,
            now=now,
            store=store,
            policy=policy,
            closer=closer,
        )

    concerned = [block for block in standing if any(_concerns(block, s) for s in open_now)]
    ended, unended = outcomes(end, concerned, at_once=_AT_ONCE)
    for error in unended:
        raise error
    return [session for sessions in ended for session in sessions]


def _concerns(block: Block, session: Session) -> bool:
    return block.person == session.requester_name and block.covers(session.resource)


def _covered(stands: Block, store: SessionStore, policy: CedarPolicy) -> set[str]:
    """Open sessions by the index of open ones, which may lag, and by the grants, which do not."""
    covered = {
        session.session_id
        for session in store.open_sessions(stands.person)
        if _concerns(stands, session) and not session.closed
    }
    for resource in policy.resources():
        if stands.covers(resource.resource_id):
            covered.update(store.grants(stands.person, resource.resource_id))
    return covered
