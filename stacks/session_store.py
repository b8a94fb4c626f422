"""The tables: sessions with their records, and beside them what only some functions may write."""

from typing import cast

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.names import (
    DONE_ONCE,
    INDEX_KEYS,
    NO_SESSION,
    OF_SESSION,
    Index,
    Table,
    shown_by_index,
    table_name,
)
from stacks.encryption_key import EncryptionKey
from stacks.keeping import Keeping
from stacks.kept_table import kept_table, text

_FINDINGS = [f"{OF_SESSION}{NO_SESSION}*", f"{DONE_ONCE}*"]
"""The partition keys of records outside any session, and of notes that something was done."""

_BOTH = dynamodb.StreamViewType.NEW_AND_OLD_IMAGES
_STREAMS = {
    # Its removal by time to live is the last of the belts, and says which session it was.
    Table.GRANTS: dynamodb.StreamViewType.KEYS_ONLY,
    # What is overwritten or removed here is found by what stood there before.
    Table.BLOCKS: _BOTH,
    Table.LOG_HEAD: _BOTH,
}


class SessionStore(Construct):
    """One table for each power to write. AWS does not say that IAM can tell the items of one table
    apart inside a transaction, so what only some functions may write lies in a table of its own.

    No grant here scans, and none touches a table itself: what a function may do, it may do to
    items. `TransactWriteItems` needs no right of its own, it is authorised by its single actions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        env_name: str,
        key: EncryptionKey,
        keeping: Keeping,
        without: frozenset[Table] = frozenset(),
    ) -> None:
        """`without` are tables that nothing in this deployment would use."""
        super().__init__(scope, construct_id)
        self._key = key
        # The stream is the outbox: a record is written once, and its change is an alarm.
        self.table = kept_table(self, "Table", key=key, keeping=keeping, stream=_BOTH)
        for index, (partition_key, sort_key) in INDEX_KEYS.items():
            shown = shown_by_index(index)
            self.table.add_global_secondary_index(
                index_name=index,
                partition_key=text(partition_key),
                sort_key=text(sort_key),
                projection_type=dynamodb.ProjectionType.ALL
                if shown is None
                else dynamodb.ProjectionType.INCLUDE,
                non_key_attributes=None if shown is None else list(shown),
            )
        self.beside = {
            table: kept_table(
                self,
                table.name.title().replace("_", ""),
                key=key,
                keeping=keeping,
                name=table_name(env_name, table),
                stream=_STREAMS.get(table),
            )
            for table in Table
            if table not in without
        }

    @property
    def stream_arn(self) -> str:
        return cast("str", self.table.table_stream_arn)

    def stream_arn_of(self, table: Table) -> str:
        return cast("str", self.beside[table].table_stream_arn)

    # Sessions and their records.

    def grant_take_steps(self, role: iam.IRole) -> None:
        """Read items, and put the next state of a session with its record; delete nothing."""
        self._allow(role, self.table, "GetItem", "Query", "PutItem")

    def grant_read_sessions(self, role: iam.IRole) -> None:
        """Sessions and their records: nothing else of the table, and nothing written."""
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["dynamodb:GetItem", "dynamodb:Query"],
                resources=[self.table.table_arn],
                conditions={
                    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{OF_SESSION}*"]}
                },
            )
        )
        self._key.grant_read_through(role, "dynamodb")

    def grant_add_findings(self, role: iam.IRole) -> None:
        """Look an item up, and put records that belong to no session.

        The condition is a second lock, and nothing rests on it: AWS does not say what it sees of a
        transaction.
        """
        self._allow(role, self.table, "GetItem")
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["dynamodb:PutItem"],
                resources=[self.table.table_arn],
                conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": _FINDINGS}},
            )
        )
        self._key.grant_write_through(role, "dynamodb")

    def grant_list(self, role: iam.IRole) -> None:
        """Query every index, and read the sessions that it names."""
        self._allow(role, self.table, "BatchGetItem")
        _allow(role, ["dynamodb:Query"], *(self._index_arn(index) for index in Index))

    def grant_find_of_person(self, role: iam.IRole) -> None:
        """Query the sessions of a person, and read those that it names."""
        self._allow(role, self.table, "BatchGetItem")
        _allow(role, ["dynamodb:Query"], self._index_arn(Index.BY_REQUESTER))

    def grant_find_recent(self, role: iam.IRole) -> None:
        """Query the sessions by their time, and read those that it names."""
        self._allow(role, self.table, "BatchGetItem")
        _allow(role, ["dynamodb:Query"], self._index_arn(Index.BY_TIME))

    def grant_find_overdue(self, role: iam.IRole) -> None:
        """Query the deadlines, and nothing else."""
        _allow(role, ["dynamodb:Query"], self._index_arn(Index.BY_DEADLINE))
        self._key.grant_read_through(role, "dynamodb")

    # What only some may write.

    def grant_give(self, role: iam.IRole) -> None:
        """Put the grant of a session that becomes active."""
        self._allow(role, Table.GRANTS, "PutItem")

    def grant_see_grants(self, role: iam.IRole) -> None:
        self._allow(role, Table.GRANTS, "Query")

    def grant_let_go(self, role: iam.IRole) -> None:
        """Delete the grant of a session that ends."""
        self._allow(role, Table.GRANTS, "DeleteItem")

    def grant_check_out(self, role: iam.IRole) -> None:
        """Take and give back what one session at a time may have."""
        self._allow(role, Table.CHECKOUTS, "GetItem", "PutItem", "UpdateItem")

    def grant_see_delivered(self, role: iam.IRole) -> None:
        """How far the auditor is with a session, and whether it has carried its end."""
        self._allow(role, Table.DELIVERED, "GetItem")

    def grant_keep_notes(self, role: iam.IRole, table: Table) -> None:
        """Of what PAM made at a vendor: written by the vendor's functions alone."""
        self._allow(role, table, "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")

    def grant_see_checkouts(self, role: iam.IRole) -> None:
        self._allow(role, Table.CHECKOUTS, "GetItem")

    def grant_list_blocks(self, role: iam.IRole) -> None:
        """See whoever is on the list."""
        self._allow(role, Table.BLOCKS, "Query")

    def grant_see_blocks(self, role: iam.IRole) -> None:
        """Look up whether somebody is on the list."""
        self._allow(role, Table.BLOCKS, "BatchGetItem")

    def grant_block(self, role: iam.IRole) -> None:
        """Put somebody on the list, or lift a block."""
        self._allow(role, Table.BLOCKS, "BatchGetItem", "Query", "PutItem")

    def grant_link(self, role: iam.IRole) -> None:
        """Link principals to people, and undo it; read the codes that others show."""
        self._allow(role, Table.LINKS, "GetItem", "Query", "PutItem", "DeleteItem")
        self._allow(role, Table.LINK_CODES, "GetItem")

    def grant_see_links(self, role: iam.IRole) -> None:
        """Look up whose a principal is."""
        self._allow(role, Table.LINKS, "GetItem")

    def grant_show_codes(self, role: iam.IRole) -> None:
        """Keep the codes that are shown. Whoever shows them makes no link of them."""
        self._allow(role, Table.LINK_CODES, "PutItem")

    def grant_find_links(self, role: iam.IRole) -> None:
        """Look up which principals are a person's."""
        self._allow(role, Table.LINKS, "GetItem", "Query")

    def grant_mark_delivered(self, role: iam.IRole) -> None:
        """Read records, note that they reached the log, and put them up for sealing."""
        self._allow(role, self.table, "GetItem", "Query")
        self._allow(role, Table.DELIVERED, "UpdateItem")
        self._allow(role, Table.UNSEALED, "PutItem")

    def grant_seal(self, role: iam.IRole) -> None:
        """Take what is sealed out of the queue, and move the log's head."""
        self._allow(role, Table.UNSEALED, "Query", "DeleteItem")
        self._allow(role, Table.LOG_HEAD, "GetItem", "PutItem")

    # What happens in them.

    def grant_follow(self, role: iam.IRole, *tables: Table) -> None:
        """Read the change streams of these tables; of the sessions, if none is named."""
        arns = [self.stream_arn_of(table) for table in tables] or [self.stream_arn]
        actions = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
        _allow(role, [f"dynamodb:{action}" for action in actions], *arns)
        self._key.grant_read_through(role, "dynamodb")

    def _allow(self, role: iam.IRole, table: dynamodb.Table | Table, *actions: str) -> None:
        stored = self.beside[table] if isinstance(table, Table) else table
        _allow(role, [f"dynamodb:{action}" for action in actions], stored.table_arn)
        if {"PutItem", "UpdateItem", "DeleteItem"} & set(actions):
            self._key.grant_write_through(role, "dynamodb")
        else:
            self._key.grant_read_through(role, "dynamodb")

    def _index_arn(self, index: Index) -> str:
        return f"{self.table.table_arn}/index/{index}"


def _allow(role: iam.IRole, actions: list[str], *resources: str) -> None:
    role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=list(resources)))
