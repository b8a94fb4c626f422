"""A JSON schema for every event on the bus: one for each detail-type, of the event's `detail`.

`python -m documents.events FOLDER` writes them; `docs/events/` holds what it wrote last, and a test
holds that it still would. The fields come from the record's definition, their values from the
domain's enumerations, and which records are which event from what the auditor publishes.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pam.aws.audit_sink import CloudWatchAuditSink
from pam.domain import audit_record, new_records
from pam.domain.activity import DARK, OPENED
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.people import Actor, ActorKind, Auth, Surface
from pam.domain.resource import Environment

Schema = dict[str, Any]

_ULID: Schema = {"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"}
_HASH: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_INSTANT: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
}
_COMMITMENT: Schema = {"type": "string", "pattern": r"^(hmac-sha256:[0-9a-f]{64}|\[erased\]|)$"}
_TARGET: Schema = {
    "type": ["object", "null"],
    "minProperties": 1,
    "properties": {name: {"type": "string"} for name in ("account", "region", "arn")},
    "additionalProperties": {"type": "string"},
}
_NARROWED: Mapping[str, Schema] = {
    "event_id": _ULID,
    "session_id": {"anyOf": [_ULID, {"const": ""}]},
    "sequence": {"type": "integer", "minimum": 0},
    "at": _INSTANT,
    "recorded_at": _INSTANT,
    "environment": {"enum": [*(each.value for each in Environment), ""]},
    "reason": _COMMITMENT,
    "outcome": {"enum": [each.value for each in Outcome]},
    "target": _TARGET,
    "lease_id": {"anyOf": [_ULID, {"const": ""}]},
    "policy_version": {"anyOf": [_HASH, {"const": ""}]},
    "schema_version": {"const": audit_record.SCHEMA_VERSION},
    "previous_hash": _HASH,
    "hash": _HASH,
    "kind": {"enum": [each.value for each in ActorKind]},
    "surface": {"enum": [*(each.value for each in Surface), ""]},
    "auth": {"enum": [*(each.value for each in Auth), ""]},
    "required": {"type": "integer", "minimum": 0},
    "received": {"type": "integer", "minimum": 0},
}
"""What the definition's own type does not say, by the name of the field."""

MEANINGS: Mapping[str, str] = {
    "event_id": "ULID of this record. Deliveries repeat; this id tells a repetition.",
    "session_id": "The session, or empty for what belongs to none.",
    "sequence": "1, 2, 3... within a session, without a gap; 0 outside sessions.",
    "type": "What happened.",
    "at": "When it was decided: RFC 3339, UTC, milliseconds.",
    "actor": "Who did it, and how it came in: `principal`, `kind`, `surface`, `auth`, `source_ip`, "
    "`user_agent`. `surface` and `auth` are empty for what PAM does by itself. Of a principal that "
    "is a person's by a link, `link` has `person`, `accepted_by` and `linked_at`.",
    "requester": "The ARN for whom the session is; outside sessions, the person it is about.",
    "resource": "The catalogue's id of the resource.",
    "environment": "The resource's environment.",
    "domain": "The resource's domain.",
    "reason": "A commitment to the requester's reason, never the text (ADR 10).",
    "ticket": "The ticket that the requester named.",
    "break_glass": "Whether the session is an emergency.",
    "approvers": "The ARNs of those who have approved so far.",
    "outcome": "`success`, `refused` or `failure`. A finding is a `failure`.",
    "detail": "A sentence of PAM's; a comment that a person wrote follows as a commitment.",
    "target": "What is lent, as stored with the session; null outside sessions.",
    "lease_id": "The lease meant, or empty.",
    "access_key_id": "The AWS access key of that lease, or empty. Never a secret.",
    "decision": "The policies that decided (`policy_ids`), and the approvals that they wanted "
    "(`required`) and found (`received`); `signals`, if a source was asked, has what it said.",
    "policy_version": "SHA-256 of the policy set that decided, or empty.",
    "request_id": "The API's request id, or the id of the reported event for an activity.",
    "recorded_at": "When the record was written.",
    "schema_version": "Of this form.",
    "previous_hash": "The `hash` of the record before; 64 zeros for the first.",
    "hash": "SHA-256 of the canonical JSON (RFC 8785) of all other fields.",
}
_OUTSIDE = {
    RecordType.BLOCKED,
    RecordType.UNBLOCKED,
    RecordType.LINKED,
    RecordType.UNLINKED,
    RecordType.DARK_CALL,
}
_EITHER = {RecordType.DRIFT, RecordType.ACTIVITY}
"""All other types stand in a session's chain."""


