"""A session ends, by one path for all who end one: the end is decided, then done and confirmed.

Each half may be repeated by anybody at any time, so whoever comes after a crash goes on.
"""

from datetime import datetime

from pam.domain.session import Session
from pam.operations.confirm_end import confirm_end
from pam.operations.decide_end import Verdict, decide_end
from pam.operations.transition import transition
from pam.ports.sessions import SessionStore
from pam.ports.targets import Issuers


def close_session(
    session_id: str,
    verdict: Verdict,
    *,
    now: datetime,
    store: SessionStore,
    issuers: Issuers,
    read: Session | None = None,
) -> Session:
    """Decides the end if nobody has, then drives it as far as the target lets it go. `read`: as for
    `transition`.

    Returns the session, closed; one that is closed already as it is. Raises IssuerUnavailable if
    the target did not confirm: the session stays REVOKING, and tick and workflow go on trying.
    """
    session = transition(
        store, session_id, lambda stored: decide_end(stored, verdict, now), now=now, read=read
    )
    return confirm_end(session, verdict, now=now, store=store, issuers=issuers)
