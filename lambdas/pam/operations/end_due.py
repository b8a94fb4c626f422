"""Does what the clock says is due for the end of a session: decides the end, goes on with one that
is not confirmed, or clears what a closed session left at its target.
"""

from datetime import datetime

from pam.domain import deadlines, timestamps
from pam.domain.errors import NotYet
from pam.domain.lifecycle import Status
from pam.domain.people import CLOCK
from pam.domain.session import Session
from pam.operations.clear_traces import clear_traces
from pam.operations.close_session import close_session
from pam.operations.decide_end import Verdict, verdict_of_lost_turn
from pam.operations.transition import load
from pam.ports.sessions import SessionStore
from pam.ports.targets import Issuers


def end_due(session_id: str, *, now: datetime, store: SessionStore, issuers: Issuers) -> Session:
    """The workflow calls it when the granted time is over. The tick does (by `sweep_session`) for
    whatever is past its deadline, until it is done.

    Raises NotYet if nothing is due, IssuerUnavailable if the target did not confirm an end.
    """
    session = load(store, session_id)
    deadline = deadlines.deadline(session)
    if session.closed:
        return clear_traces(session, now=now, store=store, issuers=issuers)
    if session.status is not Status.REVOKING and deadline is not None and now < deadline:
        message = f"session {session_id} is due at {timestamps.render(deadline)}"
        raise NotYet(message)
    verdict = _verdict_of_the_clock(session)
    if session.status is Status.APPROVED and session.comes_after:
        verdict = verdict_of_lost_turn(session, store=store) or verdict
        start_by = deadlines.start_by(session)
        if verdict.outcome is Status.FAILED and now < start_by:
            message = f"session {session_id} may begin until {timestamps.render(start_by)}"
            raise NotYet(message)
    return close_session(session_id, verdict, now=now, store=store, issuers=issuers, read=session)


def _verdict_of_the_clock(session: Session) -> Verdict:
    match session.status:
        case Status.PENDING_APPROVAL:
            outcome, reason = Status.UNANSWERED, "nobody decided in time"
        case Status.APPROVED:
            outcome, reason = Status.FAILED, "the workflow did not go on after the approval"
            if session.waits_its_turn:
                reason = "the resource did not become free in time"
        case Status.ACTIVATING:
            outcome, reason = Status.FAILED, "the access was not made in time"
        case _:
            outcome, reason = Status.EXPIRED, "the granted time is over"
    return Verdict(outcome=outcome, actor=CLOCK, reason=reason)
