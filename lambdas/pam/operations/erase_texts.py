"""Answers an erasure request: what people wrote in a session goes, its trail stays and holds."""

from datetime import datetime

from pam.domain.audit_record import Entry, RecordType
from pam.domain.block import EVERYTHING
from pam.domain.errors import Conflict, NotEligible
from pam.domain.people import Caller
from pam.domain.session import Session
from pam.operations.refuse_blocked import refuse_blocked
from pam.operations.transition import Step, load, transition
from pam.policy.cedar import Action, CedarPolicy
from pam.ports.sessions import SessionStore


def erase_texts(
    session_id: str, *, caller: Caller, now: datetime, store: SessionStore, policy: CedarPolicy
) -> Session:
    """Forgets reason and comments, and the key by which records commit to them.

    Raises NotFound, NotEligible (also for whoever asked or voted), and Conflict while the session
    is open or its review is: those who decide on it need its reason. Erasing again changes nothing.
    """
    session = load(store, session_id)
    if caller.person is None or not policy.may(Action.ERASE, caller.person, session).allowed:
        message = f"no policy lets this principal erase the texts of {session_id}"
        raise NotEligible(message, session_id=session_id)
    refuse_blocked(caller.person.name, EVERYTHING, now=now, store=store, session_id=session_id)

    def erased(stored: Session) -> Step | None:
        if not stored.closed:
            message = f"the session is {stored.status.value}; its texts go when it is over"
            raise Conflict(message, session_id=session_id)
        if stored.review is not None and stored.review.open:
            message = "its break-glass is not reviewed yet; its texts go when it is"
            raise Conflict(message, session_id=session_id)
        if stored.without_texts() == stored:
            return None
        entry = Entry(
            type=RecordType.ERASED,
            actor=caller.actor,
            detail="reason and comments erased",
            policy_version=policy.version,
            request_id=caller.request_id,
        )
        return Step(stored.without_texts(), (entry,))

    return transition(store, session_id, erased, now=now)
