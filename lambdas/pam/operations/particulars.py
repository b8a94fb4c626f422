"""What a notice of a session says beside the session: from the catalogue and the identities."""

from pam.domain.pictures import Particulars
from pam.domain.session import Session
from pam.policy.cedar import CedarPolicy


def particulars_of(session: Session, policy: CedarPolicy) -> Particulars:
    """Asks nobody: all of it is in the function's package."""
    resource = policy.resource(session.resource)
    # Where every approval that is needed is the domain's own, no other domain is named.
    wider = session.needed.total > session.needed.domain
    domains = dict.fromkeys([session.domain, *([session.requester_domain] if wider else [])])
    return Particulars(
        title=resource.title if resource else session.resource,
        description=resource.description if resource else "",
        benches=tuple(policy.bench(domain) for domain in domains),
    )
