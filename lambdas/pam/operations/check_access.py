"""Does this person hold this resource, now?"""

from dataclasses import dataclass
from datetime import datetime

from pam.domain.errors import NotEligible, NotFound
from pam.domain.people import Caller
from pam.operations.refuse_blocked import is_blocked
from pam.policy.cedar import CedarPolicy
from pam.ports.sessions import SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    allowed: bool
    session_id: str | None = None
    expires_at: datetime | None = None


def check_access(
    resource_id: str,
    principal: str | None,
    *,
    caller: Caller,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
) -> Access:
    """Answers from the stored sessions, not from their grants' index alone: an end that has been
    decided this instant is a no. Of several sessions the one that lasts longest answers.

    Raises NotFound for an unknown resource, NotEligible if the caller may not ask about others.
    """
    if policy.resource(resource_id) is None:
        message = f"there is no resource {resource_id!r}"
        raise NotFound(message)
    if caller.person is None:
        message = "this principal is not listed as anybody"
        raise NotEligible(message)
    person = caller.person
    if principal is not None and principal not in {caller.principal, person.name}:
        person = policy.identities.resolve(principal)
        if person.name != caller.person.name and not policy.may_check_others(caller.person).allowed:
            message = "no policy lets this principal ask what others hold"
            raise NotEligible(message)
    best = Access(allowed=False)
    if is_blocked(person.name, resource_id, now=now, store=store):
        return best
    for session_id in store.grants(person.name, resource_id):
        session = store.get(session_id)
        if session is None or not session.allows(now):
            continue
        if best.expires_at is None or (session.expires_at or now) > best.expires_at:
            best = Access(allowed=True, session_id=session_id, expires_at=session.expires_at)
    return best
