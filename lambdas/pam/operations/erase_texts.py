"""Answers an erasure request: what people wrote in a session goes, its trail stays and holds."""

from pam.domain.audit_record import RecordType
from pam.domain.block import EVERYTHING
from pam.domain.errors import Conflict, NotEligible
from pam.domain.session import Session
from pam.operations.call import Call
from pam.operations.transition import Step, load, transition
from pam.policy.cedar import Action


def erase_texts(session_id: str, call: Call) -> Session:
    """Forgets reason and comments, and the key by which records commit to them.

    Raises NotFound, NotEligible (also for whoever asked or voted), and Conflict while the session
    is open or its review is: those who decide on it need its reason. Erasing again changes nothing.
    """
    session = load(call.store, session_id)
    operator = call.may(Action.ERASE, session)
    if operator is None:
        message = f"no policy lets this principal erase the texts of {session_id}"
        raise NotEligible(message, session_id=session_id)
    call.refuse_blocked(operator.name, EVERYTHING, session_id=session_id)

    def erased(stored: Session) -> Step | None:
        if not stored.closed:
            message = f"the session is {stored.status.value}; its texts go when it is over"
            raise Conflict(message, session_id=session_id)
        if stored.review is not None and stored.review.open:
            message = "its break-glass is not reviewed yet; its texts go when it is"
            raise Conflict(message, session_id=session_id)
        if stored.without_texts() == stored:
            return None
        entry = call.entry(RecordType.ERASED, detail="reason and comments erased")
        return Step(stored.without_texts(), (entry,))

    return transition(call.store, session_id, erased, now=call.now)
