"""What each act asks of Identity Center and of Okta: the list that `docs/calls.md` is made of, and
that tests hold PAM's functions to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """In the order in which they are made. `when`: only then; empty: always."""

    function: str
    call: str
    why: str
    when: str = ""


BY_NAME = "the user is found by name"
SHARED = "others have the set in that account"
SESSIONS_TOO = "`end_sessions`"
ISSUE, REVOKE = "issue_identity_center", "revoke_identity_center"
ADD, TAKE = "issue_okta_group", "revoke_okta_group"
_SEEN = "read back: what stands there is what was written"
_GONE = (
    Call(REVOKE, "sso:DeleteAccountAssignment", "the access is taken; then polls"),
    Call(REVOKE, "sso:ListAccountAssignments", "seen to be gone"),
    Call(REVOKE, "sso:ListAccountAssignments", "a second later, because a list may be behind"),
)

AT_IDENTITY_CENTER: Mapping[str, Sequence[Call]] = {
    "start of a permission set": (
        Call(ISSUE, "identitystore:GetUserId", "whose access it will be", BY_NAME),
        Call(ISSUE, "sso:ListAccountAssignments", "whether they have it already, not by PAM"),
        Call(ISSUE, "identitystore:DescribeUser", "whether the user is there, and enabled"),
        Call(ISSUE, "sso:DescribePermissionSet", "whether it is the one, and gives an hour"),
        Call(ISSUE, "sso:GetInlinePolicyForPermissionSet", "whether somebody else wrote there"),
        Call(ISSUE, "sso:PutInlinePolicyToPermissionSet", "the end is armed"),
        Call(ISSUE, "sso:ProvisionPermissionSet", "the account is given it; then polls", SHARED),
        Call(
            ISSUE,
            "sso:ListAccountAssignments",
            "whether the account has a role of the set, to be given the policy; and once more "
            "whether the person has it",
            f"not: {SHARED}",
        ),
        Call(ISSUE, "sso:GetInlinePolicyForPermissionSet", _SEEN),
        Call(ISSUE, "sso:ListAccountAssignments", "once more whether they have it", SHARED),
        Call(ISSUE, "sso:CreateAccountAssignment", "only now is there access; then polls"),
        Call(ISSUE, "sso:ListAccountAssignments", "what counts is what is listed"),
        Call(
            ISSUE,
            "sso:ListAccountsForProvisionedPermissionSet",
            "whether the role that the account has by now has the newest policy",
            f"not: {SHARED}",
        ),
    ),
    "end of a permission set by the clock": (
        Call(REVOKE, "sso:GetInlinePolicyForPermissionSet", "the deny is in force: it stands"),
        *_GONE,
    ),
    "early end of a permission set": (
        Call(
            REVOKE,
            "sso:GetInlinePolicyForPermissionSet",
            "whether the denies stand, before all are written anew; tried once",
            SHARED,
        ),
        Call(REVOKE, "sso:PutInlinePolicyToPermissionSet", "the deny is moved to now"),
        Call(REVOKE, "sso:ProvisionPermissionSet", "the account is given it; then polls"),
        Call(REVOKE, "sso:GetInlinePolicyForPermissionSet", _SEEN),
        *_GONE,
    ),
    "each minute, of a permission set in an account": (
        Call(REVOKE, "sso:GetInlinePolicyForPermissionSet", "whether each deny stands"),
        Call(
            REVOKE,
            "sso:ListAccountsForProvisionedPermissionSet",
            "whether the account has the newest policy",
            "a session has it",
        ),
        Call(REVOKE, "sso:ListAccountAssignments", "whose access is missing: one list for all"),
        Call(REVOKE, "sso:ListAccountAssignments", "who is a stranger"),
        Call(REVOKE, "sso:GetInlinePolicyForPermissionSet", "whether somebody else wrote there"),
        Call(REVOKE, "sso:DescribePermissionSet", "whether it still gives an hour"),
    ),
    "an hour after the last session of a permission set": (
        Call(REVOKE, "sso:GetInlinePolicyForPermissionSet", "the look of that minute"),
        Call(REVOKE, "sso:PutInlinePolicyToPermissionSet", "what has no use any more goes"),
    ),
}
AT_OKTA: Mapping[str, Sequence[Call]] = {
    "start of a group": (
        Call(ADD, "getUser", "whose access it will be", BY_NAME),
        Call(ADD, "listUserGroups", "whether they are a member already, not by PAM"),
        Call(ADD, "getUser", "whether the user is there, and ACTIVE; by the id, if it is listed"),
        Call(ADD, "getGroup", "whether the group is one of Okta's own"),
        Call(ADD, "listGroupRules", "whether a rule feeds it"),
        Call(ADD, "listGroupAssignedRoles", "whether it carries an administrator's role"),
        Call(ADD, "listGroupUsers", "once more whether they are a member, by the other list"),
        Call(ADD, "assignUserToGroup", "only now is there access"),
        Call(ADD, "listUserGroups", "what counts is what is listed"),
        Call(ADD, "listGroupUsers", "by both lists"),
    ),
    "end of a group": (
        Call(TAKE, "unassignUserFromGroup", "the access is taken"),
        Call(TAKE, "listUserGroups", "seen to be gone"),
        Call(TAKE, "listGroupUsers", "by both lists, because each may be behind"),
        Call(TAKE, "listUserGroups", "and once more, a second apart"),
        Call(TAKE, "listGroupUsers", "by both"),
        Call(TAKE, "revokeUserSessions", "on all devices", SESSIONS_TOO),
    ),
    "each minute, of a group": (
        Call(TAKE, "listGroupUsers", "whose access is missing: one list for all, 200 a page"),
        Call(TAKE, "listGroupUsers", "who is a stranger"),
    ),
}
