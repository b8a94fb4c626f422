"""What no lease of a role may do, no matter which rights the role has.

The lease's own session policy says it, and so does the role's permissions boundary, which holds at
all times. Both are IAM policies, written here as plain data.

Everything here that forbids is an explicit deny. A resource policy that names the session adds its
permissions on top of what session policy and boundary leave out, but never of what they deny (IAM
User Guide, "Policy evaluation for requests within a single account").
"""

import json
from datetime import datetime
from typing import Any

from pam.domain import timestamps

OWNED_TAG, OWNED_VALUE = "pam:module", "MOD-046"
"""Tag of every role of PAM's own, and of those that it lends: no lease may change one."""
POLICY_PATH = "/pam/"
"""Of managed policies that no lease may change; CloudFormation can give them no tags."""
LONGEST_SESSION_POLICY = 2_048
"""Characters, as STS takes them. It packs the policy and the tags as well, and bounds the packed
size without saying how; the longest policy here has about 1,200 characters."""
LONGEST_BOUNDARY = 6_144
"""Characters of a managed policy, white space not counted."""

Document = dict[str, Any]
Statement = dict[str, Any]

_IAM_WRITES = [
    *(f"iam:{letter}*" for letter in "ABCDEFHIJKMNOQRTUVWXYZ"),
    *("iam:Pr*", "iam:Pu*", "iam:Sa*", "iam:Se*", "iam:St*", "iam:Su*"),
]
"""All of IAM but what begins like Get, List, Generate, Simulate and PassRole: verbs that do not
exist yet are denied before anybody hears of them. PassRole hands a role to a service and makes no
credential; on what belongs to PAM it is denied by name, below."""
_SERVICE_LINKED = "arn:*:iam::*:role/aws-service-role/*"
"""What CreateServiceLinkedRole makes for a service when it is first used. AWS writes such roles,
and lets nobody change whom they trust or what they may do."""
_OWNED = {"StringEquals": {f"aws:ResourceTag/{OWNED_TAG}": OWNED_VALUE}}


def revoker_role_name(target_role_name: str) -> str:
    """The role beside a target role that may write deny policies on it, and nothing else. With its
    path, or as an ARN, if the target role is: it has the same path.
    """
    return f"{target_role_name}-pam-revoker"


def boundary_name(target_role_name: str) -> str:
    """The managed policy, under POLICY_PATH, that bounds a target role. IAM has no two roles of one
    name in an account, whatever their paths.
    """
    return f"{target_role_name.rpartition('/')[2]}-boundary"


def lease_policy(role_name: str, end: datetime, *, iam_writes: bool) -> Document:
    """Leaves the role's own rights as they are until `end`, a whole second, and nothing from then
    on; and fences the lease in. `role_name` with its path, if it has one (`team/ledger-admin`).

    The Allow alone would be an end that a resource policy can reach past: it only stops allowing.
    """
    instant = timestamps.whole_second_at_or_before(end)
    return _document(
        _allow_all(Condition={"DateLessThan": {"aws:CurrentTime": instant}}),
        _deny("*", Resource="*", Condition={"DateGreaterThanEquals": {"aws:CurrentTime": instant}}),
        *_fence(role_name, iam_writes=iam_writes),
    )


def boundary(role_name: str, *, iam_writes: bool) -> Document:
    """Binds every session of the role, whatever its session policy says. `role_name` as above."""
    return _document(_allow_all(), *_fence(role_name, iam_writes=iam_writes))


def check_size(document: Document, most: int, what: str) -> None:
    """Raises ValueError. White space is not counted; there is none where it would be."""
    size = len(rendered(document))
    if size > most:
        message = f"{what} has {size} characters; AWS takes {most}"
        raise ValueError(message)


def rendered(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))


def _fence(role_name: str, *, iam_writes: bool) -> list[Statement]:
    # AWS answers GetCallerIdentity whatever any policy says; of the rest of STS, that which is to
    # come included, each call gives credentials, a token or a name that could outlive the lease.
    no_credentials = _deny("sts:*", Resource="*")
    # By name, because a tag of the role does not decide about PassRole reliably (IAM User Guide,
    # "Grant a user permissions to pass a role to an AWS service").
    owned_by_name = [
        "arn:*:iam::*:role/pam-*",
        f"arn:*:iam::*:role/{revoker_role_name('*')}",
        f"arn:*:iam::*:role/{role_name}",
        f"arn:*:iam::*:policy{POLICY_PATH}*",
    ]
    if not iam_writes:
        return [
            no_credentials,
            _deny(_IAM_WRITES, NotResource=_SERVICE_LINKED),
            _deny("iam:PassRole", Resource=owned_by_name),
        ]
    return [
        no_credentials,
        _deny(_IAM_WRITES, Resource="*", Condition=_OWNED),
        # What has no tag to go by: managed policies that CloudFormation makes, and PassRole.
        _deny([*_IAM_WRITES, "iam:PassRole"], Resource=owned_by_name),
    ]


def _allow_all(**more: Any) -> Statement:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **more}


def _deny(action: str | list[str], **more: Any) -> Statement:
    return {"Effect": "Deny", "Action": action, **more}


def _document(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
