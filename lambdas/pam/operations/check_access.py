"""Does this person hold this resource, now?"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pam.domain.errors import NotEligible, NotFound
from pam.operations.call import Call
from pam.operations.refuse_blocked import is_blocked
from pam.side_by_side import side_by_side


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    allowed: bool
    session_id: str | None = None
    expires_at: datetime | None = None


def check_access(resource_id: str, principal: str | None, call: Call) -> Access:
    """Answers from the stored sessions, not from their grants' index alone: an end that has been
    decided this instant is a no. Of several sessions the one that lasts longest answers.

    Raises NotFound for an unknown resource, NotEligible if the caller may not ask about others.
    """
    if call.policy.resource(resource_id) is None:
        message = f"there is no resource {resource_id!r}"
        raise NotFound(message)
    asking = person = call.person(by_slack=True)
    if principal is not None and principal not in {call.caller.principal, person.name}:
        person = call.policy.identities.resolve(principal)
        if person.name != asking.name and not call.policy.may_check_others(asking).allowed:
            message = "no policy lets this principal ask what others hold"
            raise NotEligible(message)
    blocked, grants = side_by_side(
        partial(is_blocked, person.name, resource_id, now=call.now, store=call.store),
        partial(call.store.grants, person.name, resource_id),
    )
    best = Access(allowed=False)
    if blocked or not grants:
        return best
    for session in call.store.several(grants):
        if not session.allows(call.now):
            continue
        if best.expires_at is None or (session.expires_at or call.now) > best.expires_at:
            best = Access(
                allowed=True, session_id=session.session_id, expires_at=session.expires_at
            )
    return best
