"""What was done with lent access, as a log tells it, and whether somebody had that access.

CloudTrail and PostgreSQL tell the time in whole seconds, cut off. What is read as too early or too
late here surely was; what happened within the second of a border counts as inside.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pam.domain import timestamps
from pam.domain.kinds import Source
from pam.domain.openings import Fence, Opening
from pam.domain.session import Session

LONGEST_TEXT = 500
LONGEST_ID = 128
A_SECOND = timedelta(seconds=1)
OLDEST_CREDENTIALS = timedelta(hours=1)
"""Of a permission set that PAM lends: it lends none whose sessions may last longer."""
WHILE_IT_ENDED = "after the end was decided: "
"""How the description begins of what was done before the target obeyed an early end."""
DARK = "dark access: "
OPENED = "opened: "
"""How the detail of a finding begins: use that no session had, and what outlives a session that had
it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One act. All text is what the log says, bounded and on one line."""

    source: Source
    activity_id: str
    at: datetime
    place: str
    """Where it showed: as `Target.shown_at` has it."""
    session_id: str
    """Of the session that it names; empty if it names none."""
    person: str = ""
    """Of an act that names no session, but whose it is: the name of the person."""
    signed_in_at: datetime | None = None
    """When the credentials of such an act were made, if the log says it."""
    what: str
    principal: str
    source_ip: str = ""
    user_agent: str = ""
    access_key_id: str = ""
    error: str = ""
    """Why it was not done; empty if it was."""
    finding: str = ""
    """Why this is dark access whatever session it names; mostly empty."""
    opening: Opening | None = None
    """What the call opens beyond the session's end, if it succeeded."""

    @property
    def described(self) -> str:
        """The act with its own time: a record's time is that of its recording."""
        failed = f": {self.error}" if self.error else ""
        text = f"{self.source} {timestamps.render(self.at)} {self.what}"
        return one_line(text, LONGEST_TEXT) + failed


def why_dark(activity: Activity, session: Session | None) -> str:
    """Why nobody had this access by this session; empty if somebody had.

    A refused call after the end is no finding: it shows that the end holds. GetCallerIdentity is
    answered whatever is denied; after the end it still is what somebody shows to pass for the role.
    """
    if activity.finding:
        return activity.finding
    if session is None:
        return f"there is no session {activity.session_id}"
    if _elsewhere(activity, session):
        return f"the session is for {session.resource}"
    return _out_of_time(activity, session) or _past_the_fence(activity, session)


def why_open(activity: Activity) -> str:
    """What was made or opened that outlasts the session; empty if nothing was."""
    return activity.opening.reason if activity.opening and not activity.error else ""


def _past_the_fence(activity: Activity, session: Session) -> str:
    """Why the call should have been refused though the session was ACTIVE; empty if rightly not."""
    fence = activity.opening.fence if activity.opening and not activity.error else None
    # What stands at its target has no lease, which alone could deny something there.
    if (
        fence is None
        or session.standing
        or (fence is Fence.UNLESS_IAM and session.target.may_write_iam)
    ):
        return ""
    return f"its lease denies that; it {why_open(activity)}"


def session_of(activity: Activity, sessions: Iterable[Session]) -> Session | None:
    """By which of these sessions of a person they had what this act was done with; None if by none.

    Credentials are a session's if they were made from its beginning until its end was confirmed,
    and they may be used, or refused, after that: of a session that is over, too, whatever the
    person has by then. Where the log does not say when they were made, they may be as old as
    credentials grow.
    """
    rightly = [
        session
        for session in sessions
        if session.target.shown_at == activity.place and _was_open(session, activity)
    ]
    return max(rightly, key=lambda each: each.session_id, default=None)


def _was_open(session: Session, activity: Activity) -> bool:
    made_at = activity.signed_in_at or activity.at
    began_at = session.activated_at or session.activating_at
    if began_at is None or made_at < began_at - A_SECOND:
        return False
    oldest = timedelta(0) if activity.signed_in_at else OLDEST_CREDENTIALS
    return session.ended_at is None or made_at <= session.ended_at + oldest


def while_it_ended(activity: Activity, session: Session | None) -> bool:
    """Whether this was done after an early end was decided, and before the target can be expected
    to refuse. It is no finding: the deny is written, and AWS takes a moment to obey it.

    The moment is counted from PAM's own decision. It lasts as the kind's bound says, and where the
    target was read back later, until the receipt's instant, unless the end was stuck by then. It
    never goes beyond the session's own end; an end by the clock has no such moment.
    """
    if session is None or session.ending is None or activity.error:
        return False
    ending, row = session.ending, session.target.row
    bound = ending.decided_at + row.bites.within
    until = max(bound, min(ending.effective_at or bound, bound + row.deadlines.stuck))
    return ending.decided_at <= activity.at < min(until, session.expires_at or ending.decided_at)


def _out_of_time(activity: Activity, session: Session) -> str:
    if session.activated_at is None:
        return "the session was never active"
    # Sessions begin on the whole second after their activation, by which they can be used.
    if activity.at < session.activated_at - A_SECOND:
        return f"the session was active only from {timestamps.render(session.activated_at)}"
    ends = [session.expires_at, session.ending.decided_at if session.ending else None]
    over = min((end for end in ends if end is not None), default=None)
    refused = activity.error or while_it_ended(activity, session)
    if not refused and over is not None and activity.at >= over:
        return f"the access was over since {timestamps.render(over)}"
    return ""


def _elsewhere(activity: Activity, session: Session) -> bool:
    shown = session.target.row.shown
    if shown is None or activity.source is not shown.source:
        return True
    # A session may be older than the setting that says where it shows.
    return activity.place != (session.target.shown_at or activity.place)


def one_line(text: str, longest: int) -> str:
    """Printable, on one line, bounded: a log's text is written by whoever acted."""
    flat = " ".join(text.split())
    shown = "".join(each if each.isprintable() else "?" for each in flat)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def checked_id(activity_id: str) -> str:
    """As CloudTrail and CloudWatch Logs make them. Raises ValueError: it becomes a key."""
    fit = activity_id.isascii() and activity_id.replace("-", "").isalnum()
    if not fit or len(activity_id) > LONGEST_ID:
        message = f"{one_line(activity_id, LONGEST_ID)!r} is no id of an event"
        raise ValueError(message)
    return activity_id
