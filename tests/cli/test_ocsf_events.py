"""Audit records as OCSF events, held to the schemas of OCSF itself."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cfnlint.jsonschema import StandardValidator
from hypothesis import given
from hypothesis import strategies as st

from cli.trail.ocsf import ACTS, CLASS_NAMES, OCSF_VERSION, event_of
from pam.domain.audit_record import Entry, Outcome, RecordType, hash_of
from pam.domain.errors import Code
from pam.domain.new_records import refusal
from pam.domain.people import Actor, ActorKind

ROOT = Path(__file__).resolve().parent.parent.parent
SCHEMAS = ROOT / "tests" / "ocsf"
STANDARDS = (ROOT / "docs" / "standards.md").read_text(encoding="utf-8")
CLASSES = {3001: "account_change", 3003: "authorize_session"}
VALIDATORS = {
    uid: StandardValidator(schema=json.loads((SCHEMAS / f"{name}.json").read_text("utf-8")))
    for uid, name in CLASSES.items()
}
LATER = ("Activity", "Reviewed", "Blocked", "Unblocked", "Erased")
TYPES = sorted({kind.value for kind in RecordType} | set(LATER))
ALICE = "arn:aws:sts::111122223333:assumed-role/Engineer/alice"
Json = dict[str, Any]


def record_of(kind: str, **changed: Any) -> Json:
    outcome = {"Refused": "refused", "Failed": "failure"}.get(kind, "success")
    record: Json = {
        "event_id": "01JD8XGZ6Q3M4V5N6P7R8S9T01",
        "session_id": "01JD8XGZ6Q3M4V5N6P7R8S9T0A",
        "sequence": 3,
        "type": kind,
        "at": "2026-11-20T01:02:03.250Z",
        "actor": {
            "principal": ALICE,
            "kind": "person",
            "source_ip": "192.0.2.7",
            "user_agent": "pam/0.1",
        },
        "requester": ALICE,
        "resource": "core-ledger-db",
        "environment": "prod",
        "domain": "core",
        "reason": "sha256:" + "ab" * 32,
        "ticket": "INC-42",
        "break_glass": False,
        "approvers": ["arn:aws:iam::111122223333:user/bob"],
        "outcome": outcome,
        "detail": "sha256:" + "cd" * 32,
        "target": {
            "account": "444455556666",
            "region": "eu-central-1",
            "arn": "arn:aws:iam::444455556666:role/ledger",
        },
        "lease_id": "01JD8XGZ6Q3M4V5N6P7R8S9T0B",
        "access_key_id": "ASIAEXAMPLE",
        "decision": {"policy_ids": ["prod-needs-two"], "required": 2, "received": 0},
        "policy_version": "f" * 64,
        "request_id": "req-1",
        "recorded_at": "2026-11-20T01:02:04.000Z",
        "schema_version": 1,
        "previous_hash": "0" * 64,
        **changed,
    }
    return record | {"hash": hash_of(record)}


def stranger_refused() -> Json:
    """A refusal outside any session, as PAM itself makes it: most of its fields are empty."""
    return dict(
        refusal(
            entry=Entry(
                type=RecordType.REFUSED,
                actor=Actor(principal="", kind=ActorKind.PERSON),
                outcome=Outcome.REFUSED,
            ),
            code=next(iter(Code)),
            resource="",
            requester="",
            now=datetime(2026, 11, 20, tzinfo=UTC),
            new_id=lambda _: "01JD8XGZ6Q3M4V5N6P7R8S9T09",
        )
    )


def event(record: Json) -> Json:
    found = event_of(record)
    assert found is not None
    return found


def faults(found: Json) -> list[str]:
    validator = VALIDATORS[found["class_uid"]]
    return [f"{list(fault.path)}: {fault.message}" for fault in validator.iter_errors(found)]


def values(found: Any) -> Iterator[Any]:
    yield found
    inside = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    for each in inside:
        yield from values(each)


def test_the_sample_has_exactly_the_fields_of_a_record() -> None:
    assert set(record_of("Requested")) == set(stranger_refused())


def test_the_table_has_every_type_of_record_that_there_is() -> None:
    assert set(TYPES) <= set(ACTS)


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_record_gives_an_event_of_the_schema(kind: str) -> None:
    assert faults(event(record_of(kind))) == []


@pytest.mark.parametrize("kind", TYPES)
def test_a_record_of_which_little_is_known_gives_an_event_of_the_schema(kind: str) -> None:
    bare = stranger_refused() | {"type": kind, "outcome": "success"}
    assert faults(event(bare)) == []


@pytest.mark.parametrize("kind", TYPES)
def test_class_activity_and_type_agree(kind: str) -> None:
    found = event(record_of(kind))
    assert found["type_uid"] == found["class_uid"] * 100 + found["activity_id"]
    assert found["type_name"] == f"{found['class_name']}: {found['activity_name']}"


@pytest.mark.parametrize(
    "record", [*(record_of(kind) for kind in TYPES), stranger_refused()], ids=[*TYPES, "stranger"]
)
def test_nothing_in_an_event_is_none_or_empty(record: Json) -> None:
    assert [each for each in values(event(record)) if each in (None, "", [], {})] == []


def test_a_type_of_a_later_version_is_exported_under_its_own_name() -> None:
    found = event(record_of("Renamed"))
    assert faults(found) == []
    assert (found["activity_id"], found["activity_name"]) == (99, "Renamed")


@pytest.mark.parametrize(
    "line",
    [{}, {"type": "Requested"}, record_of("Requested", at="yesterday"), record_of("", at="")],
    ids=["nothing", "type alone", "no instant", "no type"],
)
def test_what_is_no_audit_record_gives_no_event(line: Json) -> None:
    assert event_of(line) is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Activated", (3003, 1, "Assign Privileges")),
        ("Leased", (3003, 1, "Assign Privileges")),
        ("Requested", (3003, 99, "Requested")),
        ("Revoked", (3001, 8, "Detach Policy")),
        ("Expired", (3001, 8, "Detach Policy")),
        ("Blocked", (3001, 9, "Lock")),
        ("Unblocked", (3001, 12, "Unlock")),
    ],
)
def test_giving_is_a_session_and_taking_is_a_change_of_the_account(
    kind: str, expected: tuple[int, int, str]
) -> None:
    found = event(record_of(kind))
    assert (found["class_uid"], found["activity_id"], found["activity_name"]) == expected


@pytest.mark.parametrize("kind", TYPES)
def test_each_act_in_a_break_glass_session_is_at_least_high(kind: str) -> None:
    usual = event(record_of(kind))["severity_id"]
    assert event(record_of(kind, break_glass=True))["severity_id"] == max(usual, 4)


def test_breaking_the_glass_is_critical() -> None:
    assert event(record_of("BreakGlass", break_glass=True))["severity"] == "Critical"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("success", (1, "Success")), ("refused", (2, "Failure")), ("failure", (2, "Failure"))],
)
@pytest.mark.parametrize("kind", TYPES)
def test_the_outcome_is_the_status(kind: str, outcome: str, status: tuple[int, str]) -> None:
    found = event(record_of(kind, outcome=outcome))
    assert (found["status_id"], found["status"]) == status


def test_a_refusal_is_a_failure_and_more_than_information() -> None:
    found = event(stranger_refused())
    assert (found["status"], found["severity"]) == ("Failure", "Medium")


def test_a_record_is_found_again_by_its_event() -> None:
    record = record_of("Voted")
    found = event(record)
    at = datetime(2026, 11, 20, 1, 2, 3, 250_000, tzinfo=UTC)
    assert found["time"] == int(at.timestamp() * 1000)
    assert found["metadata"]["uid"] == record["event_id"]
    assert found["metadata"]["sequence"] == record["sequence"]
    assert found["metadata"]["version"] == OCSF_VERSION
    assert found["actor"]["user"]["uid"] == found["user"]["uid"] == ALICE
    assert found["user"]["name"] == "alice"
    assert found["privileges"] == ["core-ledger-db"]
    assert found["cloud"]["account"]["uid"] == "444455556666"
    assert found["src_endpoint"] == {"ip": "192.0.2.7"}
    assert found["http_request"] == {"uid": "req-1", "user_agent": "pam/0.1"}
    for name in ("hash", "previous_hash", "session_id", "reason", "decision", "break_glass"):
        assert found["unmapped"][name] == record[name], name


def test_the_user_is_the_requester_whoever_acts() -> None:
    clock = {"principal": "mod046:clock", "kind": "clock", "source_ip": "", "user_agent": ""}
    found = event(record_of("Expired", actor=clock))
    assert faults(found) == []
    assert found["actor"] == {
        "user": {"uid": "mod046:clock", "name": "mod046:clock", "type_id": 3, "type": "System"}
    }
    assert (found["user"]["uid"], found["user"]["type"]) == (ALICE, "User")
    assert not {"src_endpoint"} & set(found)


def test_a_runbook_that_asks_for_itself_is_a_service() -> None:
    runbook = record_of("Requested")["actor"] | {"kind": "runbook"}
    found = event(record_of("Requested", actor=runbook))
    assert found["user"] == found["actor"]["user"]
    assert (found["user"]["type_id"], found["user"]["type"]) == (4, "Service")


def test_an_empty_place_in_a_list_is_left_out() -> None:
    found = event(record_of("Approved", approvers=["bob", None, "", {"name": None}]))
    assert found["unmapped"]["approvers"] == ["bob"]


def test_a_commitment_is_passed_on_as_it_is() -> None:
    record = record_of("Revoked")
    found = event(record)
    assert found["status_detail"] == record["detail"]
    assert found["unmapped"]["reason"] == record["reason"]
    assert record["detail"] not in found["message"]


def test_a_field_that_a_later_version_adds_is_not_lost() -> None:
    actor = record_of("Voted")["actor"] | {"session_name": "alice"}
    found = event(record_of("Voted", actor=actor, witness="w1"))
    assert faults(found) == []
    assert found["unmapped"]["witness"] == "w1"
    assert found["unmapped"]["actor"]["session_name"] == "alice"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("2001:db8::1", {"ip": "2001:db8::1"}),
        ("2001:0DB8:0000:0000:0000:0000:192.168.100.100", {"ip": "2001:db8::c0a8:6464"}),
        ("AWS Internal", {"name": "AWS Internal"}),
    ],
)
def test_an_origin_is_an_address_or_a_name(address: str, expected: Json) -> None:
    actor = record_of("Voted")["actor"] | {"source_ip": address}
    found = event(record_of("Voted", actor=actor))
    assert faults(found) == []
    assert found["src_endpoint"] == expected


TEXT = st.text(max_size=30)


@given(
    kind=st.sampled_from(TYPES),
    principal=TEXT,
    requester=TEXT,
    resource=TEXT,
    reason=TEXT,
    origin=TEXT | st.ip_addresses().map(str),
)
def test_whatever_people_write_the_event_is_of_the_schema(
    kind: str, principal: str, requester: str, resource: str, reason: str, origin: str
) -> None:
    actor = {"principal": principal, "kind": "person", "source_ip": origin, "user_agent": reason}
    record = stranger_refused() | {
        "type": kind,
        "actor": actor,
        "requester": requester,
        "resource": resource,
        "reason": reason,
    }
    assert faults(event(record)) == []


def _set(*path: str, to: Any) -> Callable[[Json], None]:
    def change(found: Json) -> None:
        for step in path[:-1]:
            found = found[step]
        found[path[-1]] = to

    return change


def _drop(*path: str) -> Callable[[Json], None]:
    def change(found: Json) -> None:
        for step in path[:-1]:
            found = found[step]
        del found[path[-1]]

    return change


BROKEN: dict[str, Callable[[Json], None]] = {
    "an attribute that the class has not": _set("requester", to="alice"),
    "an attribute that an object has not": _set("user", "principal", to=ALICE),
    "an attribute that the metadata have not": _set("metadata", "event_id", to="1"),
    "no time": _drop("time"),
    "no user": _drop("user"),
    "no severity": _drop("severity_id"),
    "no cloud, though the profile says so": _drop("cloud"),
    "no version": _drop("metadata", "version"),
    "no product": _drop("metadata", "product"),
    "a product without a name": _set("metadata", "product", to={}),
    "a user without a name": _set("user", to={"type_id": 1}),
    "an activity that there is not": _set("activity_id", to=42),
    "the type of another class": _set("type_uid", to=300201),
    "the number of another class": _set("class_uid", to=3002),
    "a severity that there is not": _set("severity_id", to=7),
    "a status that there is not": _set("status_id", to=3),
    "a time as text": _set("time", to="2026-11-20T01:02:03.250Z"),
    "a number as text": _set("metadata", "sequence", to="3"),
    "none as a value": _set("status_detail", to=None),
    "an address that is none": _set("src_endpoint", "ip", to="here"),
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("kind", ["Activated", "Revoked"])
def test_the_schema_refuses_an_event_with(kind: str, broken: str) -> None:
    found = event(record_of(kind))
    validator = VALIDATORS[found["class_uid"]]
    changed = deepcopy(found)
    BROKEN[broken](changed)
    assert not validator.is_valid(changed)


def test_a_session_has_privileges_or_a_group_and_never_both_or_neither() -> None:
    found = event(record_of("Activated"))
    validator = VALIDATORS[3003]
    without = {name: value for name, value in found.items() if name != "privileges"}
    assert not validator.is_valid(without)
    assert validator.is_valid(without | {"group": {"name": "admins"}})
    assert not validator.is_valid(found | {"group": {"name": "admins"}})


@pytest.mark.parametrize("name", CLASSES.values())
def test_every_object_of_the_schemas_is_closed_but_the_one_for_the_rest(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    closed = {kind for kind, each in schema["$defs"].items() if not each.get("properties", True)}
    opened = {
        kind
        for kind, each in schema["$defs"].items()
        if each.get("additionalProperties") is not False
    }
    assert (closed, opened, schema["additionalProperties"]) == (set(), {"object"}, False)
    assert schema["$comment"].startswith(f"OCSF {OCSF_VERSION},")


def rows_of(document: str, heading: str) -> dict[str, list[str]]:
    """The table under `heading`, by the code in its first column."""
    lines = document.split(f"\n| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines)
    return {first.strip("`"): rest for first, *rest in cells}


def test_the_documentation_has_the_table_of_types_as_it_is() -> None:
    rows = rows_of(STANDARDS, "record type")
    assert {kind: (row[0], row[2], row[3]) for kind, row in rows.items()} == {
        kind: (CLASS_NAMES[act.ocsf_class], act.severity.name.capitalize(), act.why)
        for kind, act in ACTS.items()
    }
    for kind, (_, activity, *_rest) in rows.items():
        assert activity.endswith(f"({ACTS[kind].activity_id})"), kind


def test_the_documentation_places_every_field_of_a_record() -> None:
    assert set(rows_of(STANDARDS, "record field")) == set(record_of("Requested"))
