"""What a card shows beside its session, from the catalogue and by policy as it stands."""

from typing import Protocol

from pam.domain.resource import Resource
from pam.domain.session import Session
from pam.slack.card import Shown


class Knows(Protocol):
    """What is asked of the policy set."""

    def resource(self, resource_id: str) -> Resource | None: ...

    def approvers_of(self, domain: str) -> tuple[str, ...]: ...

    def counts_by_slack(self, session: Session) -> bool: ...


def shown(session: Session, policy: Knows) -> Shown:
    """Of a resource that the catalogue has no more, its id stands for its title."""
    resource = policy.resource(session.resource)
    return Shown(
        title=resource.title if resource else session.resource,
        owner=", ".join(policy.approvers_of(session.domain)),
        by_slack=resource is not None and policy.counts_by_slack(session),
    )
