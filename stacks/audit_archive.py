"""The audit archive: a bucket in which nothing can be changed or deleted for years, by anybody."""

from aws_cdk import Aws, CfnOutput, Duration, Fn, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

from stacks.acknowledgments import acknowledge, acknowledge_nist, as_found
from stacks.encryption_key import EncryptionKey
from stacks.keeping import KEPT, Keeping

_ARN_OUTPUT = "AuditArchiveArn"
_NO_ACCESS_LOG = (
    "Reads are in CloudTrail's data events, which the account's owner turns on; a second bucket of "
    "access logs would have to be protected as well."
)


class AuditArchive(Construct):
    """Object Lock in compliance mode: not even the account's root can shorten it.

    The stack keeps the bucket through its own deletion, whatever the environment: what is in it
    cannot be deleted before its time anyway. Where data is retained it has a fixed name, which
    policies of the account can name. Elsewhere CloudFormation names it, so that a deployment that
    was deleted can be made again.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        env_name: str,
        key: EncryptionKey,
        retention_days: int,
        keeping: Keeping,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        name = f"pam-{env_name}-audit-{Aws.ACCOUNT_ID}-{Aws.REGION}"
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=name if keeping.retained else None,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=s3.ObjectLockRetention.compliance(
                Duration.days(retention_days)
            ),
            removal_policy=KEPT,
        )
        arn = CfnOutput(self, "Arn", value=self.bucket.bucket_arn)
        arn.override_logical_id(_ARN_OUTPUT)
        self._deny(
            "NothingIsOverwritten",
            "s3:PutObject",
            # A write that does not say "only if there is nothing yet".
            conditions={"Null": {"s3:if-none-match": "true"}},
        )
        self._deny("NothingIsDeleted", "s3:DeleteObject", "s3:DeleteObjectVersion")
        acknowledge(self.bucket, "AwsSolutions-S1", _NO_ACCESS_LOG)
        acknowledge_nist(
            self.bucket,
            {
                "S3BucketLoggingEnabled": _NO_ACCESS_LOG,
                "S3BucketReplicationEnabled": (
                    "Nobody can delete from it, and the records stand in the table and the log "
                    "group too; a copy in another region is for the bank's owner to decide."
                ),
            },
        )

    def _deny(self, sid: str, *actions: str, conditions: dict[str, object] | None = None) -> None:
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=list(actions),
                resources=[self.bucket.arn_for_objects("*")],
                conditions=conditions,
            )
        )

    def grant_keep_records(self, role: iam.IRole) -> None:
        """Add records; read none, delete none."""
        self._allow(role, ["s3:PutObject"], "records/*")
        self._key.grant_write_through(role, "s3")

    def grant_keep_policy_sets(self, role: iam.IRole) -> None:
        """Add the policy sets that decided, and see which are there."""
        self._allow(role, ["s3:GetObject", "s3:PutObject"], "policies/*")
        # Without it, asking for what is not there is answered by "forbidden".
        self.allow_list(role)

    def grant_keep_checkpoints(self, role: iam.IRole) -> None:
        """Add and read checkpoints, and what witnesses say of them."""
        self._allow(role, ["s3:GetObject", "s3:PutObject"], "checkpoints/*", "cosignatures/*")
        # Without it, asking for what is not there is answered by "forbidden".
        self.allow_list(role)
        self._key.grant_write_through(role, "s3")

    def allow_list(self, role: iam.IRole) -> None:
        role.add_to_principal_policy(
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn])
        )

    def _allow(self, role: iam.IRole, actions: list[str], *prefixes: str) -> None:
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=actions,
                resources=[self.objects(role, prefix) for prefix in prefixes],
            )
        )
        for prefix in prefixes:
            acknowledge(
                role,
                f"AwsSolutions-IAM5[Resource::{as_found(role, self.objects(role, prefix))}]",
                "Objects of the archive have no names yet when the right to add them is given.",
            )

    def objects(self, seen_from: IConstruct, pattern: str) -> str:
        """Their ARN, as the stack of `seen_from` can spell it. By an output that has a name: the
        library's own references to other stacks have none yet when a finding is acknowledged.
        """
        home = Stack.of(self)
        if Stack.of(seen_from) is home:
            return self.bucket.arn_for_objects(pattern)
        bucket_arn = Fn.get_stack_output(home.stack_name, _ARN_OUTPUT, home.region)
        return f"{bucket_arn}/{pattern}"
