"""Sessions of permission sets, as CloudTrail tells them: of which set, and of whom.

IAM Identity Center makes a role of each permission set in each account where it is assigned:
`AWSReservedSSO_<name of the set>_<16 hex digits>`, under a path that AWS alone writes to, with the
region of Identity Center in it unless that is us-east-1. The digits change when the last assignment
goes and the next one comes, so a role is known by account and name of its set. Identity Center
names each session of the role like the user.
https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from pam.domain.event_fields import instant, part, text
from pam.domain.partitions import PARTITION, REGION
from pam.domain.principals import folded

RESERVED = "aws-reserved/sso.amazonaws.com/"
"""The path, up to the region."""
NAMES_BEGIN = "AWSReservedSSO_"
PERSON = "{person}"
_NAME = rf"({NAMES_BEGIN}[\w+=,.@-]{{1,32}})_([0-9a-f]{{16}})"
_ROLE = re.compile(
    rf"arn:{PARTITION}:iam::([0-9]{{12}}):role/{re.escape(RESERVED)}(?:{REGION}/)?{_NAME}", re.ASCII
)
_SESSION = re.compile(rf"arn:{PARTITION}:sts::([0-9]{{12}}):assumed-role/{_NAME}/(.+)", re.ASCII)
_USER = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
"""What STS takes for the name of a session."""
_PROVIDER = re.compile(
    rf"arn:{PARTITION}:iam::([0-9]{{12}}):saml-provider/AWSSSO_[0-9a-f]+_DO_NOT_DELETE", re.ASCII
)
"""By which Identity Center, and nobody else, opens sessions of these roles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryNames:
    """How a directory names the people that PAM knows."""

    template: str = PERSON
    """A user's name there, over a person's name here."""
    people: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Person by the directory's own id of the user, for those of whom the identities file has it.
    An id never changes hands; a name may.
    """

    def person(self, user: str, user_id: str) -> str:
        """Empty for nobody. `user_id` is empty where nobody told it."""
        listed = self.people.get(user_id, "")
        named = self._named(user)
        if listed or (user_id and named in self.people.values()):
            return listed
        return named

    def _named(self, user: str) -> str:
        before, _, after = (folded(each) for each in self.template.partition(PERSON))
        name = folded(user)
        fits = name.startswith(before) and name.endswith(after)
        return name[len(before) : len(name) - len(after)] if fits else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrower:
    """Whose session of a permission set it is. `person` is empty where `finding` says why nobody
    can be named.
    """

    person: str = ""
    finding: str = ""
    signed_in_at: datetime | None = None
    """When the session's credentials were made; None where the event does not say it."""


def place_of(role_arn: str) -> str:
    """Where the use of a set shows that this is the role of; empty for any other role."""
    role = _ROLE.fullmatch(role_arn)
    return f"{role[1]}:{role[2]}" if role else ""


def used(call: object) -> str:
    """The place of the permission set whose session called; empty if it was none.

    A role of such a name under another path is somebody's own. Where the event does not name the
    role, its name alone has to do: `borrower` says then that nobody can be named.
    """
    told = _told_role(call)
    session = _SESSION.fullmatch(told)
    return f"{session[1]}:{session[2]}" if session else place_of(told)


def borrower(call: object, names: DirectoryNames) -> Borrower:
    """Whose session of a permission set made this call."""
    role = _ROLE.fullmatch(_told_role(call))
    session = _SESSION.fullmatch(text(call, "userIdentity", "arn"))
    if role is None:
        return Borrower(finding="the event does not say who made its role")
    if session is not None and session.group(1, 2, 3) != role.group(1, 2, 3):
        return Borrower(finding="the event names two roles")
    _, _, by_id = text(call, "userIdentity", "principalId").partition(":")
    users = {by_id, session[4] if session else ""} - {""}
    if len(users) != 1:
        return Borrower(finding=f"the event names {'two users' if users else 'no user'}")
    return _known(
        users.pop(),
        text(call, "userIdentity", "onBehalfOf", "userId"),
        names,
        _made_at(call),
    )


def assumed(call: object) -> str:
    """The place of the permission set of whose role somebody asks for credentials."""
    return place_of(text(call, "requestParameters", "roleArn"))


def signed_in(call: object, names: DirectoryNames) -> Borrower | None:
    """Who got a session of a permission set by this call to STS; None if Identity Center did not
    make it.
    """
    role = _ROLE.fullmatch(text(call, "requestParameters", "roleArn"))
    provider = _PROVIDER.fullmatch(text(call, "requestParameters", "principalArn"))
    by_saml = text(call, "eventName") == "AssumeRoleWithSAML"
    if not (by_saml and role and provider and role[1] == provider[1]):
        return None
    user = text(call, "requestParameters", "roleSessionName")
    return _known(user, "", names, instant(text(call, "eventTime")))


def _told_role(call: object) -> str:
    """The ARN of the role by which the call was made, or of its session where it names no role."""
    return text(call, "userIdentity", "sessionContext", "sessionIssuer", "arn") or text(
        call, "userIdentity", "arn"
    )


def _known(user: str, user_id: str, names: DirectoryNames, made_at: datetime | None) -> Borrower:
    person = names.person(user, user_id) if _USER.fullmatch(user) else ""
    if not person:
        return Borrower(finding=f"user {user[:64]!r} of the directory is nobody that PAM knows")
    return Borrower(person=person, signed_in_at=made_at)


def _made_at(call: object) -> datetime | None:
    written = part(call, "userIdentity", "sessionContext", "attributes", "creationDate")
    try:
        return instant(written) if isinstance(written, str) else None
    except ValueError:
        return None
