"""Where a requester hears from PAM in Slack: by what is theirs there, listed or linked, and never
by a name or a mail address.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pam.domain.principals import Scheme, scheme_of
from pam.domain.session import Session
from pam.policy.identities import Identities
from pam.ports.links import KnownLinks
from pam.slack.clicker import Workspaces


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackAddresses:
    """Implements `ports.Addresses`."""

    clock: Callable[[], datetime]
    identities: Identities
    links: KnownLinks
    workspaces: Workspaces

    def of(self, session: Session) -> str | None:
        """Of several, the one that asked."""
        found = list(self._theirs(session.requester_name))
        principal = session.requester if session.requester in found else next(iter(found), "")
        return principal.partition("/")[2] or None

    def _theirs(self, name: str) -> Iterator[str]:
        listed = [person.principal for person in self.identities.listed(name)]
        now = self.clock()
        linked = [link.principal for link in self.links.of_person(name) if link.holds(now)]
        for principal in (*listed, *linked):
            place = principal.removeprefix("slack:").partition("/")[0]
            if scheme_of(principal) is Scheme.SLACK and self.workspaces.has(place):
                yield principal
