"""What was done with lent access, as CloudTrail or a database's log tells it.

CloudTrail and PostgreSQL tell the time in whole seconds, cut off. What is read as too early or too
late here surely was; what happened within the second of a border counts as inside.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pam.domain import timestamps
from pam.domain.ids import is_ulid
from pam.domain.kinds import Source
from pam.domain.openings import Fence, Opening, opening
from pam.domain.session import Session

LONGEST_TEXT = 500
_LONGEST_NAME = 300
_LONGEST_ID = 128
_A_SECOND = timedelta(seconds=1)
_API_CALL = "AWS API Call via CloudTrail"
_AWS = "aws."
"""Sources that AWS keeps to itself: no one else may put events of these on a bus."""
WHILE_IT_ENDED = "after the end was decided: "
"""How the description begins of what was done before the target obeyed an early end."""
DARK = "dark access: "
OPENED = "opened: "
"""How the detail of a finding begins: use that no session had, and what outlives a session that had
it."""
_MOST_RESOURCES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What PAM lends, and who PAM is: by the catalogue and the deployment, never by an event."""

    resources: Mapping[str, str]
    """Resource id by the place where its use shows: a role's ARN, a database's log group."""
    issuers: frozenset[str]
    """ARNs of the roles that may assume what is lent: the one that leases, and the one that makes
    access.
    """
    account: str

    def role_of(self, partition: str, account: str, name: str) -> str:
        """The ARN of the lent role by this name; empty if there is none."""
        begins, ends = f"arn:{partition}:iam::{account}:role/", f"/{name}"
        own = (place for place in self.resources if place.startswith(begins))
        return next((place for place in own if place.endswith(ends)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One act. All text is what the log says, bounded and on one line."""

    source: Source
    activity_id: str
    at: datetime
    place: str
    """Where it showed: a lent role's ARN, or a log group."""
    session_id: str
    """Of the session that it names; empty if it names none."""
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
    if fence is None or (fence is Fence.UNLESS_IAM and session.target.may_write_iam):
        return ""
    return f"its lease denies that; it {why_open(activity)}"


def while_it_ended(activity: Activity, session: Session | None) -> bool:
    """Whether this was done after an early end was decided, and before the target can be expected
    to refuse. It is no finding: the deny is written, and AWS takes a moment to obey it.

    The moment is counted from PAM's own decision, and goes beyond neither the bound of the kind
    nor the session's own end. An end by the clock has no such moment.
    """
    if session is None or session.ending is None or activity.error:
        return False
    decided_at, bites = session.ending.decided_at, session.target.row.bites
    until = min(decided_at + bites.within, session.expires_at or decided_at)
    return decided_at <= activity.at < until


def _out_of_time(activity: Activity, session: Session) -> str:
    if session.activated_at is None:
        return "the session was never active"
    # Sessions begin on the whole second after their activation, by which they can be used.
    if activity.at < session.activated_at - _A_SECOND:
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


def of_cloudtrail(event: object, watched: Watched) -> Activity | None:
    """What an EventBridge event of CloudTrail tells of a lent role; None if it tells nothing.

    Raises ValueError for an event about a lent role that is not as CloudTrail writes them.
    """
    if not _text(event, "source").startswith(_AWS) or _text(event, "detail-type") != _API_CALL:
        return None
    call = _part(event, "detail")
    assumed = _assumed(call, watched)
    if assumed:
        _check_teller(event, watched.account, assumed, _account_of(assumed))
        return _of_assumption(call, assumed, watched)
    place = _used(call, watched)
    if not place:
        return None
    _check_teller(event, watched.account, place, _account_of(place))
    session_id, finding = _named_session(call)
    return _activity(call, place=place, session_id=session_id, finding=finding)


def echo_of(event: object, watched: Watched) -> str:
    """The access key of which CloudTrail tells that PAM itself made it, of a lent role; else empty.

    Raises ValueError as `of_cloudtrail` does.
    """
    if not _text(event, "source").startswith(_AWS) or _text(event, "detail-type") != _API_CALL:
        return ""
    call = _part(event, "detail")
    role = _assumed(call, watched)
    if not role or not _is_issuer(call, watched):
        return ""
    # A copy that the role's account has does not say who called.
    _check_teller(event, watched.account, role)
    access_key = _text(call, "responseElements", "credentials", "accessKeyId")
    return checked_id(access_key) if access_key else ""


def _account_of(role: str) -> str:
    return role.split(":")[4]


def _check_teller(event: object, home: str, role: str, lender: str = "") -> None:
    """An account speaks for its own roles, and PAM's for who assumes others'. EventBridge says of
    each event where it is from, and no sender can say otherwise. Raises ValueError.
    """
    teller = _text(event, "account")
    if teller and teller not in {home, lender}:
        message = f"account {one_line(teller, 64)} tells of {role}"
        raise ValueError(message)


_ISSUER_OF_SESSION = ("userIdentity", "sessionContext", "sessionIssuer", "arn")
_SOURCE_IDENTITY = ("userIdentity", "sessionContext", "sourceIdentity")


def _used(call: object, watched: Watched) -> str:
    """The lent role whose session called; empty if it is none. Some events name it in the caller's
    ARN alone, which is without the role's path: within an account a name has one path.
    """
    issuer = _text(call, *_ISSUER_OF_SESSION)
    if issuer in watched.resources:
        return issuer
    session = _SESSION_OF_ROLE.fullmatch(_text(call, "userIdentity", "arn"))
    return (
        watched.role_of(session["partition"], session["account"], session["name"])
        if session
        else ""
    )


_SESSION_OF_ROLE = re.compile(
    r"arn:(?P<partition>[a-z-]+):sts::(?P<account>[0-9]{12}):assumed-role/(?P<name>[^/]+)/[^/]+",
    re.ASCII,
)


def _assumed(call: object, watched: Watched) -> str:
    """The lent role that this call obtains credentials of; empty if it does not."""
    if _service(_text(call, "eventSource")) != "sts":
        return ""
    if not _text(call, "eventName").startswith("AssumeRole"):
        return ""
    role = _text(call, "requestParameters", "roleArn")
    return role if role in watched.resources else ""


def _of_assumption(call: object, role: str, watched: Watched) -> Activity | None:
    """Only PAM may assume a lent role. Its own doing is in the audit trail already."""
    identity = _part(call, "userIdentity")
    if _is_issuer(call, watched):
        return None
    # The other account's copy of a call that PAM's own account tells in full.
    if (_text(identity, "type"), _text(identity, "accountId")) == ("AWSAccount", watched.account):
        return None
    return _activity(call, place=role, session_id="", finding=f"{role} was assumed by another")


def _is_issuer(call: object, watched: Watched) -> bool:
    by_role = _text(call, "userIdentity", "type") == "AssumedRole"
    return by_role and _text(call, *_ISSUER_OF_SESSION) in watched.issuers


def _named_session(call: object) -> tuple[str, str]:
    """Session id, and what is wrong if there is none."""
    source = _text(call, *_SOURCE_IDENTITY)
    if not source:
        return "", "it has no source identity"
    if not is_ulid(source):
        return "", f"its source identity {one_line(source, 64)} is no session"
    return source, ""


def _activity(call: object, *, place: str, session_id: str, finding: str) -> Activity:
    service = _service(_wanted(call, "eventSource"))
    action = f"{service}:{_wanted(call, 'eventName')}"
    error = _error(call)
    identity = _part(call, "userIdentity")
    principal = next(
        (told for told in (_text(identity, name) for name in _NAMES_OF_CALLERS) if told), "unknown"
    )
    return Activity(
        source=Source.CLOUDTRAIL,
        activity_id=checked_id(_wanted(call, "eventID")),
        at=_instant(_wanted(call, "eventTime")),
        place=place,
        session_id=session_id,
        what=one_line(" ".join([action, _where(call)]), LONGEST_TEXT),
        principal=one_line(principal, _LONGEST_NAME),
        source_ip=one_line(_text(call, "sourceIPAddress"), _LONGEST_NAME),
        user_agent=one_line(_text(call, "userAgent"), _LONGEST_NAME),
        access_key_id=one_line(_text(identity, "accessKeyId"), _LONGEST_ID),
        error=one_line(error, _LONGEST_NAME),
        finding=finding,
        opening=opening(action, _part(call, "requestParameters")),
    )


def _error(call: object) -> str:
    """Why the call was refused; empty if it was not. Anything that stands there is an error, though
    it be no text: what had failed would be taken for done.
    """
    code, message = _part(call, "errorCode"), _text(call, "errorMessage")
    if isinstance(code, str):
        return code or ("error" if message else "")
    return "error" if code is not None or message else ""


_NAMES_OF_CALLERS = ("arn", "invokedBy", "userName", "principalId", "accountId")


def _service(source: str) -> str:
    """`sts` of `sts.amazonaws.com`, and of what other partitions have after the name."""
    return source.partition(".amazonaws.")[0]


def _where(call: object) -> str:
    """The ARNs that the event names; nothing of the parameters, which may hold anything."""
    resources = _part(call, "resources")
    arns = [_text(each, "ARN") for each in resources] if isinstance(resources, list) else []
    named = [arn for arn in arns if arn]
    more = [f"and {len(named) - _MOST_RESOURCES} more"] if len(named) > _MOST_RESOURCES else []
    region = _text(call, "awsRegion")
    return " ".join([f"in {region}" if region else "", *named[:_MOST_RESOURCES], *more])


def one_line(text: str, longest: int) -> str:
    """Printable, on one line, bounded: a log's text is written by whoever acted."""
    flat = " ".join(text.split())
    shown = "".join(each if each.isprintable() else "?" for each in flat)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def checked_id(activity_id: str) -> str:
    """As CloudTrail and CloudWatch Logs make them. Raises ValueError: it becomes a key."""
    fit = activity_id.isascii() and activity_id.replace("-", "").isalnum()
    if not fit or len(activity_id) > _LONGEST_ID:
        message = f"{one_line(activity_id, _LONGEST_ID)!r} is no id of an event"
        raise ValueError(message)
    return activity_id


def _instant(text: str) -> datetime:
    try:
        return timestamps.parse(text)
    except ValueError:
        message = f"{text!r} is no time of an event"
        raise ValueError(message) from None


def _part(value: object, *path: str) -> Any:
    """What stands there; None where a part of the path is missing or of another form."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _text(value: object, *path: str) -> str:
    found = _part(value, *path)
    return found if isinstance(found, str) else ""


def _wanted(call: object, name: str) -> str:
    found = _text(call, name)
    if not found:
        message = f"the event has no {name}"
        raise ValueError(message)
    return found
