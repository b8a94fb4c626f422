"""Where work goes that failed for good, until a person has looked at it."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.acknowledgments import acknowledge
from stacks.encryption_key import EncryptionKey


class DeadLetters(Construct):
    """An encrypted queue that keeps a failure for as long as SQS can: 14 days."""

    def __init__(self, scope: Construct, construct_id: str, *, key: EncryptionKey) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key.key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        acknowledge(
            self.queue, "AwsSolutions-SQS3", "This is the dead-letter queue; it has none itself."
        )

    def grant_bury(self, role: iam.IRole) -> None:
        role.add_to_principal_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.queue.queue_arn])
        )
        self._key.grant_send_through(role, "sqs")
