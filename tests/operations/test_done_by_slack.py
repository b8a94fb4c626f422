"""What people ask and decide by Slack; and what is never done there."""

from collections.abc import Callable
from typing import Any

import pytest

from pam.domain.approval import Ballot
from pam.domain.errors import Code, Conflict, IssuerUnavailable, NotEligible, StepUp
from pam.domain.lifecycle import Status
from pam.domain.people import Auth, Surface
from pam.domain.principals import Scheme
from pam.domain.proofs import Maker
from pam.domain.review import Judgement
from pam.domain.session import Session
from pam.edge.views import session_view
from pam.operations.block_person import BlockTerms, PersonOrder, block_person, block_requester
from pam.operations.call import Call
from pam.operations.erase_texts import erase_texts
from pam.operations.lift_block import lift_block
from pam.operations.list_blocks import list_blocks
from pam.operations.review_session import ReviewPaper, review_session
from pam.policy.cedar import Action
from tests.fakes.blocks import HOUR
from tests.fakes.links import BOB, Linked, user
from tests.fakes.story import KYC, LEDGER, SANDBOX, UAT, Story

ALICE, CAROL, SAM = (user(name) for name in ("alice", "carol", "sam"))


@pytest.fixture
def pam() -> Linked:
    made = Linked()
    made.settled("alice", "bob", "carol", "erin", "sam", "kate", "kim")
    return made


def asked(pam: Linked, resource: str = LEDGER, **wish: Any) -> Session:
    return pam.story.request(pam.by_slack(ALICE), resource, **wish)


def test_what_is_asked_by_slack_says_so_and_names_the_link(pam: Linked) -> None:
    session = asked(pam, SANDBOX)
    view = session_view(session)
    assert (view["origin"], view["requester"]) == ("slack", ALICE)
    assert view["requester_verified"] is True
    assert session.status is Status.APPROVED
    actor = pam.story.store.records(session.session_id)[0]["actor"]
    assert (actor["principal"], actor["surface"], actor["auth"]) == (ALICE, "slack", "slack")
    assert set(actor["link"]) == {"person", "accepted_by", "linked_at"}
    signed = pam.story.request("alice", UAT)
    assert "link" not in pam.story.store.records(signed.session_id)[0]["actor"]


@pytest.mark.guarantee("G2")
def test_of_what_prod_needs_one_approval_is_by_slack_and_the_rest_is_signed(pam: Linked) -> None:
    session = asked(pam)
    pam.story.vote(pam.by_slack(BOB), session.session_id)
    with pytest.raises(StepUp) as refused:
        pam.story.vote(pam.by_slack(CAROL), session.session_id)
    assert refused.value.step_up_command == f"pam approve {session.session_id}"
    pam.story.vote("carol", session.session_id)
    assert pam.story.activate(session.session_id).status is Status.ACTIVE
    assert pam.story.lease(session.session_id).lease_id


@pytest.mark.guarantee("G2")
def test_two_approvals_by_slack_at_the_same_instant_are_one(pam: Linked) -> None:
    session = asked(pam)
    first = pam.by_slack(BOB)
    pam.story.store.before_save = lambda _: pam.story.vote(first, session.session_id) and None
    with pytest.raises(StepUp):
        pam.story.vote(pam.by_slack(CAROL), session.session_id)
    stored = pam.story.store.sessions[session.session_id]
    assert [vote.name for vote in stored.votes] == ["bob"]
    assert stored.status is Status.PENDING_APPROVAL


def test_a_denial_by_slack_ends_it(pam: Linked) -> None:
    session = asked(pam)
    denied = pam.story.vote(pam.by_slack(BOB), session.session_id, Ballot.DENY, comment="no")
    assert denied.status is Status.DENIED


def test_uat_is_approved_by_slack_alone(pam: Linked) -> None:
    session = asked(pam, UAT)
    assert pam.story.vote(pam.by_slack(BOB), session.session_id).status is Status.APPROVED
    assert pam.story.activate(session.session_id).status is Status.ACTIVE


