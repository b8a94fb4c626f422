"""Where activities wait until the recorder takes them, many at a time."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.concurrency import ACTIVITY_AT_ONCE
from stacks.pam_function import PamFunction
from stacks.rules_to_queues import open_to_rules, send_to
from stacks.undelivered_events import UndeliveredEvents

_BATCH = 100
_GATHER = Duration.seconds(5)
"""CloudTrail itself takes minutes."""
_TRIES = 10


class ActivityQueue(Construct):
    """Whatever a session does is an event. Were each a call of a function, a borrower could use up
    the account's concurrency, and with it the revocation's. So they wait here, and two batches at a
    time are recorded: a flood takes longer, and takes nothing from anybody.

    Under SQS's own key: EventBridge then needs no right on the customer's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: PamFunction,
        timeout: Duration,
        undelivered: UndeliveredEvents,
    ) -> None:
        super().__init__(scope, construct_id)
        self._undelivered = undelivered
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            # AWS: six times as long as the function may take, or a slow batch is brought twice.
            visibility_timeout=Duration.seconds(6 * int(timeout.to_seconds())),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=undelivered.queue, max_receive_count=_TRIES
            ),
        )
        # By name: CloudFormation begins that of each rule with the stack's.
        open_to_rules(self.queue, f"{Stack.of(self).stack_name}-*")
        role = function.role
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
                resources=[self.queue.queue_arn],
            )
        )
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Batches",
            function_name=function.function.function_name,
            event_source_arn=self.queue.queue_arn,
            batch_size=_BATCH,
            maximum_batching_window_in_seconds=int(_GATHER.to_seconds()),
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(
                maximum_concurrency=ACTIVITY_AT_ONCE
            ),
        )
        # Lambda checks the right to receive when the mapping is made.
        mapping.node.add_dependency(role)

    def take_from(self, rule: events.Rule) -> None:
        """What EventBridge cannot put here for a day goes where all such events go."""
        send_to(self.queue, rule, tried_for=Duration.hours(24))
        self._undelivered.catch_of_target(rule)
