"""The table of calls that doors handled: each is noted before anything is done."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.names import CALL_INDEX_KEYS, CallIndex
from stacks.acknowledgments import acknowledge_nist
from stacks.encryption_key import EncryptionKey
from stacks.keeping import Keeping


class DoorCalls(Construct):
    """Request ids are the keys, so that none is used twice. Items go by their TTL after a week."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: EncryptionKey, keeping: Keeping
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=_text("request_id"),
            sort_key=_text("again"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="ttl",
            deletion_protection=keeping.protected,
            removal_policy=keeping.removal_policy,
        )
        for index, (partition_key, sort_key) in CALL_INDEX_KEYS.items():
            self.table.add_global_secondary_index(
                index_name=index,
                partition_key=_text(partition_key),
                sort_key=_text(sort_key),
                projection_type=dynamodb.ProjectionType.ALL,
            )
        acknowledge_nist(
            self.table,
            {
                "DynamoDBInBackupPlan": (
                    "Holds a week of calls, which the access log has as well; what was found is a "
                    "record."
                )
            },
        )

    def grant_note(self, role: iam.IRole) -> None:
        """A door: note a call, and what was answered. It can read none and remove none."""
        _allow(role, self.table.table_arn, "dynamodb:PutItem", "dynamodb:UpdateItem")
        self._key.grant_write_through(role, "dynamodb")

    def grant_settle(self, role: iam.IRole) -> None:
        """Find those that are open, and settle them."""
        index = f"{self.table.table_arn}/index/{CallIndex.UNMATCHED}"
        _allow(role, index, "dynamodb:Query")
        _allow(role, self.table.table_arn, "dynamodb:UpdateItem")
        self._key.grant_write_through(role, "dynamodb")


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def _allow(role: iam.IRole, resource: str, *actions: str) -> None:
    role.add_to_principal_policy(iam.PolicyStatement(actions=list(actions), resources=[resource]))
