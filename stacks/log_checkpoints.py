"""At a fixed interval: a signed checkpoint of the whole audit log."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.domain import messages
from pam.settings import CheckpointSettings
from stacks.audit_archive import AuditArchive
from stacks.function_platform import FunctionPlatform
from stacks.pam_function import PamFunction
from stacks.schedule import call_every
from stacks.signing_key import SigningKey
from stacks.witness_stack import WitnessStack


class LogCheckpoints(Construct):
    """Each seals what was recorded since the last. `witness` None: nobody cosigns."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        archive: AuditArchive,
        signing_key: SigningKey,
        witness: WitnessStack | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.every_minutes = platform.config.checkpoint_minutes
        witness_function = "" if witness is None else witness.arn
        store = platform.session_store
        self.function = PamFunction(
            self,
            "CheckpointLog",
            platform=platform,
            handler="checkpoint_log",
            description="Seals the audit log with a signed checkpoint, at a fixed interval",
            settings=CheckpointSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                archive_bucket=archive.bucket.bucket_name,
                interval_minutes=str(self.every_minutes),
                signing_key_arn=signing_key.key.key_arn,
                witness_function=witness_function,
            ),
            timeout=Duration.seconds(60),
            clocked=True,
        )
        role = self.function.role
        store.grant_seal(role)
        archive.grant_keep_checkpoints(role)
        signing_key.grant_sign(role)
        if witness_function:
            role.add_to_principal_policy(
                iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[witness_function])
            )
        # No retry: the next interval seals the same and more.
        self.function.bury_failures(retries=0)
        call_every(
            self,
            "Interval",
            every=Duration.minutes(self.every_minutes),
            function=self.function,
            message=messages.SealRecords(),
            description=f"PAM {platform.env_name}: a checkpoint of the audit log",
        )
