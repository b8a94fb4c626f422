"""Which sessions of an environment are open, read from the table's own index."""

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from deployment.environment import Clients
from pam.aws.table_keys import AT_STAKE, ENDED, WAITING
from pam.names import INDEX_KEYS, Index, Parameter, parameter_path

_MISSING = frozenset({"ParameterNotFound", "ResourceNotFoundException"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSessions:
    """By session id: where access may exist, and those that wait; and those that are over, but of
    which a deny must stand at its target for now.
    """

    access: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()

    @property
    def some(self) -> bool:
        return bool(self.access or self.waiting)


def find(clients: Clients, env_name: str) -> OpenSessions:
    """None are open where there is no table."""
    path = parameter_path(env_name, Parameter.SESSION_STORE_TABLE_NAME)
    try:
        table = clients("ssm").get_parameter(Name=path)["Parameter"]["Value"]
        return OpenSessions(
            access=tuple(_within(clients, table, AT_STAKE)),
            waiting=tuple(_within(clients, table, WAITING)),
            traces=tuple(_within(clients, table, ENDED)),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return OpenSessions()
        raise


def _within(clients: Clients, table: str, partition: str) -> Iterator[str]:
    key, _ = INDEX_KEYS[Index.BY_DEADLINE]
    pages = clients("dynamodb").get_paginator("query")
    for page in pages.paginate(
        TableName=table,
        IndexName=Index.BY_DEADLINE,
        KeyConditionExpression="#partition = :partition",
        ExpressionAttributeNames={"#partition": key},
        ExpressionAttributeValues={":partition": {"S": partition}},
        ProjectionExpression="session_id",
    ):
        for item in page["Items"]:
            yield item["session_id"]["S"]
