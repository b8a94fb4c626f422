"""The places where PAM keeps its trail, read with the auditor's own AWS credentials.

Straight from the stores, and not through the request API: an auditor need not believe it. The
managed policy `pam-<env>-audit-reader` allows just this.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from cli import aws
from cli.problems import Failure
from cli.trail.files import Unreadable
from pam.aws.attribute_values import from_item, to_item
from pam.aws.audit_archive import RECORDS, S3AuditArchive, records_prefix
from pam.aws.checkpoint_items import DynamoDbCheckpoints
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.domain.audit_record import Record
from pam.domain.checkpoint import Head
from pam.domain.session import Session
from pam.names import Index, Parameter, Tables, audit_reader_name, log_origin, parameter_path

_T = TypeVar("_T")


_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


@contextmanager
def explained_to_auditors(env: str, profile: str | None) -> Iterator[None]:
    """As `aws.explained`; who lacks the rights is told which policy has them."""
    with aws.explained(profile):
        try:
            yield
        except ClientError as error:
            problem = error.response["Error"]
            if problem["Code"] not in _DENIED:
                raise
            message = (
                f"{error.operation_name} was refused: {problem['Code']}: "
                f"{problem.get('Message', '')}; an auditor needs the managed policy "
                f"{audit_reader_name(env)}"
            )
            raise Failure(message) from error


@dataclass(frozen=True, slots=True)
class AuditorsArchive:
    """The archive, with what AWS refuses told as a Failure."""

    objects: S3AuditArchive
    explained: Callable[[], AbstractContextManager[None]]

    def newest_interval(self) -> int:
        with self.explained():
            return self.objects.newest_interval()

    def interval(self, number: int) -> str | None:
        with self.explained():
            return self.objects.interval(number)

    def cosignature(self, number: int) -> str | None:
        with self.explained():
            return self.objects.cosignature(number)

    def policy_set(self, digest: str) -> str | None:
        with self.explained():
            return self.objects.policy_set(digest)


@dataclass
class Stores:
    """`session` is botocore's. Every method raises Failure for what AWS refuses."""

    session: Any
    env: str
    region: str | None
    profile: str | None

    def _parameter(self, name: Parameter) -> str:
        path = parameter_path(self.env, name)
        with self._explained():
            try:
                answer = self._client("ssm").get_parameter(Name=path)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ParameterNotFound":
                    raise
                message = f"SSM has no {path} here; check --env and --region"
                raise Failure(message) from error
        return str(answer["Parameter"]["Value"])

    def _explained(self) -> AbstractContextManager[None]:
        return explained_to_auditors(self.env, self.profile)

    def _client(self, service: str) -> Any:
        from botocore.config import Config

        return self.session.create_client(
            service,
            region_name=aws.region_of(self.session, self.region),
            config=Config(
                connect_timeout=5,
                read_timeout=30,
                max_pool_connections=32,
                retries={"total_max_attempts": 5, "mode": "standard"},
            ),
        )

    @cached_property
    def _objects(self) -> S3AuditArchive:
        return S3AuditArchive(self._client("s3"), self._parameter(Parameter.AUDIT_ARCHIVE_BUCKET))

    @cached_property
    def archive(self) -> AuditorsArchive:
        return AuditorsArchive(self._objects, self._explained)

    @property
    def origin(self) -> str:
        return log_origin(self.env)

    @cached_property
    def checkpoints(self) -> DynamoDbCheckpoints:
        return DynamoDbCheckpoints(self._table, self._tables)

    @cached_property
    def _sessions(self) -> DynamoDbSessions:
        return DynamoDbSessions(self._table, self._tables)

    @cached_property
    def _tables(self) -> Tables:
        return Tables.of(self.env, self._parameter(Parameter.SESSION_STORE_TABLE_NAME))

    @cached_property
    def _table(self) -> Any:
        return self._client("dynamodb")

    def head(self) -> Head:
        """As the table has it, which may have been turned back: a claim to be compared."""
        with self._explained():
            return self.checkpoints.head()

    def public_key(self) -> bytes:
        with self._explained():
            answer = self._client("kms").get_public_key(
                KeyId=self._parameter(Parameter.AUDIT_SIGNING_KEY_ARN)
            )
        return bytes(answer["PublicKey"])

    def session_of(self, session_id: str) -> Session | None:
        return self._read(session_id, lambda: self._sessions.get(session_id))

    def whole_session(self, session_id: str) -> tuple[Session, bool] | None:
        return self._read(session_id, lambda: self._sessions.get_whole(session_id))

    def table_records(self, session_id: str) -> list[Record]:
        return self._read(session_id, lambda: self._sessions.records(session_id))

    def lone_record(self, event_id: str) -> Record | None:
        """The table's copy of a record that belongs to no session."""
        found = self._read(event_id, lambda: self._sessions.records_after(f"NONE#{event_id}", -1))
        return found[0] if found else None

    def _read(self, owner: str, read: Callable[[], _T]) -> _T:
        """Raises Unreadable for items that PAM did not write."""
        with self._explained():
            try:
                return read()
            except (ArithmeticError, LookupError, TypeError, ValueError) as error:
                why = "its items in the table are not as PAM writes them"
                raise Unreadable(owner, why) from error

    def sessions_since(
        self, first_id: str, last_id: str, *, person: str = "", resource: str = ""
    ) -> Iterator[str]:
        """Ids of the sessions that the table has opened between these, the oldest first; those of a
        person (by name) or a resource alone, if that is said. A page passes over thousands.
        """
        wanted = {"requester_person": person, "resource": resource}
        filters = {name: value for name, value in wanted.items() if value}
        values = {":all": "SESSION", ":first": first_id, ":last": last_id}
        narrowed: dict[str, Any] = {}
        if filters:
            narrowed["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in filters)
            narrowed["ExpressionAttributeNames"] = {f"#{name}": name for name in filters}
        pages = self._table.get_paginator("query").paginate(
            TableName=self._parameter(Parameter.SESSION_STORE_TABLE_NAME),
            IndexName=Index.BY_TIME,
            KeyConditionExpression="listing = :all AND session_id BETWEEN :first AND :last",
            ExpressionAttributeValues=to_item(
                values | {f":{name}": value for name, value in filters.items()}
            ),
            ProjectionExpression="session_id",
            **narrowed,
        )
        with self._explained():
            for page in pages:
                for item in page["Items"]:
                    yield str(from_item(item)["session_id"])

    def archived_owners(self, first_id: str, last_id: str) -> Iterator[tuple[str, str]]:
        """`(session id, "")`, or `("", event id)` for a record of no session, whose objects lie
        between these ids in the archive; the same one more than once.
        """
        for prefix in (RECORDS, records_prefix("", "").removesuffix("/")):
            with self._explained():
                for key in self._objects.keys(prefix, after=f"{prefix}{first_id}"):
                    owner = key.removeprefix(prefix).partition("/")[0]
                    if owner > last_id:
                        break
                    yield ("", owner) if prefix != RECORDS else (owner, "")

    def archived_records(self, session_id: str, event_id: str = "") -> list[str]:
        """Lines, without their ends, in order; a record that was delivered twice stands twice."""
        with self._explained():
            keys = list(self._objects.keys(records_prefix(session_id, event_id)))
            texts = [self._objects.text(key) for key in keys]
        return [line for text in texts for line in text.removesuffix("\n").split("\n")]

    def logged_lines(self, since: datetime, until: datetime) -> Iterator[str]:
        """Of the log group; those of the last few seconds may still be on their way."""
        pages = (
            self._client("logs")
            .get_paginator("filter_log_events")
            .paginate(
                logGroupName=self._parameter(Parameter.AUDIT_LOG_GROUP_ARN).rpartition(":")[2],
                startTime=int(since.timestamp() * 1000),
                endTime=int(until.timestamp() * 1000),
            )
        )
        with self._explained():
            for page in pages:
                for event in page["events"]:
                    yield str(event["message"])
