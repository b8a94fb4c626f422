"""One call of a person: who calls, when, and by what it is decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pam.domain.audit_record import Entry, RecordType
from pam.domain.errors import NotEligible
from pam.domain.people import Caller, Person
from pam.domain.session import Session
from pam.operations.refuse_blocked import refuse_blocked
from pam.policy.cedar import Action, CedarPolicy
from pam.ports.sessions import SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What every act of a person needs. What an act can do beyond the session table (targets, the
    workflow, notices, signatures) stands in its own signature.
    """

    caller: Caller
    now: datetime
    """The one instant that all of the call is decided by."""
    store: SessionStore
    policy: CedarPolicy

    def person(self, *, session_id: str | None = None) -> Person:
        """Who calls. Raises NotEligible for a principal that nobody has listed."""
        if self.caller.person is None:
            message = (
                "this principal is not listed as anybody; ask whoever keeps the identities file"
            )
            raise NotEligible(message, session_id=session_id)
        return self.caller.person

    def may(self, action: Action, session: Session) -> Person | None:
        """Who calls, if a policy lets them do this with the session; else None."""
        person = self.caller.person
        allowed = person is not None and self.policy.may(action, person, session).allowed
        return person if allowed else None

    def refuse_blocked(self, person: str, resource: str, *, session_id: str | None = None) -> None:
        """Raises Blocked if that person is kept from the resource now."""
        refuse_blocked(person, resource, now=self.now, store=self.store, session_id=session_id)

    def entry(self, kind: RecordType, **fields: Any) -> Entry:
        """What is to be recorded of it; `fields` are those of `Entry`."""
        return Entry(
            type=kind,
            actor=self.caller.actor,
            policy_version=self.policy.version,
            request_id=self.caller.request_id,
            **fields,
        )
