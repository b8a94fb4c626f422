"""What CloudTrail tells of lent roles and permission sets, as EventBridge delivers it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pam.domain import permission_sets
from pam.domain.activity import (
    LONGEST_ID,
    LONGEST_TEXT,
    Activity,
    checked_id,
    one_line,
)
from pam.domain.event_fields import instant, part, text, wanted
from pam.domain.ids import is_ulid
from pam.domain.kinds import Source
from pam.domain.openings import opening
from pam.domain.permission_sets import Borrower, DirectoryNames

_LONGEST_NAME = 300
_API_CALL = "AWS API Call via CloudTrail"
_AWS = "aws."
"""Sources that AWS keeps to itself: no one else may put events of these on a bus."""
_MOST_RESOURCES = 3
_ISSUER_OF_SESSION = ("userIdentity", "sessionContext", "sessionIssuer", "arn")
_SOURCE_IDENTITY = ("userIdentity", "sessionContext", "sourceIdentity")
_NAMES_OF_CALLERS = ("arn", "invokedBy", "userName", "principalId", "accountId")
_SESSION_OF_ROLE = re.compile(
    r"arn:(?P<partition>[a-z-]+):sts::(?P<account>[0-9]{12}):assumed-role/(?P<name>[^/]+)/[^/]+",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What PAM lends, and who PAM is: by the catalogue and the deployment, never by an event."""

    resources: Mapping[str, str]
    """Resource id by the place where its use shows: a role's ARN, the account and name of a
    permission set, a database's log group.
    """
    issuers: frozenset[str]
    """ARNs of the roles that may assume what is lent: the one that leases, and the one that makes
    access.
    """
    account: str
    names: DirectoryNames = field(default_factory=DirectoryNames)

    def role_of(self, partition: str, account: str, name: str) -> str:
        """The ARN of the lent role by this name; empty if there is none."""
        begins, ends = f"arn:{partition}:iam::{account}:role/", f"/{name}"
        own = (place for place in self.resources if place.startswith(begins))
        return next((place for place in own if place.endswith(ends)), "")

    def lends(self, place: str) -> str:
        """The place, if something is lent there; else empty."""
        return place if place in self.resources else ""


def of_cloudtrail(event: object, watched: Watched) -> Activity | None:
    """What an EventBridge event of CloudTrail tells of something lent; None if it tells nothing.

    Raises ValueError for an event about something lent that is not as CloudTrail writes them.
    """
    if not _is_call(event):
        return None
    call = part(event, "detail")
    assumed = _assumed(call, watched)
    if assumed:
        _check_teller(event, watched.account, assumed, assumed.split(":")[4])
        return _of_assumption(call, assumed, watched)
    role = _used(call, watched)
    if role:
        _check_teller(event, watched.account, role, role.split(":")[4])
        session_id, finding = _named_session(call)
        return _activity(call, place=role, session_id=session_id, finding=finding)
    return _of_permission_set(event, call, watched)


def echo_of(event: object, watched: Watched) -> str:
    """The access key of which CloudTrail tells that PAM itself made it, of a lent role; else empty.

    Raises ValueError as `of_cloudtrail` does.
    """
    if not _is_call(event):
        return ""
    call = part(event, "detail")
    role = _assumed(call, watched)
    if not role or not _is_issuer(call, watched):
        return ""
    # A copy that the role's account has does not say who called.
    _check_teller(event, watched.account, role)
    access_key = text(call, "responseElements", "credentials", "accessKeyId")
    return checked_id(access_key) if access_key else ""


def _is_call(event: object) -> bool:
    return text(event, "source").startswith(_AWS) and text(event, "detail-type") == _API_CALL


def _of_permission_set(event: object, call: object, watched: Watched) -> Activity | None:
    """Nothing in such a call names a session of PAM: it says whose it is, and when that person
    signed in. Which session that was of, `operations.match_sessions` finds out.
    """
    asked_for = watched.lends(permission_sets.assumed(call)) if _asks_for_a_role(call) else ""
    place = asked_for or watched.lends(permission_sets.used(call))
    if not place:
        return None
    _check_teller(event, watched.account, place, place.split(":")[0])
    if not asked_for:
        whose = permission_sets.borrower(call, watched.names)
        return _activity(call, place=place, finding=whose.finding, whose=whose)
    if _is_copy(call, watched):
        return None
    whose = permission_sets.signed_in(call, watched.names)
    finding = whose.finding if whose else f"a session of {place} was opened by another"
    return _activity(call, place=place, finding=finding, whose=whose or Borrower(), opens=False)


