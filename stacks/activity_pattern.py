"""What CloudTrail tells of what is lent, as rules of EventBridge: the same wherever one listens."""

from collections.abc import Iterator, Sequence
from typing import Any

from aws_cdk import aws_events as events

from stacks.aws_quotas import Quota
from stacks.config import DeployConfig
from stacks.lent_permission_sets import SetRole
from stacks.place import event_sources
from stacks.wide_rights import packed

_AROUND = 550
"""Characters of a pattern besides its roles, each of which stands in it twice."""
_SETS_A_RULE = 5
"""Each stands in the pattern three times, with 260 characters at most."""
_WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
"""A rule that is only ENABLED does not see calls that list, get or describe."""
_UNNAMED: dict[str, Any] = {
    "userIdentity": {
        "type": ["AssumedRole"],
        "sessionContext": {"sessionIssuer": {"arn": ["", {"exists": False}]}},
    }
}
"""Calls of a role's session that do not name the role: the function reads it from the caller."""
API_CALL = "AWS API Call via CloudTrail"


def rule_state(config: DeployConfig) -> str:
    return _WITH_READS if config.activity_reads else "ENABLED"


def patterns(
    roles: Sequence[str], sets: Sequence[SetRole], region: str
) -> Iterator[events.EventPattern]:
    """One a rule: the calls of these roles and permission sets, and who becomes one of them.
    `region` is PAM's.
    """
    for number, told in enumerate([*_of_roles(roles, region), *_of_sets(sets, region)]):
        yield events.EventPattern(
            # Only AWS itself may put events with such a source on the bus.
            source=events.Match.prefix("aws."),
            detail_type=[API_CALL],
            # One rule of them is enough.
            detail={"$or": [*told, *([] if number else [_UNNAMED])]},
        )


def _of_roles(roles: Sequence[str], region: str) -> Iterator[list[dict[str, Any]]]:
    room = (Quota.EVENT_PATTERN.most - _AROUND) // 2
    for some in packed(roles, room):
        by_a_role = {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": some}}}}
        of_a_role = {
            "eventSource": event_sources("sts", region),
            "requestParameters": {"roleArn": some},
        }
        yield [by_a_role, of_a_role]


def _of_sets(sets: Sequence[SetRole], region: str) -> Iterator[list[dict[str, Any]]]:
    """More than these sets where several accounts lend: every path goes with every name. What is
    none of them the function leaves alone.
    """
    for first in range(0, len(sets), _SETS_A_RULE):
        some = sets[first : first + _SETS_A_RULE]
        issuer = {
            "arn": _beginning([each.path for each in some]),
            "userName": _beginning([each.name for each in some]),
        }
        signed_in = {"arn": _beginning([each.session for each in some])}
        yield [
            {"userIdentity": {"sessionContext": {"sessionIssuer": issuer}}},
            {
                "eventSource": event_sources("sts", region),
                "responseElements": {"assumedRoleUser": signed_in},
            },
        ]


def _beginning(texts: Sequence[str]) -> list[dict[str, str]]:
    return [{"prefix": text} for text in dict.fromkeys(texts)]
