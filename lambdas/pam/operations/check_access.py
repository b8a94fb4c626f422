"""Does this person hold this resource, now?"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pam.domain.errors import Invalid, NotEligible, NotFound
from pam.domain.people import Person, Service
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

    Raises NotFound for an unknown resource, NotEligible if the caller may not ask about others, and
    Invalid for a service that does not say about whom.
    """
    service = call.policy.identities.service(call.caller.principal)
    if service is not None:
        person = _asked_about(service, resource_id, principal, call)
    else:
        person = _person_meant(resource_id, principal, call)
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


def _asked_about(service: Service, resource_id: str, principal: str | None, call: Call) -> Person:
    """Of other resources a service does not even learn whether there are any."""
    if resource_id not in service.resources:
        message = f"this service is not listed for {resource_id!r}"
        raise NotEligible(message)
    if principal is None:
        raise Invalid.field("principal", "is required of a service: it holds nothing itself")
    return call.policy.identities.resolve(principal)


def _person_meant(resource_id: str, principal: str | None, call: Call) -> Person:
    if call.policy.resource(resource_id) is None:
        message = f"there is no resource {resource_id!r}"
        raise NotFound(message)
    asking = call.person(by_slack=True)
    if principal is None or principal in {call.caller.principal, asking.name}:
        return asking
    person = call.policy.identities.resolve(principal)
    if person.name != asking.name and not call.policy.may_check_others(asking).allowed:
        message = "no policy lets this principal ask what others hold"
        raise NotEligible(message)
    return person
