"""At a fixed interval: a signed checkpoint of the whole audit log."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.domain import messages
from pam.settings import CheckpointSettings
from stacks.audit_archive import AuditArchive
from stacks.dead_letters import DeadLetters
from stacks.pam_function import FunctionPlatform, PamFunction
from stacks.session_store import SessionStore
from stacks.signing_key import SigningKey


class LogCheckpoints(Construct):
    """`witness_function` is an ARN, empty where there is no witness."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        every_minutes: int,
        session_store: SessionStore,
        archive: AuditArchive,
        signing_key: SigningKey,
        witness_function: str,
        dead_letters: DeadLetters,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = PamFunction(
            self,
            "CheckpointLog",
            platform=platform,
            handler="checkpoint_log",
            description="Seals the audit log with a signed checkpoint, at a fixed interval",
            settings=CheckpointSettings(
                env_name=platform.env_name,
                table_name=session_store.table.table_name,
                archive_bucket=archive.bucket.bucket_name,
                interval_minutes=str(every_minutes),
                signing_key_arn=signing_key.key.key_arn,
                witness_function=witness_function,
            ),
            timeout=Duration.seconds(60),
        )
        role = self.function.role
        session_store.grant_seal(role)
        archive.grant_keep_checkpoints(role)
        signing_key.grant_sign(role)
        if witness_function:
            role.add_to_principal_policy(
                iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[witness_function])
            )
        # No retry: the next interval seals the same and more.
        dead_letters.receive_from(self.function, retries=0)
        events.Rule(
            self,
            "Interval",
            description=f"PAM {platform.env_name}: a checkpoint of the audit log",
            schedule=events.Schedule.rate(Duration.minutes(every_minutes)),
            targets=[
                targets.LambdaFunction(
                    self.function.function,
                    event=events.RuleTargetInput.from_object(
                        messages.event_of(messages.SealRecords())
                    ),
                    retry_attempts=0,
                    max_event_age=Duration.minutes(max(1, every_minutes)),
                )
            ],
        )
