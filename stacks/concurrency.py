"""How many functions may run at once, and what of that is kept for those that end access.

An account has one number for all its functions. A borrower's calls reach PAM by a queue whose
mapping runs two at a time, so they cannot use it up. Others in the account can: so, where the
number is large enough, a part of it may be kept for PAM.
"""

from collections.abc import Mapping
from types import MappingProxyType

LEFT_FOR_OTHERS = 100
"""Lambda refuses a reservation that leaves less (PutFunctionConcurrency)."""
RESERVED: Mapping[str, int] = MappingProxyType(
    {
        "audit_session": 20,
        "issue_identity_center": 5,
        "issue_okta_group": 5,
        "record_activity": 5,
        "revoke_identity_center": 10,
        "revoke_okta_group": 10,
        "revoke_session": 20,
        "slack_door": 10,
        "tick": 2,
    }
)
"""By function: what nobody can take from it, and the most that it may have at once. Anybody may
call the door of Slack, which only then sees that Slack has not signed: so it is bounded. At a
vendor ends have a share that no number of starts can take.
"""
AT_LEAST = 25
"""Without reservations: PAM's functions that a clock starts, its streams, and a few callers."""
ACTIVITY_AT_ONCE = 2
"""Batches of activities. The least that Lambda takes (ScalingConfig.MaximumConcurrency)."""


def needed_quota(*, reserved: bool) -> int:
    """The least `ConcurrentExecutions` of the account (`lambda:GetAccountSettings`) with which a
    deployment works: a new account may have 10.
    """
    return LEFT_FOR_OTHERS + sum(RESERVED.values()) if reserved else AT_LEAST
