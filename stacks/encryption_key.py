"""The customer key that everything PAM keeps is encrypted with."""

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.keeping import KEPT, Keeping
from stacks.key_administration import delegated_to_iam
from stacks.place import regional_host

_USE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


class EncryptionKey(Construct):
    """A rotating symmetric key. It outlasts its stack in every environment, as the archive does:
    what nobody can delete must stay readable.

    The key policy hands use and administration to the account's own IAM, in named actions. Where
    data is protected, that does not include destroying the key: an audit log under a deleted key is
    a deleted audit log, so an administrator has to change this policy first, in plain sight.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, env_name: str, keeping: Keeping
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description=f"PAM (MOD-046) {env_name}: sessions, audit log, notices and dead letters",
            alias=f"alias/pam-{env_name}",
            enable_key_rotation=True,
            rotation_period=Duration.days(365),
            pending_window=Duration.days(30),
            removal_policy=KEPT,
            # DynamoDB holds a table's key by grants, which the caller makes who makes the table.
            policy=delegated_to_iam(
                use=[*_USE, "kms:CreateGrant"], destruction=not keeping.protected
            ),
        )
        self._allow_log_groups()

    def _allow_log_groups(self) -> None:
        stack = Stack.of(self)
        # Only as the encryption of a log group of this account; the groups do not exist yet, and
        # API Gateway names its own, so the name is left open here.
        log_groups = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name="*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="CloudWatchLogs",
                principals=[iam.ServicePrincipal(regional_host("logs", stack.region))],
                actions=list(_USE),
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
            )
        )

    def allow_event_bus(self, bus_arn: str) -> None:
        """EventBridge itself decrypts on delivery; the bus is named so that no other can."""
        stack = Stack.of(self)
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EventBusDescribe",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["kms:DescribeKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
            )
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EventBusUse",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={
                    "StringEquals": {
                        "aws:SourceAccount": stack.account,
                        "aws:SourceArn": bus_arn,
                        "kms:EncryptionContext:aws:events:event-bus:arn": bus_arn,
                    }
                },
            )
        )

    def allow_alarms(self) -> None:
        """CloudWatch itself encrypts what an alarm says on an encrypted topic."""
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )

    def grant_read_through(self, role: iam.IRole, service: str) -> None:
        self._grant(role, service, "kms:Decrypt", "kms:DescribeKey")

    def grant_write_through(self, role: iam.IRole, service: str) -> None:
        self._grant(role, service, *_USE)

    def grant_send_through(self, role: iam.IRole, service: str) -> None:
        """What a publisher needs on an encrypted topic or queue."""
        self._grant(role, service, "kms:Decrypt", "kms:GenerateDataKey")

    def _grant(self, role: iam.IRole, service: str, *actions: str) -> None:
        """Never the bare key: only inside a call that `service` makes for the role."""
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=list(actions),
                resources=[self.key.key_arn],
                conditions={
                    "StringEquals": {
                        "kms:ViaService": regional_host(service, Stack.of(role).region)
                    }
                },
            )
        )
