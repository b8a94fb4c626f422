"""The archive: objects that are written once and that nobody can change or delete for years."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from pam.domain.audit_record import Record, canonical_json
from pam.ports.audit import PolicySetMissing

RECORDS, INTERVALS, COSIGNATURES = "records/", "checkpoints/", "cosignatures/"
POLICIES = "policies/"
_THERE = {"PreconditionFailed", "ConditionalRequestConflict"}
_NOT_THERE = {"404", "NoSuchKey", "NotFound"}


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

    def newest_interval(self) -> int:
        """The number of the last one that is there, 0 before any; found by halving, so that the
        length of the log does not matter. One that is missing before it is not noticed here.
        """
        low, high = 0, 1
        while self._any_after(high - 1):
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            if self._any_after(middle - 1):
                low = middle
            else:
                high = middle
        return low

    def add_cosignature(self, number: int, line: str) -> None:
        self._create(cosignature_key(number), line)

    def cosignature(self, number: int) -> str | None:
        try:
            return self._read(cosignature_key(number))
        except self._client.exceptions.NoSuchKey:
            return None

    def policy_set(self, digest: str) -> str | None:
        """The text as archived. Its reader has to check that it fits its digest."""
        try:
            return self._read(policy_key(digest))
        except self._client.exceptions.NoSuchKey:
            return None

    def keys(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """The objects under `prefix` that come behind `after`, in order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=after
        )
        return (item["Key"] for page in pages for item in page.get("Contents", []))

    def text(self, key: str) -> str:
        return self._read(key)

    def _any_after(self, number: int) -> bool:
        """Whether a checkpoint with a larger number is there."""
        answer = self._client.list_objects_v2(
            Bucket=self._bucket, Prefix=INTERVALS, StartAfter=interval_key(number), MaxKeys=1
        )
        return bool(answer.get("Contents"))

    def _create(self, key: str, text: str) -> bool:
        """False if it is there already."""
        return create(self._client, self._bucket, key, text)

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
    """The prefix of a session's objects, or of the one record that belongs to no session."""
    return f"{RECORDS}{session_id or f'NONE/{event_id}'}/"


def interval_key(number: int) -> str:
    return f"{INTERVALS}{number:010d}.json"


def cosignature_key(number: int) -> str:
    return f"{COSIGNATURES}{number:010d}.txt"


def policy_key(digest: str) -> str:
    return f"{POLICIES}{digest}.json"


class S3PolicySets:
    """Implements `ports.audit.PolicySets`: each set once, under its digest, so that what decided
    can be asked again years later. `own` is the set of this deployment, as canonical JSON.
    """

    def __init__(self, client: Any, bucket: str, own: str) -> None:
        self._client = client
        self._bucket = bucket
        self._own = own
        self._standing: set[str] = set()

    def keep_policy_sets(self, digests: Collection[str] = ()) -> None:
        digest = hashlib.sha256(self._own.encode()).hexdigest()
        if digest not in self._standing:
            create(self._client, self._bucket, policy_key(digest), self._own)
            self._standing.add(digest)
        for other in sorted(set(digests) - self._standing):
            if not self._is_there(other):
                raise PolicySetMissing(other)
            self._standing.add(other)

    def _is_there(self, digest: str) -> bool:
        try:
            self._client.head_object(Bucket=self._bucket, Key=policy_key(digest))
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_THERE:
                return False
            raise
        return True


def create(client: Any, bucket: str, key: str, text: str) -> bool:
    """Writes an object that is not there yet; False if it is."""
    try:
        client.put_object(
            Bucket=bucket,
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