def published() -> dict[str, list[Schema]]:
    """For each detail-type: the kinds of records that the auditor publishes under it."""
    found: dict[str, list[Schema]] = {}
    for kind in RecordType:
        for outcome, beginning in _kinds_of(kind):
            record = {"type": kind.value, "outcome": outcome, "detail": beginning}
            for name in _heard(record):
                meant: Schema = {"type": {"const": kind.value}}
                if beginning:
                    meant["outcome"] = {"const": outcome}
                    meant["detail"] = {"pattern": f"^{beginning}"}
                found.setdefault(name, []).append(meant)
    return dict(sorted(found.items()))


def schemas() -> dict[str, Schema]:
    """By the name of its file."""
    return {
        f"{name.lower().replace(' ', '-')}.json": _schema(name, kinds)
        for name, kinds in published().items()
    }


def render() -> dict[str, str]:
    return {
        name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas().items()
    }


def _kinds_of(kind: RecordType) -> Iterator[tuple[str, str]]:
    """Outcome and beginning of the detail, as far as the bus tells records of one type apart."""
    if kind is not RecordType.ACTIVITY:
        yield Outcome.SUCCESS.value, ""
        return
    yield Outcome.FAILURE.value, DARK
    yield Outcome.FAILURE.value, OPENED


class _Listener:
    """A bus that remembers the detail-types that it was given."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, int]:  # noqa: N803 - boto3's
        self.names += [entry["DetailType"] for entry in Entries]
        return {"FailedEntryCount": 0}


def _heard(record: Mapping[str, Any]) -> list[str]:
    bus = _Listener()
    CloudWatchAuditSink(None, bus, "", "").publish([record])
    return bus.names


def _a_record() -> Mapping[str, Any]:
    """One with every field, as the domain makes them."""
    entry = Entry(type=RecordType.DRIFT, actor=Actor(principal="", kind=ActorKind.CLOCK))
    return new_records.finding(
        entry=entry,
        resource="",
        now=datetime(2026, 1, 1, tzinfo=UTC),
        new_id=lambda _: "0" * 26,
    )


def _schema(name: str, kinds: list[Schema]) -> Schema:
    fields = {field: _field(field, value) for field, value in _a_record().items()}
    if set(fields) != set(MEANINGS):
        message = f"say what these mean, and no others: {sorted(set(fields) ^ set(MEANINGS))}"
        raise ValueError(message)
    fields["type"] = {"enum": sorted({kind["type"]["const"] for kind in kinds})}
    ordered = {field: fields[field] | {"description": MEANINGS[field]} for field in MEANINGS}
    types = {RecordType(value) for value in fields["type"]["enum"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:bank:mod046:event:{name.lower().replace(' ', '-')}",
        "title": name,
        "description": f"The `detail` of an event with detail-type `{name}`: one audit record. "
        "Ignore fields that you do not know.",
        "type": "object",
        "required": list(ordered),
        "properties": ordered,
        "allOf": [
            {"anyOf": [{"properties": kind} for kind in kinds]},
            *([_where(types)] if not types <= _EITHER else []),
            {"anyOf": [{"properties": _IN_SESSION}, {"properties": _ALONE}]},
        ],
    }


_IN_SESSION: Schema = {
    "session_id": _ULID,
    "sequence": {"minimum": 1},
    "environment": {"enum": [each.value for each in Environment]},
    "target": {"type": "object"},
}
_ALONE: Schema = {
    "session_id": {"const": ""},
    "sequence": {"const": 0},
    "environment": {"const": ""},
    "target": {"type": "null"},
}


def _where(types: set[RecordType]) -> Schema:
    where = _ALONE if types <= _OUTSIDE else _IN_SESSION
    leased = {"lease_id": _ULID} if types == {RecordType.LEASED} else {}
    return {"properties": where | leased}


def _field(name: str, value: Any) -> Schema:
    """From the value that the definition gives, and what is narrowed above."""
    if name in _NARROWED:
        return dict(_NARROWED[name])
    match value:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case str():
            return {"type": "string"}
        case list():
            return {"type": "array", "items": {"type": "string"}}
        case Mapping():
            return {
                "type": "object",
                "required": list(value),
                "properties": {each: _field(each, inner) for each, inner in value.items()},
            }
    message = f"no schema for {name}: {value!r}"
    raise TypeError(message)


def main(folder: Path) -> None:
    """Writes every schema, and removes those of events that there are no more."""
    wanted = render()
    for old in folder.glob("*.json"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
