"""Audit records as OCSF events, for a SIEM or a security lake that knows nothing of PAM.

OCSF 1.8.0, profile `cloud`. `ACTS` below says which class and activity each record type becomes:

- Authorize Session (3003) for what leads to privileges in a new session: asking, deciding, giving.
- Account Change (3001) for what takes something from a person, or is about the person as such:
  the end of access, the block list, erasure. Authorize Session has no activity for an end.

An activity of OCSF's own is taken where it says what happened; everything else is `Other`, and
`activity_name` is then the record's type. No field of a record is lost: what has no attribute in
OCSF is in `unmapped`. `reason` and `detail` are opaque; they may be commitments, not text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import ip_address
from typing import Any

from pam.domain import timestamps

OCSF_VERSION = "1.8.0"
LOG_NAME = "mod046/audit"
Json = dict[str, Any]


class OcsfClass(IntEnum):
    ACCOUNT_CHANGE = 3001
    AUTHORIZE_SESSION = 3003


class Severity(IntEnum):
    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


@dataclass(frozen=True, slots=True)
class Act:
    """What one record type is in OCSF. `why` is for the reader, and for the documentation."""

    ocsf_class: OcsfClass
    activity_id: int
    severity: Severity
    why: str


OTHER = 99
ASSIGN_PRIVILEGES = 1
ATTACH_POLICY, DETACH_POLICY, LOCK, UNLOCK = 7, 8, 9, 12

_GIVES, _TAKES = OcsfClass.AUTHORIZE_SESSION, OcsfClass.ACCOUNT_CHANGE
_INFO, _LOW, _MEDIUM = Severity.INFORMATIONAL, Severity.LOW, Severity.MEDIUM
_HIGH, _CRITICAL = Severity.HIGH, Severity.CRITICAL

ACTS: Mapping[str, Act] = {
    "Requested": Act(_GIVES, OTHER, _INFO, "asks for privileges, has none"),
    "Voted": Act(_GIVES, OTHER, _INFO, "one of the votes that a decision needs"),
    "Approved": Act(_GIVES, OTHER, _INFO, "decided; the target knows nothing yet"),
    "Denied": Act(_GIVES, OTHER, _LOW, "decided: no access comes of it"),
    "Activating": Act(_GIVES, OTHER, _INFO, "the target is being told"),
    "Activated": Act(_GIVES, ASSIGN_PRIVILEGES, _LOW, "the target confirmed the privileges"),
    "Leased": Act(_GIVES, ASSIGN_PRIVILEGES, _LOW, "a credential with the privileges was given"),
    "Activity": Act(_GIVES, OTHER, _INFO, "what was done with the privileges"),
    "DarkCall": Act(_GIVES, OTHER, _CRITICAL, "somebody called PAM past its door"),
    "Drift": Act(_TAKES, OTHER, _HIGH, "what stands at the target is not what the session says"),
    "Failed": Act(_GIVES, ASSIGN_PRIVILEGES, _HIGH, "privileges were to be given and were not"),
    "Unanswered": Act(_GIVES, OTHER, _INFO, "nobody decided in time: no access comes of it"),
    "Withdrawn": Act(_GIVES, OTHER, _INFO, "taken back before any privilege was given"),
    "BreakGlass": Act(_GIVES, OTHER, _CRITICAL, "asks for privileges past the usual approvals"),
    "Refused": Act(_GIVES, OTHER, _MEDIUM, "an act that policy forbids, on the way to privileges"),
    "Confirmed": Act(_GIVES, OTHER, _INFO, "the person stands by what was asked in their name"),
    "Reviewed": Act(_GIVES, OTHER, _INFO, "the judgement on a break-glass session afterwards"),
    "ReviewOverdue": Act(_GIVES, OTHER, _HIGH, "nobody judged a break-glass session in time"),
    "Revoking": Act(_TAKES, OTHER, _LOW, "the end is decided, the target has not confirmed"),
    "Revoked": Act(_TAKES, DETACH_POLICY, _MEDIUM, "an operator took the privileges back"),
    "Expired": Act(_TAKES, DETACH_POLICY, _INFO, "the privileges ended with their time"),
    "Ended": Act(_TAKES, DETACH_POLICY, _INFO, "the requester gave the privileges back"),
    "Blocked": Act(_TAKES, LOCK, _MEDIUM, "the person can get no privilege through PAM"),
    "Unblocked": Act(_TAKES, UNLOCK, _LOW, "the person can get privileges again"),
    "Linked": Act(_TAKES, ATTACH_POLICY, _MEDIUM, "one more principal acts as the person"),
    "Unlinked": Act(_TAKES, DETACH_POLICY, _LOW, "a principal acts as the person no more"),
    "Erased": Act(_TAKES, OTHER, _MEDIUM, "free text about the person was erased"),
}
UNLISTED = Act(_GIVES, OTHER, _INFO, "a type newer than this table: exported, never dropped")

AT_LEAST: Mapping[str, Severity] = {"refused": _MEDIUM, "failure": _HIGH}
"""By outcome, whatever the type says."""
BREAK_GLASS_AT_LEAST = _HIGH

STATUS: Mapping[str, tuple[int, str]] = {
    "success": (1, "Success"),
    "refused": (2, "Failure"),
    "failure": (2, "Failure"),
}
UNKNOWN_STATUS = (0, "Unknown")

CLASS_NAMES = {
    OcsfClass.ACCOUNT_CHANGE: "Account Change",
    OcsfClass.AUTHORIZE_SESSION: "Authorize Session",
}
ACTIVITY_NAMES = {
    (OcsfClass.AUTHORIZE_SESSION, ASSIGN_PRIVILEGES): "Assign Privileges",
    (OcsfClass.ACCOUNT_CHANGE, ATTACH_POLICY): "Attach Policy",
    (OcsfClass.ACCOUNT_CHANGE, DETACH_POLICY): "Detach Policy",
    (OcsfClass.ACCOUNT_CHANGE, LOCK): "Lock",
    (OcsfClass.ACCOUNT_CHANGE, UNLOCK): "Unlock",
}

USER_TYPES: Mapping[str, tuple[int, str]] = {
    "person": (1, "User"),
    "runbook": (4, "Service"),
    "workflow": (3, "System"),
    "clock": (3, "System"),
}
_AWS_ACCOUNT = {"type_id": 10, "type": "AWS Account"}
_ARN_PARTS = 6

MAPPED = frozenset({"event_id", "sequence", "type", "at", "requester", "resource", "detail"})
"""Fields that an attribute carries whole; all others are in `unmapped`, some of them as well."""
MAPPED_OF_ACTOR = frozenset({"principal", "source_ip", "user_agent"})
MAPPED_OF_TARGET = frozenset({"account", "region"})


def event_of(record: Mapping[str, Any]) -> Json | None:
    """The OCSF event that says what `record` says; None for what is no audit record of PAM.

    A record of a type unknown to `ACTS` is still exported: a gap in a log is worse than a vague
    entry.
    """
    at = _milliseconds(record.get("at"))
    kind, event_id = record.get("type"), record.get("event_id")
    if at is None or not isinstance(kind, str) or not kind or not event_id:
        return None
    act = ACTS.get(kind, UNLISTED)
    own = _of_class(act.ocsf_class, record)
    event = {**_classified(act, kind, record), **_common(record, kind, at), **own}
    pruned: Json = _pruned(event)
    return pruned


def _classified(act: Act, kind: str, record: Mapping[str, Any]) -> Json:
    activity_name = ACTIVITY_NAMES.get((act.ocsf_class, act.activity_id), kind)
    class_name = CLASS_NAMES[act.ocsf_class]
    status_id, status = STATUS.get(str(record.get("outcome")), UNKNOWN_STATUS)
    severity = _severity(act, record)
    return {
        "category_uid": 3,
        "category_name": "Identity & Access Management",
        "class_uid": int(act.ocsf_class),
        "class_name": class_name,
        "activity_id": act.activity_id,
        "activity_name": activity_name,
        "type_uid": act.ocsf_class * 100 + act.activity_id,
        "type_name": f"{class_name}: {activity_name}",
        "severity_id": int(severity),
        "severity": severity.name.capitalize(),
        "status_id": status_id,
        "status": status,
    }


def _severity(act: Act, record: Mapping[str, Any]) -> Severity:
    floors = [act.severity, AT_LEAST.get(str(record.get("outcome")), _INFO)]
    if record.get("break_glass") is True:
        floors.append(BREAK_GLASS_AT_LEAST)
    return max(floors)


def _common(record: Mapping[str, Any], kind: str, at: int) -> Json:
    actor, target = _mapping(record, "actor"), _mapping(record, "target")
    requester = record.get("requester") or actor.get("principal")
    own_act = requester == actor.get("principal")
    account = target.get("account")
    return {
        "time": at,
        "message": _message(record, kind),
        "status_detail": record.get("detail"),
        "metadata": {
            "version": OCSF_VERSION,
            "profiles": ["cloud"],
            "product": {"name": "PAM", "uid": "MOD-046"},
            "uid": record["event_id"],
            "sequence": record.get("sequence"),
            "event_code": kind,
            "correlation_uid": record.get("session_id"),
            "log_name": LOG_NAME,
            "log_version": str(record.get("schema_version", "")),
            "original_time": record["at"],
            "logged_time": _milliseconds(record.get("recorded_at")),
        },
        "actor": _actor(actor),
        # The class demands a user; a refused stranger may have given no name.
        "user": _user(requester, _kind(actor) if own_act else "person")
        or {"name": "unknown", "type_id": 0, "type": "Unknown"},
        "cloud": {
            "provider": "AWS",
            "account": {"uid": account, **_AWS_ACCOUNT} if account else None,
            "region": target.get("region"),
        },
        "src_endpoint": _source(actor.get("source_ip")),
        "http_request": {
            "uid": record.get("request_id"),
            "user_agent": actor.get("user_agent"),
        },
        "unmapped": _rest(record, MAPPED)
        | {"actor": _rest(actor, MAPPED_OF_ACTOR), "target": _rest(target, MAPPED_OF_TARGET)},
    }


def _of_class(ocsf_class: OcsfClass, record: Mapping[str, Any]) -> Json:
    """Where the resource goes: a privilege of the session, or the policy taken from the person."""
    resource = record.get("resource")
    if ocsf_class is OcsfClass.ACCOUNT_CHANGE:
        return {"policies": [{"name": resource, "type": "PAM resource"}] if resource else None}
    return {
        "privileges": [resource or "unknown"],
        "session": {
            "uid": record.get("session_id"),
            "uid_alt": record.get("lease_id"),
            "credential_uid": record.get("access_key_id"),
        },
    }


def _message(record: Mapping[str, Any], kind: str) -> str:
    """Without `detail` and `reason`: those may be commitments, and have their own places."""
    words = [kind]
    if record.get("resource"):
        words.append(f"on {record['resource']}")
    if record.get("requester"):
        words.append(f"for {record['requester']}")
    return " ".join(words)


def _actor(actor: Mapping[str, Any]) -> Json:
    user = _user(actor.get("principal"), _kind(actor))
    return {"user": user} if user else {"app_name": f"PAM {_kind(actor)}"}


def _kind(actor: Mapping[str, Any]) -> str:
    return str(actor.get("kind") or "unknown")


def _user(principal: Any, kind: str) -> Json | None:
    """From an ARN also the name that people read, and the account it belongs to."""
    if not principal or not isinstance(principal, str):
        return None
    type_id, type_name = USER_TYPES.get(kind, (OTHER, kind))
    user = {"uid": principal, "type_id": type_id, "type": type_name}
    parts = principal.split(":", _ARN_PARTS - 1)
    if parts[0] != "arn" or len(parts) < _ARN_PARTS:
        return user | {"name": principal}
    account = {"uid": parts[4], **_AWS_ACCOUNT} if parts[4] else None
    return user | {"name": parts[5].rsplit("/", 1)[-1], "account": account}


def _source(source_ip: Any) -> Json | None:
    """An address, or the name that AWS gives in its place for calls of its own services."""
    if not source_ip or not isinstance(source_ip, str):
        return None
    try:
        return {"ip": str(ip_address(source_ip))}
    except ValueError:
        return {"name": source_ip}


def _milliseconds(text: Any) -> int | None:
    try:
        return round(timestamps.parse(text).timestamp() * 1000)
    except (TypeError, ValueError):
        return None


def _mapping(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = record.get(name)
    return found if isinstance(found, Mapping) else {}


def _rest(fields: Mapping[str, Any], mapped: frozenset[str]) -> Json:
    return {name: value for name, value in fields.items() if name not in mapped}


def _pruned(value: Any) -> Any:
    """Without what says nothing. OCSF leaves out what it does not know; 0 and False are known."""
    if isinstance(value, Mapping):
        kept = {name: _pruned(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if not _says_nothing(each)}
    if isinstance(value, list | tuple):
        return [each for each in map(_pruned, value) if not _says_nothing(each)]
    return value


def _says_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str | dict | list) and not value)