# ------------------------------------------------------------------------------------ break-glass


@pytest.mark.guarantee("G2")
@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("resource", [LEDGER, UAT, SANDBOX])
def test_an_emergency_asked_for_by_slack_waits_for_a_signed_word_and_begins_with_it(
    pam: Linked, resource: str
) -> None:
    session = asked(pam, resource, break_glass=True)
    assert session_view(session)["needs_confirmation"] is True
    assert (session.status, session.review) == (Status.PENDING_APPROVAL, None)
    assert pam.story.notifier.alarmed == []
    assert pam.story.store.types(session.session_id) == ["Requested"]
    with pytest.raises(Conflict):
        pam.story.lease(session.session_id)
    pam.story.later(hours=1)
    confirmed = pam.story.confirm(session.session_id)
    assert (confirmed.status, confirmed.unconfirmed) == (Status.APPROVED, False)
    assert pam.story.notifier.alarmed == [session.session_id]
    types = pam.story.store.types(session.session_id)
    assert types[1:] == ["Confirmed", "BreakGlass", "Approved"]
    if resource != SANDBOX:
        assert confirmed.review is not None
        assert (confirmed.review.due_at - pam.story.now).total_seconds() == 24 * 3600
    assert pam.story.activate(session.session_id).status is Status.ACTIVE
    assert pam.story.lease(session.session_id).lease_id


@pytest.mark.guarantee("G3")
def test_an_emergency_of_which_tier_1_cannot_be_told_does_not_begin(pam: Linked) -> None:
    session = asked(pam, break_glass=True)
    pam.story.notifier.down = True
    with pytest.raises(IssuerUnavailable):
        pam.story.confirm(session.session_id)
    assert pam.story.store.sessions[session.session_id] == session


@pytest.mark.guarantee("G2")
def test_nobody_else_confirms_it_and_nobody_by_slack(pam: Linked) -> None:
    session = asked(pam, break_glass=True)
    for who in ("bob", "sam", "dave"):
        with pytest.raises(NotEligible):
            pam.story.confirm(session.session_id, who)
    with pytest.raises(StepUp) as refused:
        pam.story.confirm(session.session_id, pam.by_slack(ALICE))
    assert refused.value.step_up_command == f"pam confirm {session.session_id}"
    assert pam.story.store.types(session.session_id) == ["Requested"]


@pytest.mark.guarantee("G2")
def test_no_approval_of_an_emergency_is_by_slack(pam: Linked) -> None:
    session = pam.story.request("kim", LEDGER, break_glass=True)
    with pytest.raises(StepUp):
        pam.story.vote(pam.by_slack(BOB), session.session_id)
    assert pam.story.vote("bob", session.session_id).status is Status.APPROVED


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("first", ["vote", "word"])
def test_across_domains_the_signed_vote_and_the_word_are_both_wanted(
    pam: Linked, first: str
) -> None:
    session_id = asked(pam, KYC, break_glass=True).session_id
    acts: list[Callable[[], Session]] = [
        lambda: pam.story.vote("kate", session_id),
        lambda: pam.story.confirm(session_id),
    ]
    one, other = acts if first == "vote" else acts[::-1]
    assert one().status is Status.PENDING_APPROVAL
    assert other().status is Status.APPROVED


def test_emergencies_by_slack_take_no_place_of_those_that_are_signed(pam: Linked) -> None:
    """Or whoever holds Slack could keep somebody from their own."""
    held = [asked(pam, break_glass=True) for _ in range(3)]
    assert all(session.unconfirmed for session in held)
    with pytest.raises(Exception, match="unconfirmed sessions") as refused:
        asked(pam, break_glass=True)
    assert getattr(refused.value, "code", None) is Code.LIMIT
    assert pam.story.request("alice", LEDGER, break_glass=True).status is Status.APPROVED


def test_its_person_ends_one_that_was_not_theirs(pam: Linked) -> None:
    session = asked(pam, break_glass=True)
    assert pam.story.end(session.session_id).status is Status.WITHDRAWN


