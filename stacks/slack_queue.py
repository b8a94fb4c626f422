"""What is to be told in Slack and can wait: in each channel one thing after another."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from pam.names import slack_queue_name
from stacks.acknowledgments import acknowledge
from stacks.encryption_key import EncryptionKey
from stacks.pam_function import PamFunction

TIMEOUT = Duration.seconds(60)
"""Of the function that takes from it."""
_BATCH = 10
"""The most that Lambda takes of a queue with groups."""
_AT_ONCE = 5
"""Channels painted side by side. Slack counts all of them together as well."""
_TRIES = 1000
"""The most that SQS knows: at one in twenty seconds, while Slack is down, more than five hours."""


class SlackQueue(Construct):
    def __init__(
        self, scope: Construct, construct_id: str, *, env_name: str, key: EncryptionKey
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.dead = sqs.Queue(
            self,
            "Dead",
            fifo=True,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key.key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        acknowledge(
            self.dead, "AwsSolutions-SQS3", "This is the dead-letter queue; it has none itself."
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=slack_queue_name(env_name),
            fifo=True,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key.key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            # AWS: six times as long as the function may take, or a slow batch is brought twice.
            visibility_timeout=Duration.seconds(6 * int(TIMEOUT.to_seconds())),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=_TRIES),
        )

    def grant_send(self, role: iam.IRole) -> None:
        self._allow(role, "SendMessage")
        self._key.grant_send_through(role, "sqs")

    def grant_count(self, role: iam.IRole) -> None:
        """How many wait, and nothing of what they are."""
        self._allow(role, "GetQueueAttributes")

    def feed(self, function: PamFunction) -> None:
        """The one function that takes from it, and may put off what it took."""
        self._allow(
            function.role,
            "ChangeMessageVisibility",
            "DeleteMessage",
            "GetQueueAttributes",
            "ReceiveMessage",
        )
        self._key.grant_read_through(function.role, "sqs")
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Batches",
            function_name=function.function.function_name,
            event_source_arn=self.queue.queue_arn,
            batch_size=_BATCH,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(
                maximum_concurrency=_AT_ONCE
            ),
        )
        # Lambda checks the right to receive when the mapping is made.
        mapping.node.add_dependency(function.role)

    def _allow(self, role: iam.IRole, *actions: str) -> None:
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[f"sqs:{action}" for action in actions], resources=[self.queue.queue_arn]
            )
        )
