"""A kind is a folder and a row: the toy's alone, and it is lent like any other."""

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from cli.trail import life
from cli.trail.chain import faults_of
from cli.trail.ocsf import event_of
from pam import wiring
from pam.aws import session_codec
from pam.aws.person_items import open_item, open_session
from pam.domain import kinds
from pam.domain.audit_record import RecordType
from pam.domain.errors import NotEligible, Refusal
from pam.domain.kinds import KINDS as SHIPPED
from pam.domain.kinds import Kind, Need, SignIn
from pam.domain.limits import open_as
from pam.domain.session import Session
from pam.edge import views
from pam.kinds.one_per_person import OnePerPerson
from pam.policy.cedar import CedarPolicy
from pam.policy.compiled import CompiledPolicy, PolicyError
from pam.settings import TargetSettings
from tests.fakes.story import HOME, Story
from tests.kinds.badge.issuer import BUILDING
from tests.kinds.story import DoorStory
from tests.kinds.table import BADGE, VAULT, VAULT_DEV, catalogue

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = TargetSettings(
    env_name="test",
    table_name="sessions",
    database_sslmode="disable",
    database_root_certificate="system",
    vendors="",
)


@pytest.fixture
def wired(story: DoorStory, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The issuers as a function has them, each from its kind's own folder."""
    monkeypatch.setattr(wiring, "checkouts", lambda _: story.checkouts)
    wiring.issuers.cache_clear()
    yield wiring.issuers(SETTINGS)
    wiring.issuers.cache_clear()
    BUILDING.passes.clear()


def test_nothing_that_is_shipped_knows_of_it() -> None:
    assert BADGE.name not in SHIPPED
    for folder in ("lambdas", "stacks", "cli", "local", "documents", "policy"):
        for path in (ROOT / folder).rglob("*.*"):
            if path.suffix in {".py", ".yaml", ".cedar", ".cedarschema"}:
                assert BADGE.name not in path.read_text(encoding="utf-8"), path


def test_the_catalogue_has_its_form_and_its_own_checks() -> None:
    entry = (
        "\n  - {{id: another, title: T, description: D, environment: dev, domain: bank-core, "
        "issuer: {{kind: door-badge, site: north, {}}}}}\n"
    )
    compiled = catalogue(entry.format("door: attic"))
    assert CompiledPolicy.from_json(compiled.to_json()) == compiled
    lent = next(each for each in compiled.resources if each.resource_id == "another")
    target = lent.target(account=HOME.account, region=HOME.region)
    assert dict(target.names) == {"site": "north", "door": "attic"}
    with pytest.raises(PolicyError, match=r"issuer\.gate: no such key"):
        catalogue(entry.format("gate: attic"))
    with pytest.raises(PolicyError, match=r"issuer\.door: is required"):
        catalogue(entry.format('portal: ""'))
    with pytest.raises(PolicyError, match="a site has no door to itself"):
        catalogue(entry.format("door: north"))


@pytest.mark.parametrize(
    "row",
    [
        replace(BADGE, names={"floor": "{floor}"}),
        replace(BADGE, sign_in=SignIn(instructions="Go to the {floor}.")),
        replace(BADGE, kept=frozenset()),
    ],
    ids=["a name", "where to sign in", "a setting that no session keeps"],
)
def test_a_row_that_asks_for_what_no_entry_says_is_found_at_synth(
    row: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "KINDS", MappingProxyType({**SHIPPED, row.name: row}))
    with pytest.raises(PolicyError, match=r"has to say its (floor|portal)"):
        catalogue()


def test_its_rows_say_what_stacks_have_to_grant(policy: CedarPolicy) -> None:
    resource = policy.resource(VAULT)
    assert resource is not None
    assert resource.needing(Need.READ_LOG) == ("https://doors.example/",)
    assert resource.needing(Need.READ_SECRET) == ()


def test_it_is_lent_from_the_request_to_the_end(story: DoorStory, wired: Any) -> None:
    class Wired(Story):
        issuers = wired

    story = Wired(store=story.store, policy=story.policy)  # type: ignore[assignment]
    assert isinstance(wired[BADGE.name], OnePerPerson)
    session = story.granted("alice", VAULT)
    assert BUILDING.passes == {(session.target.label, "alice")}
    assert views.lease_view(story.lease(session.session_id)) == {
        "session_id": session.session_id,
        "kind": "signin",
        "expires_at": "2026-03-01T12:10:01.000Z",
        "url": "https://doors.example/",
        "instructions": "Hold your badge to the door vault of north.",
    }
    ended = story.end(session.session_id)
    assert BUILDING.passes == set()
    shown = views.session_view(ended)
    told = [shown[name] for name in ("status", "waits_for", "needs_confirmation")]
    assert told == ["ENDED", None, False]
    assert shown["ending"] is not None
    assert shown["ending"]["method"] == "membership-gone"


def test_it_is_shown_among_what_may_be_asked_for(policy: CedarPolicy) -> None:
    resource = policy.resource(VAULT)
    assert resource is not None
    assert views.resource_view(resource)["kind"] == "door-badge"


def test_it_is_stored_and_read_back(story: DoorStory) -> None:
    session = story.granted("alice", VAULT)
    plain = json.loads(json.dumps(session_codec.encode(session)))
    assert session_codec.decode(plain) == session
    assert plain["target"] == {
        "kind": "door-badge",
        "site": "north",
        "door": "vault",
        "settings": {"portal": "https://doors.example/"},
    }
    assert open_session(open_item(session)) == open_as(session)
    counted = open_as(session)
    assert counted is not None
    assert counted.target == session.target.label


def replayed(session: Session, story: DoorStory, **changed: Any) -> life.Life:
    """The law of the trail, over the session's own records."""
    first, *rest = ({**each, **changed} for each in story.store.records(session.session_id))
    lived = life.begin(first, story.policy)
    for record in rest:
        life.go_on(lived, record, lambda: story.policy)
    return lived


def test_its_records_name_its_target_and_are_judged_by_the_law(story: DoorStory) -> None:
    session = story.granted("alice", VAULT)
    ended = story.end(session.session_id)
    records = story.store.records(session.session_id)
    assert {json.dumps(each["target"]) for each in records} == {
        json.dumps({"site": "north", "door": "vault"})
    }
    assert faults_of(records, session_id=session.session_id) == []
    assert replayed(session, story).session.status is ended.status
    for other in ({"site": "north", "door": "store"}, {"site": "north"}, {}, None):
        with pytest.raises(NotEligible, match="target"):
            replayed(session, story, target=other)
    for record in records:
        event = event_of(record)
        if event is not None:
            assert event["unmapped"]["target"] == {"site": "north", "door": "vault"}


def test_the_law_knows_no_lease_of_it(story: DoorStory) -> None:
    session = story.granted("alice", VAULT)
    lived = replayed(session, story)
    leased = story.store.records(session.session_id)[0] | {"type": RecordType.LEASED}
    with pytest.raises(NotEligible, match="out of a kind that has none"):
        life.go_on(lived, leased, lambda: story.policy)


def test_the_law_lets_one_that_waited_go_unanswered_or_be_revoked(story: DoorStory) -> None:
    first = story.activate(story.request("alice", VAULT_DEV).session_id)
    second = story.request("alice", VAULT_DEV)
    story.revoke(first.session_id)
    with pytest.raises(Refusal):
        story.activate(second.session_id)
    assert replayed(second, story).session.status == "REVOKED"
    third = story.activate(story.request("alice", VAULT_DEV, seconds=14_400).session_id)
    fourth = story.request("alice", VAULT_DEV)
    story.now = fourth.approval_expires_at
    story.end_due(fourth.session_id)
    assert replayed(fourth, story).session.status == "UNANSWERED"
    assert third.expires_at is not None


def test_the_law_knows_that_somebody_must_confirm_what_a_runbook_opened(story: DoorStory) -> None:
    session_id = story.by_runbook("alice", VAULT_DEV).session_id
    story.confirm(session_id)
    story.activate(session_id)
    session = story.stored(session_id)
    assert replayed(session, story).session.status == "ACTIVE"
    records = [r for r in story.store.records(session_id) if r["type"] != RecordType.CONFIRMED]
    lived = life.begin(records[0], story.policy)
    assert records[1]["type"] == RecordType.APPROVED
    with pytest.raises(NotEligible, match="has not confirmed"):
        life.go_on(lived, records[1], lambda: story.policy)
