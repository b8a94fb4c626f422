"""The one table: sessions, votes, grants and the audit outbox."""

from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.names import Index
from stacks.acknowledgments import acknowledge_nist
from stacks.encryption_key import EncryptionKey

_READ = ("dynamodb:GetItem", "dynamodb:Query")
_UNSEALED, _SEALING = ["UNSEALED"], ["UNSEALED", "LOG"]
"""The partition keys of what waits for a checkpoint, and of that and the log's head."""
_FINDINGS = ["SESSION#NONE#*", "ACTIVITY#*"]
"""The partition keys of records outside any session, and of what is told once."""
_GRANTS = "GRANT#*"
"""The partition keys of grants: the only items that PAM itself ever deletes."""

_INDEX_KEYS = {
    Index.BY_REQUESTER: ("requester_person", "session_id"),
    Index.BY_STATUS: ("status", "session_id"),
    Index.BY_RESOURCE: ("resource", "session_id"),
    Index.BY_TIME: ("listing", "session_id"),
    Index.BY_DEADLINE: ("open", "due_at"),
}


class SessionStore(Construct):
    """On-demand, restorable to any second, encrypted with the customer key.

    No grant here scans, and none touches the table itself: what a function may do, it may do to
    items. `TransactWriteItems` needs no right of its own, it is authorised by its single actions.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, key: EncryptionKey, retain: bool
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            # The stream is the outbox; a record is written once and never changed.
            stream=dynamodb.StreamViewType.NEW_IMAGE,
            time_to_live_attribute="ttl",
            deletion_protection=retain,
            removal_policy=RemovalPolicy.RETAIN if retain else RemovalPolicy.DESTROY,
        )
        for index, (partition_key, sort_key) in _INDEX_KEYS.items():
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
                    "Can be restored to any second of the last 35 days, and every record stands in "
                    "the log group and the locked archive as well; backup plans are the account's."
                )
            },
        )

    @property
    def stream_arn(self) -> str:
        return cast("str", self.table.table_stream_arn)

    def grant_take_steps(self, role: iam.IRole) -> None:
        """Read items, and put the next state of a session with its record; delete nothing."""
        _allow(role, [*_READ, "dynamodb:PutItem"], self.table.table_arn)
        self._key.grant_write_through(role, "dynamodb")

    def grant_add_findings(self, role: iam.IRole) -> None:
        """Put records that belong to no session, and remember that they are told."""
        _allow(role, ["dynamodb:GetItem"], self.table.table_arn)
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["dynamodb:PutItem"],
                resources=[self.table.table_arn],
                conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": _FINDINGS}},
            )
        )
        self._key.grant_write_through(role, "dynamodb")

    def grant_let_go(self, role: iam.IRole) -> None:
        """Delete grants, and no audit record."""
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["dynamodb:DeleteItem"],
                resources=[self.table.table_arn],
                conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": _GRANTS}},
            )
        )

    def grant_list(self, role: iam.IRole) -> None:
        """Query every index."""
        _allow(role, ["dynamodb:Query"], *(self._index_arn(index) for index in Index))

    def grant_seal(self, role: iam.IRole) -> None:
        """The queue of unsealed records and the log's head, and no item beside them."""
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[*_READ, "dynamodb:BatchWriteItem", "dynamodb:PutItem"],
                resources=[self.table.table_arn],
                conditions={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": _SEALING}},
            )
        )
        self._key.grant_write_through(role, "dynamodb")

    def grant_mark_delivered(self, role: iam.IRole) -> None:
        """Read records, note that they reached the log, and put them up for sealing."""
        _allow(role, [*_READ, "dynamodb:UpdateItem"], self.table.table_arn)
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["dynamodb:PutItem"],
                resources=[self.table.table_arn],
                conditions={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": _UNSEALED}},
            )
        )
        self._key.grant_write_through(role, "dynamodb")

    def grant_find_overdue(self, role: iam.IRole) -> None:
        """Query the deadlines, and nothing else."""
        _allow(role, ["dynamodb:Query"], self._index_arn(Index.BY_DEADLINE))
        self._key.grant_read_through(role, "dynamodb")

    def grant_follow(self, role: iam.IRole) -> None:
        """Read the change stream."""
        _allow(
            role,
            [
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
            ],
            self.stream_arn,
        )

    def _index_arn(self, index: Index) -> str:
        return f"{self.table.table_arn}/index/{index}"


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def _allow(role: iam.IRole, actions: list[str] | tuple[str, ...], *resources: str) -> None:
    role.add_to_principal_policy(
        iam.PolicyStatement(actions=list(actions), resources=list(resources))
    )
