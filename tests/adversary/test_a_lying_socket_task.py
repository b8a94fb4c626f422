"""Whoever runs the host of the socket can say that anybody clicked anything. What comes of it?

It hands payloads to a door that asks Slack who its users are, and signs as Slack's door alone. So
it is played here as what it can be at worst: it acts as every linked person, by Slack, in any
order, as often as it likes.
"""

from dataclasses import replace
from itertools import permutations

import pytest

from pam.domain.approval import Ballot
from pam.domain.errors import Refusal, StepUp
from pam.domain.lifecycle import Status
from pam.domain.resource import Environment
from pam.domain.session import Session
from pam.policy.cedar import CedarPolicy
from tests.fakes.links import Linked, user
from tests.fakes.story import COMPILED, KYC, LEDGER, SANDBOX, UAT, Story

EVERYBODY = ("alice", "dave", "bob", "carol", "erin", "kim", "kate", "kurt", "sam", "ada")
RESOURCES = tuple(resource.resource_id for resource in COMPILED.resources)


def linked(policy: CedarPolicy | None = None) -> Linked:
    pam = Linked(story=Story(policy=policy) if policy else Story())
    pam.settled(*EVERYBODY)
    return pam


@pytest.fixture
def pam() -> Linked:
    return linked()


def everybody_approves(pam: Linked, session: Session) -> int:
    """How many of their clicks count."""
    counted = 0
    for _ in range(2):
        for name in EVERYBODY:
            try:
                pam.story.vote(pam.by_slack(user(name)), session.session_id)
                counted += 1
            except Refusal:
                pass
    return counted


def status_of(pam: Linked, session: Session) -> Status:
    return pam.story.store.sessions[session.session_id].status


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("resource", RESOURCES)
def test_it_casts_at_most_one_approval_in_production_and_opens_nothing_there(
    pam: Linked, resource: str
) -> None:
    """Whoever asked, and by whichever way."""
    for who in ("alice", pam.by_slack(user("alice")), pam.by_slack(user("kim"))):
        session = pam.story.request(who, resource)
        if session.environment is not Environment.PROD:
            continue
        assert everybody_approves(pam, session) == 1
        assert status_of(pam, session) is Status.PENDING_APPROVAL
        with pytest.raises(Refusal):
            pam.story.activate(session.session_id)
    assert pam.story.issuer.held == set()


@pytest.mark.guarantee("G2")
def test_it_makes_up_for_no_more_than_one_of_those_who_sign(pam: Linked) -> None:
    session = pam.story.request("alice", LEDGER)
    assert everybody_approves(pam, session) == 1
    stored = pam.story.store.sessions[session.session_id]
    others = {"bob", "carol", "erin"} - {vote.name for vote in stored.votes}
    pam.story.vote(min(others), session.session_id)
    assert status_of(pam, session) is Status.APPROVED, "one who signed, and one by Slack"


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("resource", RESOURCES)
def test_it_approves_no_emergency(pam: Linked, resource: str) -> None:
    """Of a person of another domain, so that there is a vote to be cast."""
    for who in ("kim", "alice", pam.by_slack(user("kim"))):
        session = pam.story.request(who, resource, break_glass=True)
        if session.status is Status.PENDING_APPROVAL:
            assert everybody_approves(pam, session) == 0


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("resource", RESOURCES)
def test_it_begins_no_emergency_that_its_person_does_not_confirm(
    pam: Linked, resource: str
) -> None:
    session = pam.story.request(pam.by_slack(user("alice")), resource, break_glass=True)
    everybody_approves(pam, session)
    for name in EVERYBODY:
        with pytest.raises(Refusal):
            pam.story.confirm(session.session_id, pam.by_slack(user(name)))
    assert status_of(pam, session) is Status.PENDING_APPROVAL
    with pytest.raises(Refusal):
        pam.story.activate(session.session_id)
    assert pam.story.issuer.held == set()
    assert pam.story.notifier.alarmed == []


@pytest.mark.guarantee("G2")
def test_uat_it_can_open_by_itself_and_gets_no_credential_of_it(pam: Linked) -> None:
    session = pam.story.request(pam.by_slack(user("alice")), UAT)
    assert everybody_approves(pam, session) == 1
    assert pam.story.activate(session.session_id).status is Status.ACTIVE
    for name in EVERYBODY:
        with pytest.raises(Refusal):
            pam.story.lease(session.session_id, pam.by_slack(user(name)))
    assert pam.story.store.sessions[session.session_id].leases == 0
    told = [record["actor"]["surface"] for record in pam.story.store.records(session.session_id)]
    assert told[:2] == ["slack", "slack"], "who looks at the trail sees that nobody signed"


@pytest.mark.guarantee("G2")
def test_a_resource_that_takes_no_approval_by_slack_it_does_not_open() -> None:
    resources = tuple(replace(each, slack_approvals=0) for each in COMPILED.resources)
    pam = linked(CedarPolicy(replace(COMPILED, resources=resources)))
    for resource in (UAT, LEDGER, KYC):
        session = pam.story.request(pam.by_slack(user("alice")), resource)
        assert everybody_approves(pam, session) == 0
        assert status_of(pam, session) is Status.PENDING_APPROVAL


@pytest.mark.guarantee("G10")
def test_it_links_blocks_reviews_and_revokes_nothing(pam: Linked) -> None:
    """Each act in `test_done_by_slack.NEVER`; here, whoever it says that it is."""
    session = pam.story.request("alice", SANDBOX)
    pam.story.activate(session.session_id)
    links = dict(pam.known.links)
    for name in EVERYBODY:
        as_them = pam.by_slack(user(name))
        with pytest.raises(StepUp):
            pam.story.revoke(session.session_id, as_them)
        with pytest.raises(StepUp):
            pam.unlink(user("bob"), who=as_them)
        with pytest.raises(StepUp):
            pam.hand_in(pam.show("slack:T0OTHER/U1"), accept="slack:T0OTHER/U1", who=as_them)
    assert (pam.known.links, pam.story.store.blocks) == (links, {})
    assert status_of(pam, session) is Status.ACTIVE


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("order", list(permutations(("bob", "carol", "erin"))), ids=str)
def test_the_order_in_which_it_clicks_makes_no_difference(
    pam: Linked, order: tuple[str, ...]
) -> None:
    session = pam.story.request("alice", LEDGER)
    for place, name in enumerate(order):
        if place == 0:
            pam.story.vote(pam.by_slack(user(name)), session.session_id)
            continue
        with pytest.raises(StepUp):
            pam.story.vote(pam.by_slack(user(name)), session.session_id)
    assert status_of(pam, session) is Status.PENDING_APPROVAL


def test_what_it_can_take_away_it_takes_away_only_as_its_owner(pam: Linked) -> None:
    """An end is always right: it can deny, and give back in its owner's name."""
    session = pam.story.request("alice", SANDBOX)
    pam.story.activate(session.session_id)
    for name in set(EVERYBODY) - {"alice"}:
        with pytest.raises(Refusal):
            pam.story.end(session.session_id, pam.by_slack(user(name)))
    assert pam.story.end(session.session_id, pam.by_slack(user("alice"))).status is Status.ENDED
    waiting = pam.story.request("alice", LEDGER)
    denied = pam.story.vote(
        pam.by_slack(user("bob")), waiting.session_id, Ballot.DENY, comment="no"
    )
    assert denied.status is Status.DENIED
