"""Where events go that EventBridge could not deliver, until a person has looked at them."""

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.acknowledgments import acknowledge
from stacks.rules_to_queues import catch_of_target


class UndeliveredEvents(Construct):
    """The dead-letter queue of the bus and of every rule's target.

    It is encrypted with SQS's own key, and not with the customer's: the bus has it for the day on
    which the customer's key cannot be used, and a letter about that must not need the key.
    """

    def __init__(self, scope: Construct, construct_id: str, *, env_name: str) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )

        def arn(resource: str, name: str) -> str:
            return stack.format_arn(
                service="events",
                resource=resource,
                resource_name=name,
                arn_format=ArnFormat.SLASH_RESOURCE_NAME,
            )

        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="WhatCouldNotBeDelivered",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue.queue_arn],
                # By name: the rules are the service's, which is made after this.
                conditions={
                    "ArnLike": {
                        "aws:SourceArn": [
                            arn("event-bus", f"pam-{env_name}"),
                            arn("rule", f"pam-{env_name}-service-*"),
                        ]
                    }
                },
            )
        )
        acknowledge(
            self.queue, "AwsSolutions-SQS3", "This is a dead-letter queue; it has none itself."
        )

    def catch_of_bus(self, bus: events.CfnEventBus) -> None:
        """What the bus can neither encrypt nor decrypt."""
        bus.dead_letter_config = events.CfnEventBus.DeadLetterConfigProperty(
            arn=self.queue.queue_arn
        )

    def catch_of_target(self, rule: events.Rule) -> None:
        """What the rule's only target does not take."""
        catch_of_target(self.queue, rule)
