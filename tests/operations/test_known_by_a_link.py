"""Whose a principal of Slack is: as the file lists it, or by a link that its person made."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from pam.domain.approval import Ballot
from pam.domain.errors import (
    Blocked,
    Conflict,
    IssuerUnavailable,
    NotEligible,
    SelfApproval,
    StepUp,
)
from pam.domain.lifecycle import Status
from pam.domain.links import HOLDS, Link
from pam.domain.people import Auth, Surface
from pam.operations import read_inbox, read_sessions
from pam.operations.block_person import PersonOrder, block_person
from pam.operations.find_person import find_person
from pam.operations.note_act import NotedActs, note_act
from pam.policy.cedar import CedarPolicy
from pam.policy.compiled import Identity
from pam.ports.sessions import SessionQuery
from tests.fakes.blocks import HOUR, lift, put_block
from tests.fakes.links import BOB, FakeLinks, Linked, user
from tests.fakes.story import COMPILED, LEDGER, UAT, Story, arn

ALICE, CAROL = user("alice"), user("carol")


@pytest.fixture
def pam() -> Linked:
    return Linked()


def test_who_linked_it_is_known_by_it_with_the_groups_of_what_accepted_it(pam: Linked) -> None:
    link = pam.link()
    caller = pam.by_slack()
    assert caller.person == replace(
        pam.story.decides.identities.identify(arn("bob")), principal=BOB
    )
    assert (caller.link, caller.nobody_because) == (link, "")
    assert (caller.surface, caller.auth) == (Surface.SLACK, Auth.SLACK)
    assert caller.actor.principal == BOB


def test_whose_principal_nobody_linked_is_nobody_and_is_told_so(pam: Linked) -> None:
    caller = pam.by_slack()
    assert (caller.person, caller.link) == (None, None)
    assert "is nobody's in PAM" in caller.nobody_because
    with pytest.raises(NotEligible, match="is nobody's in PAM"):
        pam.story.request(caller, UAT)


@pytest.mark.guarantee("G10")
def test_what_is_listed_goes_before_what_is_linked() -> None:
    listed = Identity(
        domain="bank-core", groups=("bank-core-engineers",), principal=BOB, person="dave"
    )
    compiled = replace(COMPILED, identities=(*COMPILED.identities, listed))
    pam = Linked(story=Story(policy=CedarPolicy(compiled)))
    link = Link(
        principal=BOB, person="bob", accepted_by=arn("bob"), linked_at=pam.story.now, basis=""
    )
    pam.known.links[BOB] = link
    caller = pam.by_slack(basis="whatever it is today")
    assert caller.person is not None
    assert (caller.person.name, caller.link) == ("dave", None)


Forge = Callable[[Linked, Link], Link]
FORGED: dict[str, Forge] = {
    "without a proof": lambda _, link: replace(link, proof=""),
    "of another person": lambda _, link: replace(link, person="carol", accepted_by=arn("carol")),
    "accepted by another": lambda _, link: replace(link, accepted_by=arn("sam")),
    "made younger": lambda _, link: replace(link, linked_at=link.linked_at + timedelta(days=80)),
    "on another basis": lambda _, link: replace(link, basis="another"),
    "with the proof of another link": lambda pam, link: replace(
        link, proof=pam.link(CAROL, "carol").proof
    ),
    "another's, put under this principal": lambda pam, _: pam.link(CAROL, "carol"),
    "another's, with this principal written into it": lambda pam, _: replace(
        pam.link(CAROL, "carol"), principal=BOB
    ),
}


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("how", FORGED)
def test_a_link_that_nobody_made_makes_nobody_somebody(pam: Linked, how: str) -> None:
    made = pam.link()
    assert pam.by_slack().person is not None
    pam.known.links[BOB] = FORGED[how](pam, made)
    caller = pam.by_slack(basis=pam.known.links[BOB].basis)
    assert caller.person is None
    assert (
        BOB not in find_person("carol", store=pam.story.store, policy=pam.story.decides).principals
    )


@pytest.mark.guarantee("G10")
def test_a_link_that_was_undone_and_is_put_back_makes_nobody_somebody(pam: Linked) -> None:
    made = pam.link()
    pam.unlink()
    pam.known.links[BOB] = made
    assert pam.by_slack().person is None
    story = pam.story
    assert BOB not in find_person("bob", store=story.store, policy=story.decides).principals


@pytest.mark.guarantee("G10")
def test_what_was_put_back_is_taken_away_once_more_and_on_record(pam: Linked) -> None:
    made = pam.link()
    pam.unlink()
    pam.known.links[BOB] = made
    pam.unlink()
    assert not pam.known.links
    ended = [record for record in pam.known.records if record["type"] == "Unlinked"]
    assert len({record["event_id"] for record in ended}) == 2
    pam.known.links[BOB] = made
    assert pam.by_slack().person is None


def test_who_links_again_what_they_have_undone_is_known_by_it(pam: Linked) -> None:
    pam.link()
    pam.unlink()
    pam.story.later(seconds=1)
    again = pam.link()
    assert pam.by_slack().link == again


@pytest.mark.guarantee("G10")
def test_while_the_keys_do_not_answer_nobody_is_known_by_a_link(pam: Linked) -> None:
    pam.link()
    pam.story.keys.down = True
    with pytest.raises(IssuerUnavailable):
        pam.by_slack()


@pytest.mark.guarantee("G10")
def test_a_link_is_asked_for_anew_after_its_time_and_when_its_basis_changed(pam: Linked) -> None:
    pam.link()
    assert pam.by_slack(basis="").person is None, "what the surface does not know is another"
    changed = pam.by_slack(basis="has left the company")
    assert changed.person is None
    assert "other than when it was linked" in changed.nobody_because
    pam.story.later(seconds=HOLDS.total_seconds() - 1)
    assert pam.by_slack().person is not None
    pam.story.later(seconds=1)
    assert "90 days" in pam.by_slack().nobody_because
    pam.link()
    assert pam.by_slack().person is not None


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("accepted_by", ["arn:aws:iam::000000000000:user/gone", arn("carol")])
def test_a_link_goes_with_the_principal_that_accepted_it(pam: Linked, accepted_by: str) -> None:
    """Taken out of the file, or listed as somebody else since."""
    made = pam.link()
    from pam.domain import proofs
    from pam.domain.proofs import Maker

    other = replace(made, accepted_by=accepted_by)
    signed = replace(other, proof=pam.story.keys.mac(Maker.DOOR, proofs.of_link(other)))
    pam.known.links[BOB] = signed
    assert "bob's no more" in pam.by_slack().nobody_because


def test_what_was_found_once_is_not_asked_again_in_the_same_call(pam: Linked) -> None:
    pam.settled("bob")
    session = pam.story.request("alice", UAT)
    pam.story.keys.asked.clear()
    call = pam.story.call("bob")
    whose = call.policy.identities.whose
    assert whose(BOB) == whose(BOB)
    assert len(pam.story.keys.asked) == 1
    assert session.status is Status.PENDING_APPROVAL


def test_an_undone_link_does_nothing_more_and_what_is_open_goes_on_to_its_end(pam: Linked) -> None:
    pam.settled("alice", "bob")
    session = pam.story.request(pam.by_slack(ALICE), UAT)
    pam.story.vote("carol", session.session_id)
    active = pam.story.activate(session.session_id)
    pam.unlink(ALICE, who="alice")
    with pytest.raises(NotEligible, match="is nobody's in PAM"):
        pam.story.request(pam.by_slack(ALICE), UAT)
    with pytest.raises(NotEligible):
        pam.story.end(session.session_id, pam.by_slack(ALICE))
    assert pam.story.lease(session.session_id).lease_id
    assert active.expires_at is not None
    pam.story.now = active.expires_at
    assert pam.story.end_due(session.session_id).status is Status.EXPIRED


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("whose", ["the voter's", "the requester's"])
def test_what_was_asked_or_approved_by_a_link_that_is_undone_makes_no_access(
    pam: Linked, whose: str
) -> None:
    pam.settled("alice", "bob")
    session = pam.story.request(pam.by_slack(ALICE), UAT)
    pam.story.vote(pam.by_slack(), session.session_id)
    gone, person = (BOB, "bob") if whose == "the voter's" else (ALICE, "alice")
    pam.unlink(gone, who=person)
    with pytest.raises(NotEligible):
        pam.story.activate(session.session_id)
    assert pam.story.issuer.held == set()


@pytest.mark.guarantee("G10")
def test_nobody_approves_their_own_request_by_another_principal(pam: Linked) -> None:
    """Of a person who is engineer and approver, were the offices not kept apart."""
    roles = {**COMPILED.roles, "bank-core-engineers": "approvers"}
    asked = Story(policy=CedarPolicy(replace(COMPILED, roles=roles)))
    pam = Linked(story=asked)
    session = Story(store=asked.store, keys=asked.keys).request("alice", UAT)
    pam.settled("alice")
    with pytest.raises(SelfApproval):
        asked.vote(pam.by_slack(ALICE), session.session_id)


def test_nobody_votes_twice_by_two_principals(pam: Linked) -> None:
    pam.settled("bob")
    session = pam.story.request("alice", LEDGER)
    pam.story.vote("bob", session.session_id)
    with pytest.raises(Conflict, match="has voted"):
        pam.story.vote(pam.by_slack(), session.session_id)


def test_a_fresh_link_does_not_vote(pam: Linked) -> None:
    session = pam.story.request("alice", UAT)
    pam.link()
    for ballot in Ballot:
        with pytest.raises(StepUp, match="just now"):
            pam.story.vote(pam.by_slack(), session.session_id, ballot)
    pam.story.later(minutes=10)
    assert pam.story.vote(pam.by_slack(), session.session_id).status is Status.APPROVED


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("named", ["alice", ALICE, arn("alice")])
def test_who_is_blocked_is_blocked_by_whichever_principal(pam: Linked, named: str) -> None:
    pam.settled("alice")
    by_hand = pam.story.request("alice", UAT)
    by_slack = pam.story.request(pam.by_slack(ALICE), UAT)
    done = block_person(
        PersonOrder(person=named, reason="laptop stolen", length=HOUR),
        pam.story.call("sam"),
        closer=pam.story.closer,
        notifier=pam.story.notifier,
    )
    assert done.person == "alice"
    assert {ALICE, arn("alice")} <= set(done.principals)
    assert set(done.ended) == {by_hand.session_id, by_slack.session_id}
    for who in ("alice", pam.by_slack(ALICE)):
        with pytest.raises(Blocked):
            pam.story.request(who, UAT)
    assert [each.person for each in lift(pam.story, named)] == ["alice"]
    assert pam.story.request(pam.by_slack(ALICE), UAT)


@pytest.mark.guarantee("G14")
def test_a_link_that_counts_no_more_still_says_whom_to_block(pam: Linked) -> None:
    pam.link()
    pam.story.later(days=91)
    known = find_person(BOB, store=pam.story.store, policy=pam.story.decides)
    assert (known.name, BOB in known.principals) == ("bob", True)


@pytest.mark.guarantee("G14")
def test_who_is_blocked_votes_by_no_principal(pam: Linked) -> None:
    pam.settled("bob")
    session = pam.story.request("alice", UAT)
    put_block(pam.story, "bob")
    with pytest.raises(Blocked):
        pam.story.vote(pam.by_slack(), session.session_id)


def test_what_is_theirs_is_theirs_by_whichever_principal(pam: Linked) -> None:
    pam.settled("alice", "bob")
    mine = pam.story.request("alice", UAT)
    call = pam.story.call(pam.by_slack(ALICE))
    assert read_sessions.read_session(mine.session_id, call) == mine
    listed = read_sessions.list_sessions(SessionQuery(requester_name=ALICE, limit=10), None, call)
    assert [each.session_id for each in listed.sessions] == [mine.session_id]
    waiting = read_inbox.read_inbox(pam.story.call(pam.by_slack()))
    assert [each.session_id for each in waiting.votes] == [mine.session_id]
    person, principals = read_inbox.read_me(pam.story.call("bob"))
    assert person.name == "bob"
    assert {BOB, arn("bob")} <= set(principals)
    assert pam.story.end(mine.session_id, pam.by_slack(ALICE)).status is Status.WITHDRAWN


def test_a_principal_that_was_unlinked_is_no_longer_among_ones_own(pam: Linked) -> None:
    pam.settled("bob")
    note_act(pam.story.call(pam.by_slack()), NotedActs())
    assert BOB in read_inbox.read_me(pam.story.call("bob"))[1]
    del pam.known.links[BOB]
    assert BOB not in read_inbox.read_me(pam.story.call("bob"))[1]


@pytest.mark.guarantee("G10")
def test_a_call_that_is_told_of_no_links_knows_nobody_by_one(pam: Linked) -> None:
    pam.settled("bob")
    with pytest.raises(NotEligible):
        pam.story.policy.identities.identify(BOB)
    assert isinstance(pam.known, FakeLinks)
