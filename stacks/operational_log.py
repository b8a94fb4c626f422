"""Log groups of the running system: functions, workflow, API. Not evidence, so not retained."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.encryption_key import EncryptionKey


class OperationalLog(logs.LogGroup):
    """Named, encrypted with the customer key, kept for a stated time, gone with its stack."""

    def __init__(
        self, scope: Construct, id: str, *, name: str, key: EncryptionKey, retention_days: int
    ) -> None:
        super().__init__(
            scope,
            id,
            log_group_name=name,
            encryption_key=key.key,
            removal_policy=RemovalPolicy.DESTROY,
        )
        resource = self.node.default_child
        assert isinstance(resource, logs.CfnLogGroup)
        resource.retention_in_days = retention_days
