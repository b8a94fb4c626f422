"""A notice's facts, by name, as JSON has them: `docs/schemas/notice.json` says what each is."""

from datetime import datetime

from pam.domain import timestamps
from pam.domain.naming import FEW, others
from pam.domain.pictures import Bench, Particulars
from pam.domain.session import Session


def of_session(session: Session, about: Particulars) -> dict[str, object]:
    """Without what the requester wrote, which is put where it is made fit to be shown."""
    circumstances = session.circumstances
    return {
        "status": session.status.value,
        "requester": session.requester_name,
        "requester_domain": session.requester_domain,
        "requester_verified": session.requester_verified,
        "resource": session.resource,
        "title": about.title,
        "allows": about.description,
        "environment": session.environment.value,
        "domain": session.domain,
        "kind": session.target.kind,
        "account": session.target.account,
        "duration_seconds": int(session.duration.total_seconds()),
        "break_glass": circumstances.break_glass,
        "approvals": _approvals(session, about),
        "expires_at": _time(session.expires_at),
        "review": _review(session),
    }


def _approvals(session: Session, about: Particulars) -> dict[str, object]:
    needed, gathered = session.needed, session.gathered
    return {
        "needed": needed.total,
        "needed_of_domain": needed.domain,
        "given": gathered.total,
        "given_of_domain": gathered.domain,
        "until": _time(session.approval_expires_at),
        "may_vote": [_bench(session, bench) for bench in about.benches],
        "voted": [{"name": vote.name, "vote": vote.decision.value} for vote in session.votes],
    }


def _bench(session: Session, bench: Bench) -> dict[str, object]:
    names = others(session, bench)
    return {
        "domain": bench.domain,
        "names": names[:FEW],
        "more": max(0, len(names) - FEW),
        "permission_sets": list(bench.permission_sets[:FEW]),
    }


def _review(session: Session) -> dict[str, object] | None:
    review = session.review
    if review is None:
        return None
    return {
        "due_at": _time(review.due_at),
        "outcome": review.outcome,
        "reviewed_by": sorted(review.people),
    }


def _time(instant: datetime | None) -> str | None:
    return timestamps.render(instant) if instant else None
