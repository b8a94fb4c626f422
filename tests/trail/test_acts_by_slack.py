"""The trail of what was done by Slack is lawful as far as it was, and judged without any table."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest

from cli.trail.law import Law, Unlawful
from cli.trail.ocsf import event_of
from pam.domain.audit_record import Record, hash_of
from pam.domain.session import Session
from tests.fakes.links import BOB, Linked, user
from tests.fakes.story import COMPILED, LEDGER, UAT, arn

pytestmark = pytest.mark.guarantee("G13")

ALICE, CAROL = user("alice"), user("carol")
SAID = COMPILED.to_json()


@pytest.fixture
def pam() -> Linked:
    made = Linked()
    made.settled("alice", "bob", "carol")
    return made


def judged(records: list[Record]) -> Law:
    law = Law(lambda _: SAID)
    for record in records:
        law.see(record)
    return law


def trail(pam: Linked, session: Session) -> list[dict[str, Any]]:
    return [deepcopy(dict(each)) for each in pam.story.store.records(session.session_id)]


def used(pam: Linked, resource: str = UAT, **wish: Any) -> Session:
    """Asked for and approved by Slack, as far as that goes, and used."""
    session = pam.story.request(pam.by_slack(ALICE), resource, **wish)
    if wish.get("break_glass"):
        pam.story.confirm(session.session_id)
    else:
        pam.story.vote(pam.by_slack(BOB), session.session_id)
        if resource == LEDGER:
            pam.story.vote("carol", session.session_id)
    pam.story.activate(session.session_id)
    pam.story.lease(session.session_id)
    return pam.story.end(session.session_id, pam.by_slack(ALICE))


@pytest.mark.parametrize("resource", [UAT, LEDGER])
@pytest.mark.parametrize("break_glass", [True, False])
def test_what_pam_does_by_slack_is_lawful(pam: Linked, resource: str, *, break_glass: bool) -> None:
    session = used(pam, resource, break_glass=break_glass)
    told = judged(trail(pam, session)).session_of(session.session_id)
    assert told is not None
    assert (told.requester_name, told.circumstances) == ("alice", session.circumstances)
    assert told.status is session.status
    whole = judged([*pam.known.records, *trail(pam, session)])
    assert whole.session_of(session.session_id) is not None


def test_a_siem_hears_who_it_was(pam: Linked) -> None:
    (requested, *_) = trail(pam, used(pam))
    event = event_of(requested)
    assert event is not None
    assert event["actor"]["user"]["uid"] == ALICE
    assert event["unmapped"]["actor"]["surface"] == "slack"
    assert event["unmapped"]["actor"]["link"]["accepted_by"] == arn("alice")


Change = Callable[[list[dict[str, Any]]], None]


def actor(records: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in records if r["type"] == kind)["actor"]
    return found


def link(**changed: str) -> Change:
    def change(records: list[dict[str, Any]]) -> None:
        told = actor(records, "Voted")
        told["link"] = {**told["link"], **changed}

    return change


def drop_link(records: list[dict[str, Any]]) -> None:
    del actor(records, "Voted")["link"]


def without_a_field(records: list[dict[str, Any]]) -> None:
    del actor(records, "Voted")["link"]["linked_at"]


UNLAWFUL: dict[str, tuple[Change, str]] = {
    "a vote by a principal that nobody linked": (drop_link, "is nobody's in PAM"),
    "by a link that does not say when": (without_a_field, "does not say by which link"),
    "by a link of another person": (link(person="carol"), "carol's no more"),
    "by a link that nobody listed accepted": (
        link(accepted_by="arn:aws:iam::000000000000:user/x"),
        "bob's no more",
    ),
    "by a link of a minute ago": (link(linked_at="2026-03-01T12:55:00.000Z"), "linked just before"),
    "by a link of last year": (link(linked_at="2025-03-01T12:55:00.000Z"), "90 days"),
    "by the requester's own link": (
        link(person="alice", accepted_by=arn("alice")),
        "no policy lets alice vote",
    ),
}


@pytest.mark.parametrize("how", UNLAWFUL)
def test_a_vote_by_a_link_that_was_none_is_unlawful(pam: Linked, how: str) -> None:
    change, why = UNLAWFUL[how]
    records = trail(pam, used(pam))
    judged(records)
    change(records)
    with pytest.raises(Unlawful, match=why):
        judged(records)


def test_what_the_trail_has_of_a_link_must_fit_its_use(pam: Linked) -> None:
    made = {record["requester"]: dict(record) for record in pam.known.records}
    records = trail(pam, used(pam))
    others = deepcopy(made[BOB])
    others["actor"]["principal"] = arn("carol")
    with pytest.raises(Unlawful, match="linked by another"):
        judged([others, *records])


def test_no_act_by_a_link_that_had_been_undone(pam: Linked) -> None:
    session = pam.story.request("alice", UAT)
    pam.story.later(hours=1)
    pam.story.vote(pam.by_slack(BOB), session.session_id)
    records = trail(pam, session)
    pam.unlink(BOB)
    undone = dict(pam.known.records[-1])
    judged([*records, undone])
    with pytest.raises(Unlawful, match="had been undone"):
        judged([{**undone, "at": "2026-03-01T12:20:00.000Z"}, *records])


def test_a_second_approval_by_slack_in_prod_is_unlawful(pam: Linked) -> None:
    records = trail(pam, used(pam, LEDGER))
    second = [r for r in records if r["type"] == "Voted"][1]
    second["actor"] |= {"surface": "slack", "auth": "slack"}
    with pytest.raises(Unlawful, match="no policy lets carol vote"):
        judged(records)


NEVER: Mapping[str, str] = {"Confirmed": "by Slack", "Leased": "by Slack"}


@pytest.mark.parametrize("kind", NEVER)
def test_what_is_never_done_by_slack_is_unlawful(pam: Linked, kind: str) -> None:
    records = trail(pam, used(pam, LEDGER, break_glass=True))
    actor(records, kind).update({"surface": "slack", "auth": "slack"})
    with pytest.raises(Unlawful, match=NEVER[kind]):
        judged(records)


def test_an_emergency_by_slack_that_nobody_confirmed_is_unlawful(pam: Linked) -> None:
    records = [
        r for r in trail(pam, used(pam, LEDGER, break_glass=True)) if r["type"] != "Confirmed"
    ]
    with pytest.raises(Unlawful, match="has not confirmed it"):
        judged(records)
    assert hash_of(records[0]) == records[0]["hash"]
