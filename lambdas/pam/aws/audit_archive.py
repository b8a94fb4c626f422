"""The archive: objects that are written once and that nobody can change or delete for years."""

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from pam.domain.audit_record import Record, canonical_json

RECORDS, INTERVALS, COSIGNATURES = "records/", "checkpoints/", "cosignatures/"
_THERE = {"PreconditionFailed", "ConditionalRequestConflict"}


class S3AuditArchive:
    """Implements `ports.audit.AuditArchive` and `ports.audit.CheckpointArchive`. A key is
    written once; writing it again is no error, because what is under a key follows from the key.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def keep(self, records: Sequence[Record]) -> None:
        """As one object, a record a line."""
        self._create(records_key(records), "".join(f"{canonical_json(r)}\n" for r in records))

    def add_interval(self, number: int, text: str) -> str:
        key = interval_key(number)
        return text if self._create(key, text) else self._read(key)

    def interval(self, number: int) -> str | None:
        try:
            return self._read(interval_key(number))
        except self._client.exceptions.NoSuchKey:
            return None

    def add_cosignature(self, number: int, line: str) -> None:
        self._create(cosignature_key(number), line)

    def cosignature(self, number: int) -> str | None:
        try:
            return self._read(cosignature_key(number))
        except self._client.exceptions.NoSuchKey:
            return None

    def keys(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Of the objects under `prefix`, in order, those behind `after`."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=after
        )
        return (item["Key"] for page in pages for item in page.get("Contents", []))

    def text(self, key: str) -> str:
        return self._read(key)

    def _create(self, key: str, text: str) -> bool:
        """False if it is there already."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=text.encode(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _THERE:
                return False
            raise
        return True

    def _read(self, key: str) -> str:
        answer = self._client.get_object(Bucket=self._bucket, Key=key)
        text: str = answer["Body"].read().decode()
        return text


def records_key(records: Sequence[Record]) -> str:
    """`records/<session>/00000001-00000003.jsonl`, all of one session or of none."""
    first, last = records[0], records[-1]
    prefix = records_prefix(first["session_id"], first["event_id"])
    return f"{prefix}{first['sequence']:08d}-{last['sequence']:08d}.jsonl"


def records_prefix(session_id: str, event_id: str) -> str:
    """Under which the objects of a session lie, or the one of a record that belongs to none."""
    return f"{RECORDS}{session_id or f'NONE/{event_id}'}/"


def interval_key(number: int) -> str:
    return f"{INTERVALS}{number:010d}.json"


def cosignature_key(number: int) -> str:
    return f"{COSIGNATURES}{number:010d}.txt"