# ------------------------------------------------------------------------- what Slack never does

Act = Callable[[Linked, Session], object]


def by_slack(pam: Linked, who: str) -> Call:
    return pam.story.call(pam.by_slack(who))


NEVER: dict[str, Act] = {
    "confirm": lambda pam, s: pam.story.confirm(s.session_id, pam.by_slack(ALICE)),
    "lease": lambda pam, s: pam.story.lease(s.session_id, pam.by_slack(ALICE)),
    "revoke": lambda pam, s: pam.story.revoke(s.session_id, pam.by_slack(SAM)),
    "erase": lambda pam, s: erase_texts(s.session_id, by_slack(pam, SAM)),
    "review": lambda pam, s: review_session(
        ReviewPaper(session_id=s.session_id, judgement=Judgement.JUSTIFIED), by_slack(pam, BOB)
    ),
    "block by a session": lambda pam, s: block_requester(
        s.session_id,
        BlockTerms(length=HOUR, one_resource=False, reason="stolen"),
        by_slack(pam, SAM),
        closer=pam.story.closer,
        notifier=pam.story.notifier,
    ),
    "block a person": lambda pam, _: block_person(
        PersonOrder(person="alice", reason="stolen", length=HOUR),
        by_slack(pam, SAM),
        closer=pam.story.closer,
        notifier=pam.story.notifier,
    ),
    "lift a block": lambda pam, _: lift_block("alice", None, "found", by_slack(pam, SAM)),
    "see who is blocked": lambda pam, _: list_blocks(by_slack(pam, SAM)),
    "link": lambda pam, _: pam.hand_in(
        pam.show("slack:T0OTHER/U0BOB"),
        accept="slack:T0OTHER/U0BOB",
        who=pam.by_slack(BOB),
        surface=Scheme.SLACK,
    ),
    "see what would be linked": lambda pam, _: pam.hand_in(
        pam.show("slack:T0OTHER/U0BOB"), who=pam.by_slack(BOB)
    ),
    "unlink": lambda pam, _: pam.unlink(CAROL, who=pam.by_slack(SAM)),
    "unlink itself": lambda pam, _: pam.unlink(BOB, who=pam.by_slack(BOB)),
}


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("act", NEVER)
def test_what_is_never_done_by_slack_changes_nothing_and_says_what_to_run(
    pam: Linked, act: str
) -> None:
    session = pam.story.request("alice", LEDGER, break_glass=True)
    pam.story.activate(session.session_id)
    before = (dict(pam.story.store.sessions), dict(pam.known.links), dict(pam.story.store.blocks))
    with pytest.raises(StepUp) as refused:
        NEVER[act](pam, session)
    assert refused.value.step_up_command.startswith("pam")
    after = (pam.story.store.sessions, pam.known.links, pam.story.store.blocks)
    assert after == before


@pytest.mark.guarantee("G10")
def test_every_act_on_a_session_that_is_not_meant_for_slack_is_refused_there(pam: Linked) -> None:
    """An action that is added is refused until somebody says otherwise."""
    session = pam.story.request("alice", LEDGER)
    call = by_slack(pam, ALICE)
    open_to_slack = set()
    for action in Action:
        try:
            call.may(action, session)
        except StepUp:
            continue
        open_to_slack.add(action)
    assert open_to_slack == {Action.APPROVE, Action.END, Action.READ}


@pytest.mark.guarantee("G10")
def test_a_stranger_in_slack_is_told_that_they_are_nobody(pam: Linked) -> None:
    stranger = pam.by_slack("slack:T0BANK/U0NOBODY")
    assert (stranger.surface, stranger.auth) == (Surface.SLACK, Auth.SLACK)
    with pytest.raises(NotEligible, match="is nobody's in PAM"):
        pam.story.call(stranger).person()


def test_story_signs_as_the_door_by_which_they_came(pam: Linked) -> None:
    asked(pam, SANDBOX)
    assert pam.story.keys.made[-1].maker is Maker.SLACK
    Story().request()
