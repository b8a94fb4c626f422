"""Lets rules of EventBridge put messages into a queue: by the name that they begin with.

The construct library would write a statement for each rule, and a queue's policy has twenty.
"""

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs

from stacks.escape_hatch import resource_of


def open_to_rules(queue: sqs.Queue, named: str) -> None:
    """`named` as in an ARN, of this account and region."""
    rules = Stack.of(queue).format_arn(
        service="events",
        resource="rule",
        resource_name=named,
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            sid="FromRules",
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={"ArnLike": {"aws:SourceArn": rules}},
        )
    )


def send_to(queue: sqs.Queue, rule: events.Rule, *, tried_for: Duration) -> None:
    """The queue is the rule's only target. EventBridge tries 185 times at the most."""
    resource_of(rule, events.CfnRule).targets = [
        events.CfnRule.TargetProperty(
            id="Target0",
            arn=queue.queue_arn,
            retry_policy=events.CfnRule.RetryPolicyProperty(
                maximum_retry_attempts=185,
                maximum_event_age_in_seconds=int(tried_for.to_seconds()),
            ),
        )
    ]


def catch_of_target(queue: sqs.IQueue, rule: events.Rule) -> None:
    """What the rule's only target does not take. Not the construct's `dead_letter_queue`: it would
    have the queue's policy name each rule.
    """
    resource_of(rule, events.CfnRule).add_property_override(
        "Targets.0.DeadLetterConfig", {"Arn": queue.queue_arn}
    )
