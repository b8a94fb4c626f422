"""Log groups of the running system: functions, workflow, API. Not evidence, so not retained."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.encryption_key import EncryptionKey
from stacks.escape_hatch import resource_of


class OperationalLog(logs.LogGroup):
    """Named, encrypted with the customer key, kept for a stated time, gone with its stack."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key: EncryptionKey,
        retention_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            log_group_name=name,
            encryption_key=key.key,
            removal_policy=RemovalPolicy.DESTROY,
        )
        resource = resource_of(self, logs.CfnLogGroup)
        resource.retention_in_days = retention_days
