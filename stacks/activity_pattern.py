"""What CloudTrail tells of lent roles, as rules of EventBridge: the same wherever one listens."""

from collections.abc import Iterator, Sequence

from aws_cdk import aws_events as events

from stacks.aws_quotas import Quota
from stacks.config import DeployConfig
from stacks.place import event_sources
from stacks.wide_rights import packed

_AROUND = 550
"""Characters of a pattern besides its roles, each of which stands in it twice."""
_WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
"""A rule that is only ENABLED does not see calls that list, get or describe."""
_UNNAMED = {
    "userIdentity": {
        "type": ["AssumedRole"],
        "sessionContext": {"sessionIssuer": {"arn": ["", {"exists": False}]}},
    }
}
"""Calls of a role's session that do not name the role: the function reads it from the caller."""
API_CALL = "AWS API Call via CloudTrail"


def rule_state(config: DeployConfig) -> str:
    return _WITH_READS if config.activity_reads else "ENABLED"


def patterns(roles: Sequence[str], region: str) -> Iterator[events.EventPattern]:
    """One a rule: the calls of these roles, and who becomes one of them. `region` is PAM's."""
    room = (Quota.EVENT_PATTERN.most - _AROUND) // 2
    for number, some in enumerate(packed(roles, room)):
        by_a_role = {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": some}}}}
        of_a_role = {
            "eventSource": event_sources("sts", region),
            "requestParameters": {"roleArn": some},
        }
        yield events.EventPattern(
            # Only AWS itself may put events with such a source on the bus.
            source=events.Match.prefix("aws."),
            detail_type=[API_CALL],
            # One rule of them is enough.
            detail={"$or": [by_a_role, of_a_role, *([] if number else [_UNNAMED])]},
        )
