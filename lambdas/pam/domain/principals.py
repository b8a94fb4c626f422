"""What names a principal: how somebody proves who they are, as one text. Its scheme says how."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Scheme(StrEnum):
    AWS = "arn"
    """`arn:...`: an IAM user, or the session of a permission set."""
    SLACK = "slack"
    """`slack:TEAM/USER`, by the ids that Slack gives."""
    OIDC = "oidc"
    """`oidc:ISSUER#SUB`: subjects mean something for their issuer only."""
    DEVICE = "device"
    """`device:ID`"""


_FORMS: Mapping[Scheme, re.Pattern[str]] = MappingProxyType(
    {
        Scheme.AWS: re.compile(r"arn:[\x21-\x7e]{1,2000}", re.ASCII),
        Scheme.SLACK: re.compile(r"slack:[TE][A-Z0-9]{1,20}/[UW][A-Z0-9]{1,20}", re.ASCII),
        Scheme.OIDC: re.compile(r"oidc:https://[\x21\x22\x24-\x7e]{1,200}#[\x21-\x7e]{1,255}"),
        Scheme.DEVICE: re.compile(r"device:[A-Za-z0-9-]{1,64}", re.ASCII),
    }
)


_PERMISSION_SET = re.compile(r"arn:[a-z-]+:sts::[0-9]{12}:assumed-role/AWSReservedSSO_", re.ASCII)


def scheme_of(text: str) -> Scheme | None:
    """None for what is no principal: a person's name, for one."""
    return next((scheme for scheme, form in _FORMS.items() if form.fullmatch(text)), None)


def is_permission_set(principal: str) -> bool:
    """Whether it is a session of a role that IAM Identity Center made."""
    return _PERMISSION_SET.match(principal) is not None


def folded(name: str) -> str:
    """Names that differ in the case of ASCII letters only are one. Anything else stays as it is:
    what looks alike in other ways is refused, never guessed to be the same.
    """
    return name.lower() if name.isascii() else name
