"""What a closed session left goes, when nothing of it can live any more."""

from datetime import datetime

from pam.domain.errors import IssuerUnavailable
from pam.domain.session import Session
from pam.identity_center.end import End
from pam.identity_center.permission_set import LONGEST_ROLE_SESSION, PermissionSet
from pam.identity_center.visit import Visit


def clear_traces(visit: Visit, session: Session, now: datetime) -> None:
    """Its deny, of PAM's notes: the policy follows with its next write. Raises IssuerUnavailable
    while a role session of it may live, and OutOfTime.
    """
    known = visit.permission_set()
    deny = known.deny_of(session.session_id)
    if deny is not None and deny.begun and deny.live:
        # Closed, and never taken: a later session of the same person is not touched.
        if any(each.holder == deny.holder and each.live for each in known.denies if each != deny):
            message = "its user has a later session, which ends before"
            raise IssuerUnavailable(message)
        End(visit=visit, session=session).run()
        known = visit.permission_set()
        deny = known.deny_of(session.session_id)
    longer = known.longer_until is not None and now < known.longer_until
    if deny and deny.gone_at and (longer or now < deny.gone_at + LONGEST_ROLE_SESSION):
        message = "a role session of it may live: its deny stays for now"
        raise IssuerUnavailable(message)

    def change(it: PermissionSet) -> PermissionSet | None:
        there = it.deny_of(session.session_id)
        # What has begun since is taken before its deny goes.
        return None if there and there.begun and there.live else it.without({session.session_id})

    visit.change(change)
    visit.notes.forget(session.session_id)
