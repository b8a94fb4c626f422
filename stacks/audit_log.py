"""The audit log group: written by one function, kept for ten years, deleted by nobody."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.encryption_key import EncryptionKey
from stacks.escape_hatch import resource_of
from stacks.keeping import Keeping


class AuditLog(Construct):
    """Append only, as far as a log group can promise that.

    Deletion protection stops DeleteLogGroup until somebody lifts it; no role of PAM may lift it, or
    delete a stream, or shorten the retention. An administrator of the account still could: an SCP
    has to say no to them, and the hash chain in the records shows if they did.
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
        self.log_group = logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=f"/bank/{env_name}/mod046/audit",
            encryption_key=key.key,
            deletion_protection_enabled=keeping.protected,
            removal_policy=keeping.removal_policy,
        )
        resource = resource_of(self.log_group, logs.CfnLogGroup)
        resource.retention_in_days = retention_days

    @property
    def arn(self) -> str:
        """The group itself: without the `:*` that stands for its streams in IAM policies."""
        return Stack.of(self).format_arn(
            service="logs",
            resource="log-group",
            resource_name=self.log_group.log_group_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def grant_append(self, role: iam.IRole) -> None:
        """Open streams and put events; for the session auditor alone."""
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[self.log_group.log_group_arn],
            )
        )
