"""One call of a person: who calls, when, and by what it is decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pam.domain.audit_record import Entry, RecordType
from pam.domain.errors import NotEligible, StepUp
from pam.domain.people import Auth, Caller, Person, Surface
from pam.domain.session import Session
from pam.operations.refuse_blocked import refuse_blocked
from pam.policy.cedar import Action, CedarPolicy
from pam.ports.sessions import SessionStore

_BY_SLACK = frozenset({Action.APPROVE, Action.END, Action.READ})
"""What somebody may do to a session by Slack, as far as policy lets them."""
_COMMANDS = {
    Action.LEASE: "credentials",
    Action.ERASE: "audit erase",
    Action.BLOCK: "revoke",
}
"""Of the command `pam`, where they are not called as the action is."""


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

    def person(
        self, *, session_id: str | None = None, by_slack: bool = False, command: str = "pam"
    ) -> Person:
        """Who calls. Raises NotEligible for a principal that is nobody's; StepUp, with the command
        to run instead, for somebody who came by Slack, unless it is an act that may be done there
        (`by_slack`).
        """
        if self.caller.person is None:
            message = self.caller.nobody_because or "this principal is not listed as anybody"
            raise NotEligible(message, session_id=session_id)
        if not by_slack:
            self._refuse_slack(command, session_id)
        return self.caller.person

    def _refuse_slack(self, command: str, session_id: str | None) -> None:
        """Slack knows who clicked as well as the workspace's own sign-in does, and no better."""
        if self.caller.auth is Auth.SLACK or self.caller.surface is Surface.SLACK:
            message = f"this is never done by Slack; sign a call of your own, by `{command}`"
            raise StepUp(message, session_id=session_id, step_up_command=command)

    def may(self, action: Action, session: Session) -> Person | None:
        """Who calls, if a policy lets them do this with the session; else None. Raises StepUp for
        somebody who came by Slack and asks for what is never done there.
        """
        person = self.caller.person
        if person is not None and action not in _BY_SLACK:
            command = f"pam {_COMMANDS.get(action, action.value)} {session.session_id}"
            self._refuse_slack(command, session.session_id)
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