def _check_teller(event: object, home: str, place: str, lender: str = "") -> None:
    """An account speaks for its own roles, and PAM's for who assumes others'. EventBridge says of
    each event where it is from, and no sender can say otherwise. Raises ValueError.
    """
    teller = text(event, "account")
    if teller and teller not in {home, lender}:
        message = f"account {one_line(teller, 64)} tells of {place}"
        raise ValueError(message)


def _used(call: object, watched: Watched) -> str:
    """The lent role whose session called; empty if it is none. Some events name it in the caller's
    ARN alone, which is without the role's path: within an account a name has one path.
    """
    issuer = text(call, *_ISSUER_OF_SESSION)
    if issuer in watched.resources:
        return issuer
    session = _SESSION_OF_ROLE.fullmatch(text(call, "userIdentity", "arn"))
    return (
        watched.role_of(session["partition"], session["account"], session["name"])
        if session
        else ""
    )


def _asks_for_a_role(call: object) -> bool:
    by_sts = _service(text(call, "eventSource")) == "sts"
    return by_sts and text(call, "eventName").startswith("AssumeRole")


def _assumed(call: object, watched: Watched) -> str:
    """The lent role that this call obtains credentials of; empty if it does not."""
    role = text(call, "requestParameters", "roleArn") if _asks_for_a_role(call) else ""
    return watched.lends(role)


def _of_assumption(call: object, role: str, watched: Watched) -> Activity | None:
    """Only PAM may assume a lent role. Its own doing is in the audit trail already."""
    if _is_issuer(call, watched) or _is_copy(call, watched):
        return None
    return _activity(call, place=role, finding=f"{role} was assumed by another")


def _is_issuer(call: object, watched: Watched) -> bool:
    by_role = text(call, "userIdentity", "type") == "AssumedRole"
    return by_role and text(call, *_ISSUER_OF_SESSION) in watched.issuers


def _is_copy(call: object, watched: Watched) -> bool:
    """Whether it is the other account's copy of a call that PAM's own account tells in full."""
    identity = part(call, "userIdentity")
    return (text(identity, "type"), text(identity, "accountId")) == ("AWSAccount", watched.account)


def _named_session(call: object) -> tuple[str, str]:
    """Session id, and what is wrong if there is none."""
    source = text(call, *_SOURCE_IDENTITY)
    if not source:
        return "", "it has no source identity"
    if not is_ulid(source):
        return "", f"its source identity {one_line(source, 64)} is no session"
    return source, ""


_NOBODY = Borrower()


def _activity(
    call: object,
    *,
    place: str,
    session_id: str = "",
    finding: str,
    whose: Borrower = _NOBODY,
    opens: bool = True,
) -> Activity:
    """`opens` False: of a call that is how the access is used at all."""
    action = f"{_service(wanted(call, 'eventSource'))}:{wanted(call, 'eventName')}"
    identity = part(call, "userIdentity")
    principal = next(
        (told for told in (text(identity, name) for name in _NAMES_OF_CALLERS) if told), "unknown"
    )
    return Activity(
        source=Source.CLOUDTRAIL,
        activity_id=checked_id(wanted(call, "eventID")),
        at=instant(wanted(call, "eventTime")),
        place=place,
        session_id=session_id,
        person=whose.person,
        signed_in_at=whose.signed_in_at,
        what=one_line(" ".join([action, _where(call)]), LONGEST_TEXT),
        principal=one_line(principal, _LONGEST_NAME),
        source_ip=one_line(text(call, "sourceIPAddress"), _LONGEST_NAME),
        user_agent=one_line(text(call, "userAgent"), _LONGEST_NAME),
        access_key_id=one_line(text(identity, "accessKeyId"), LONGEST_ID),
        error=one_line(_error(call), _LONGEST_NAME),
        finding=finding,
        opening=opening(action, part(call, "requestParameters")) if opens else None,
    )


def _error(call: object) -> str:
    """Why the call was refused; empty if it was not. Anything that stands there is an error, though
    it be no text: what had failed would be taken for done.
    """
    code, message = part(call, "errorCode"), text(call, "errorMessage")
    if isinstance(code, str):
        return code or ("error" if message else "")
    return "error" if code is not None or message else ""


def _service(source: str) -> str:
    """`sts` of `sts.amazonaws.com`, and of what other partitions have after the name."""
    return source.partition(".amazonaws.")[0]


def _where(call: object) -> str:
    """The ARNs that the event names; nothing of the parameters, which may hold anything."""
    resources = part(call, "resources")
    arns = [text(each, "ARN") for each in resources] if isinstance(resources, list) else []
    named = [arn for arn in arns if arn]
    more = [f"and {len(named) - _MOST_RESOURCES} more"] if len(named) > _MOST_RESOURCES else []
    region = text(call, "awsRegion")
    return " ".join([f"in {region}" if region else "", *named[:_MOST_RESOURCES], *more])
