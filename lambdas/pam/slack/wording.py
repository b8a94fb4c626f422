"""Sentences that several pictures share: what a session is now, what became of it, what to type.

They are of PAM's making. What people wrote stands apart from them, as quotations.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from pam.domain import durations, pictures, timestamps
from pam.domain.approval import Ballot, Vote
from pam.domain.ending import Ending
from pam.domain.kinds import LeaseForm
from pam.domain.lifecycle import Status
from pam.domain.review import LookBack
from pam.domain.session import Session

_ENDS: Mapping[Status, str] = MappingProxyType(
    {
        Status.DENIED: "Denied by an approver; nothing was granted.",
        Status.WITHDRAWN: "Withdrawn by the requester; nothing was granted.",
        Status.UNANSWERED: "Not enough approvers answered in time; nothing was granted.",
        Status.FAILED: "The access could not be made; nothing of it is left.",
        Status.EXPIRED: "Ended by the clock.",
        Status.REVOKED: "Revoked by an operator.",
        Status.ENDED: "Given back by the requester.",
    }
)


def state(session: Session, now: datetime) -> list[str]:
    """What it is now, a sentence or a few."""
    match session.status:
        case Status.PENDING_APPROVAL:
            return _pending(session, now)
        case Status.APPROVED if session.comes_after:
            return [f"Approved; it begins when session {session.comes_after} is over."]
        case Status.APPROVED | Status.ACTIVATING:
            return ["Approved; the access is being made."]
        case Status.ACTIVE if session.allows(now):
            return [f"Active since {_at(session.activated_at)}, until {_at(session.expires_at)}."]
        case Status.ACTIVE | Status.REVOKING:
            return ["The access is being taken away; no credentials are given any more."]
        case _:
            return outcome(session)


def _pending(session: Session, now: datetime) -> list[str]:
    if not pictures.undecided(session, now):
        return ["The time to vote is over; nothing is left to decide."]
    gathered, domain = session.gathered, session.domain
    own = f" ({gathered.domain} from {domain})" if session.needed.domain else ""
    told = [pictures.votes_needed(session, f"so far {gathered.total}{own}, ")]
    if session.held_until_confirmed:
        name = session.requester_name
        told.append(f"Nothing is granted before {name} runs: pam confirm {session.session_id}")
    return told


def outcome(session: Session) -> list[str]:
    """Of a closed session: how it ended, why if PAM itself says why, and the receipt."""
    told = [f"{session.status.value} at {_at(session.ended_at)}. {_ENDS[session.status]}"]
    ending = session.ending
    if ending and not ending.written and ending.reason:
        told.append(f"Why: {ending.reason}")
    return [*told, f"Receipt: {receipt(ending)}"] if ending and ending.confirmed_at else told


def receipt(ending: Ending) -> str:
    """How the target was seen to refuse, and when."""
    parts = [f"confirmed {_at(ending.confirmed_at)}"]
    if ending.effective_at:
        parts.append(f"in force from {_at(ending.effective_at)} at the latest")
    if ending.proven is False:
        parts.append("not proven")
    parts += [part for part in (ending.method or "", ending.evidence) if part]
    return "; ".join(parts)


def review(session: Session) -> list[str]:
    """What a break-glass session owes; nothing for another."""
    owed = session.review
    if owed is None:
        return []
    if not owed.open:
        return [f"Reviewed: {owed.outcome}."]
    looked = len(owed.people)
    return [f"To be reviewed until {_at(owed.due_at)}, by two approvers; {looked} did."]


def voted(vote: Vote) -> str:
    said = "approved" if vote.decision is Ballot.APPROVE else "denied"
    shorter = f", for {durations.render(vote.duration)} at most" if vote.duration else ""
    how = ", ".join(dict.fromkeys([vote.surface.value, vote.auth.value]))
    return f"{vote.name} ({vote.domain}) {said}{shorter}, at {_at(vote.at)} ({how})."


def looked(look: LookBack) -> str:
    whose = " for the domain" if look.for_domain else ""
    return f"{look.name} reviewed it{whose}: {look.judgement.value}, at {_at(look.at)}."


def length(session: Session) -> str:
    stands = durations.render(session.duration)
    asked = durations.render(session.asked_duration)
    return stands if stands == asked else f"{stands} (asked for {asked})"


def use(session: Session) -> list[str]:
    """The command that uses an ACTIVE session; of a standing kind, none: `sign_in` says what."""
    match session.target.row.lease:
        case LeaseForm.AWS:
            # Whatever the role may do, this it may, and it shows as whom.
            return [f"pam exec {session.session_id} -- aws sts get-caller-identity"]
        case LeaseForm.SECRET:
            return [f"pam exec {session.session_id} -- psql"]
        case LeaseForm.SIGNIN:
            return []


def sign_in(session: Session) -> list[str]:
    """Where to go and what to do there, of a standing kind; else nothing."""
    return [part for part in session.target.sign_in if part] if session.standing else []


def _at(instant: datetime | None) -> str:
    return timestamps.render(instant) if instant else "a time that is not known"
