"""Each event on the bus is as its schema under `docs/events/` says, and the schemas are current."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from documents import events
from pam.aws.audit_sink import CloudWatchAuditSink
from pam.domain import audit_record, new_records
from pam.domain.approval import Ballot
from pam.domain.audit_record import Entry, Outcome, Record, RecordType
from pam.domain.people import Actor, ActorKind
from pam.ids import new_id
from tests.crash.scene import Scene
from tests.fakes.links import FakeLinks, Linked
from tests.fakes.story import LEDGER, NOON, SANDBOX

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "events"
NAMES = sorted(events.published())


class Bus:
    """What the auditor puts on it, as detail-type and detail."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, int]:  # noqa: N803
        self.heard += [(entry["DetailType"], json.loads(entry["Detail"])) for entry in Entries]
        return {"FailedEntryCount": 0}


@cache
def schema(name: str) -> Draft202012Validator:
    text = (FOLDER / f"{name.lower().replace(' ', '-')}.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text), validate_formats=True)


def until_it_is_over(scene: Scene) -> None:
    """Whatever runs every minute runs, for more than a day."""
    for _ in range(30):
        scene.tick(minutes=60)


def leased_and_expired(scene: Scene) -> None:
    scene.lease(scene.granted(seconds=60).session_id)
    until_it_is_over(scene)


def revoked_and_its_deny_taken_away(scene: Scene) -> None:
    session_id = scene.granted().session_id
    scene.lease(session_id)
    scene.revoke(session_id)
    scene.later(seconds=20)
    scene.undo_end(session_id, lambda _, policies: policies.clear())
    scene.tick()


def given_back(scene: Scene) -> None:
    scene.end(scene.granted().session_id)


def denied(scene: Scene) -> None:
    scene.vote("bob", scene.request().session_id, Ballot.DENY)


def withdrawn(scene: Scene) -> None:
    scene.end(scene.request().session_id)


def unanswered(scene: Scene) -> None:
    scene.request()
    until_it_is_over(scene)


def failed(scene: Scene) -> None:
    scene.fail(scene.request().session_id)


def an_emergency_that_two_look_back_at(scene: Scene) -> None:
    session_id = scene.request(break_glass=True).session_id
    scene.activate(session_id)
    scene.review("bob", session_id)
    scene.review("carol", session_id)
    until_it_is_over(scene)


def an_emergency_that_nobody_looks_back_at(scene: Scene) -> None:
    scene.activate(scene.request(break_glass=True).session_id)
    until_it_is_over(scene)


def erased(scene: Scene) -> None:
    session_id = scene.request().session_id
    scene.vote("bob", session_id, Ballot.DENY)
    scene.erase(session_id)


def confirmed(scene: Scene) -> None:
    started = scene.by_runbook(resource=LEDGER, break_glass=True)
    scene.confirm(started.session_id)


def blocked_and_let_back(scene: Scene) -> None:
    scene.block(scene.granted().session_id, length=timedelta(hours=1))
    scene.lift("alice")


def linked_and_unlinked(scene: Scene) -> None:
    pam = Linked(story=scene, known=FakeLinks(records=scene.real_store.findings))
    pam.link()
    pam.unlink()


def used_by_nobodys_session(scene: Scene) -> None:
    scene.record("event-1", "01ARZ3NDEKTSV4RRFFQ69G5FAV")


def used_after_the_end(scene: Scene) -> None:
    session_id = scene.granted(seconds=60).session_id
    until_it_is_over(scene)
    scene.record("event-1", session_id)


STORIES: list[Callable[[Scene], None]] = [
    leased_and_expired,
    revoked_and_its_deny_taken_away,
    given_back,
    denied,
    erased,
    withdrawn,
    unanswered,
    failed,
    an_emergency_that_two_look_back_at,
    an_emergency_that_nobody_looks_back_at,
    confirmed,
    blocked_and_let_back,
    linked_and_unlinked,
    used_by_nobodys_session,
    used_after_the_end,
]


def records_of(scene: Scene) -> list[Record]:
    store = scene.real_store
    of_sessions = [record for trail in store.trails.values() for record in trail]
    return [*of_sessions, *store.refusals, *store.findings, *store.about_people]


def found_outside_sessions() -> list[Record]:
    """A dark call, and a change around PAM, as the domain records what belongs to no session."""
    return [
        new_records.finding(
            entry=Entry(
                type=kind,
                actor=Actor(principal="", kind=ActorKind.CLOCK),
                outcome=Outcome.FAILURE,
                detail="found",
            ),
            resource="",
            now=NOON,
            new_id=new_id,
        )
        for kind in (RecordType.DARK_CALL, RecordType.DRIFT)
    ]


def heard_of(records: list[Record]) -> list[tuple[str, dict[str, Any]]]:
    bus = Bus()
    CloudWatchAuditSink(None, bus, "log-group", "bus").publish(records)
    return bus.heard


@cache
def heard() -> list[tuple[str, dict[str, Any]]]:
    """All that the bus hears in all stories."""
    scenes = [Scene() for _ in STORIES]
    for scene, story in zip(scenes, STORIES, strict=True):
        story(scene)
    records = [record for scene in scenes for record in records_of(scene)]
    return heard_of([*records, *found_outside_sessions()])


def test_the_schemas_are_current() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert kept == events.render(), "run: make documents"


def test_every_detail_type_has_a_schema_and_is_heard_in_a_story() -> None:
    assert {name for name, _ in heard()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_event_is_as_its_schema_says(name: str) -> None:
    details = [detail for heard_as, detail in heard() if heard_as == name]
    assert details
    for detail in details:
        assert [error.message for error in schema(name).iter_errors(detail)] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_of_an_event_refuses_every_other_event(name: str) -> None:
    for heard_as, detail in heard():
        assert schema(name).is_valid(detail) == (heard_as == name), heard_as


@pytest.mark.parametrize("field", sorted(events.MEANINGS))
def test_no_field_may_be_missing(field: str) -> None:
    for name, detail in heard():
        assert not schema(name).is_valid({k: v for k, v in detail.items() if k != field})


def test_a_field_that_is_not_known_is_let_pass() -> None:
    for name, detail in heard():
        assert schema(name).is_valid(detail | {"added_later": 1})


WRONG: dict[str, dict[str, Any]] = {
    "a session id that is none": {"session_id": "session-1"},
    "a sequence below the first": {"sequence": -1},
    "a session without its target": {"target": None},
    "a reason in plain words": {"reason": "ledger stuck, see INC-1"},
    "an outcome that there is not": {"outcome": "fine"},
    "a time without milliseconds": {"at": "2026-03-01T12:00:00Z"},
    "an environment that there is not": {"environment": "production"},
    "a hash of another form": {"hash": "abc"},
    "break-glass as text": {"break_glass": "false"},
    "approvers as one text": {"approvers": "alice"},
    "a surface that there is not": {"actor": {"surface": "pigeon"}},
    "a later form": {"schema_version": audit_record.SCHEMA_VERSION + 1},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_no_event_says_is_refused(wrong: str) -> None:
    story = Scene()
    story.request(resource=SANDBOX)
    name, detail = heard_of(records_of(story))[0]
    assert schema(name).is_valid(detail)
    changed = dict(detail)
    for field, value in WRONG[wrong].items():
        changed[field] = {**detail[field], **value} if isinstance(value, dict) else value
    assert not schema(name).is_valid(changed)
