"""The archive: objects that are written once and that nobody can change or delete for years."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from pam.domain.audit_record import Record, canonical_json

RECORDS, INTERVALS, COSIGNATURES = "records/", "checkpoints/", "cosignatures/"
_THERE = {"PreconditionFailed", "ConditionalRequestConflict"}


class S3AuditArchive:
    """Implements `ports.AuditArchive` and `ports.CheckpointArchive`. A key is written once; writing
    it again is no error, because what is under a key follows from the key.
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
    """`records/2026/01/31/<session>/00000001-00000003.jsonl`; the day is the first record's."""
    first, last = records[0], records[-1]
    day = str(first["recorded_at"])[:10].replace("-", "/")
    owner = first["session_id"] or f"NONE/{first['event_id']}"
    return f"{RECORDS}{day}/{owner}/{first['sequence']:08d}-{last['sequence']:08d}.jsonl"


def interval_key(number: int) -> str:
    return f"{INTERVALS}{number:010d}.json"


def cosignature_key(number: int) -> str:
    return f"{COSIGNATURES}{number:010d}.txt"


def numbers(keys: Iterable[str]) -> list[int]:
    """Of the checkpoints that these are the keys of."""
    return [int(key.removeprefix(INTERVALS).removesuffix(".json")) for key in keys]
