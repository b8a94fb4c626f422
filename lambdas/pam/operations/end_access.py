"""People end sessions: an operator takes the access back, or the requester gives it back."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from pam.domain.block import EVERYTHING, Block
from pam.domain.errors import Conflict, IssuerUnavailable, NotEligible, TryAgain
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.operations.answer_workflow import answer_workflow
from pam.operations.call import Call
from pam.operations.decide_end import Verdict, decide_end
from pam.operations.refuse_blocked import kept_out, refuse
from pam.operations.transition import Step, load, transition
from pam.policy.cedar import Action
from pam.ports.people import Closer, Waiting
from pam.ports.sessions import SessionStore
from pam.side_by_side import side_by_side


@dataclass(frozen=True, slots=True, kw_only=True)
class EndKind:
    """How a person ends a session: by which right, and what it becomes."""

    right: Action
    outcome: Status
    reason_written: bool
    """Whether the reason is the caller's own words."""


REVOKED_BY_OPERATOR = EndKind(right=Action.REVOKE, outcome=Status.REVOKED, reason_written=True)
GIVEN_BACK = EndKind(right=Action.END, outcome=Status.ENDED, reason_written=False)
"""A request that is still waiting becomes WITHDRAWN."""


def end_access(
    session_id: str,
    end_kind: EndKind,
    reason: str,
    call: Call,
    *,
    closer: Closer,
    workflow: Waiting,
) -> Session:
    """Ends a session now, whatever it is waiting for. Raises NotFound, NotEligible, Conflict.

    Whether the caller may is policy; that the access can be taken back is not. Decided here, done
    by the closer. If the target does not confirm, the session is returned REVOKING: the decision is
    in force, and workflow and tick go on until it is confirmed.
    """
    stored = load_to_end(session_id, end_kind, call)
    verdict = Verdict(
        outcome=end_kind.outcome,
        actor=call.caller.actor,
        reason=reason,
        written=end_kind.reason_written,
        request_id=call.caller.request_id,
    )

    def decide(session: Session) -> Step | None:
        if session.closed:
            message = f"the session is {session.status.value} already"
            raise Conflict(message, session_id=session_id)
        return decide_end(session, verdict, call.now)

    session = transition(call.store, session_id, decide, now=call.now, read=stored)
    if session.closed and session.approved_at is None:
        # Nothing was made, so no target has to be asked: the workflow alone waits, for its token.
        # One that cannot be told now finds the session closed when it wakes.
        with suppress(TryAgain, IssuerUnavailable):
            answer_workflow(session, store=call.store, workflow=workflow)
        return session
    return drive_end(session, store=call.store, closer=closer)


def drive_end(session: Session, *, store: SessionStore, closer: Closer) -> Session:
    """Has the closer do an end that is decided. Returns what the store then says: REVOKING if the
    target did not confirm in time.
    """
    with suppress(IssuerUnavailable):
        closer.end_decided(session.session_id)
    return load(store, session.session_id)


def load_to_end(session_id: str, end_kind: EndKind, call: Call) -> Session:
    """The session, if the caller may end it so. Raises NotFound, NotEligible; Blocked for a blocked
    operator. Giving back is open to the blocked.
    """
    session, blocked = _read(session_id, end_kind, call)
    person = call.may(end_kind.right, session)
    if person is None:
        message = f"no policy lets this principal {end_kind.right.value} {session_id}"
        raise NotEligible(message, session_id=session_id)
    refuse(blocked.get(person.name), session_id=session_id)
    return session


def _read(session_id: str, end_kind: EndKind, call: Call) -> tuple[Session, Mapping[str, Block]]:
    """The session, and whether its operator is blocked: neither needs the other's answer."""
    operator = call.caller.person
    if operator is None or end_kind.right is Action.END:
        return load(call.store, session_id), {}
    return side_by_side(
        partial(load, call.store, session_id),
        partial(kept_out, [operator.name], EVERYTHING, now=call.now, store=call.store),
    )
