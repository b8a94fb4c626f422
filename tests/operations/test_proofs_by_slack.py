"""What is said to have come by Slack counts only if its own door signed it, where there is one."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pam.domain import proofs
from pam.domain.approval import Ballot, Vote
from pam.domain.errors import NotEligible, NotTheirs, Unproven
from pam.domain.lifecycle import Status
from pam.domain.people import Auth, Surface
from pam.domain.proofs import Maker, Statement
from pam.domain.session import Confirmation, Session
from tests.fakes.links import BOB, Linked, user
from tests.fakes.story import LEDGER, UAT, Story

ALICE = user("alice")


@pytest.fixture
def pam() -> Linked:
    made = Linked()
    made.settled("alice", "bob", "carol")
    return made


def by_slack(session: Session) -> Vote:
    return Vote(
        name="bob",
        principal=BOB,
        domain="bank-core",
        decision=Ballot.APPROVE,
        comment="",
        at=session.created_at,
        surface=Surface.SLACK,
        auth=Auth.SLACK,
    )


def mac(story: Story, maker: Maker, statement: Statement) -> str:
    """By a key that the forger has, over whatever they like."""
    return story.keys.mac(maker, statement)


def signed(maker: Maker) -> Callable[[Story, Session, Vote], str]:
    return lambda story, session, vote: mac(story, maker, proofs.of_vote(session.session_id, vote))


def named(maker: Maker) -> Callable[[Story, Session, Vote], str]:
    def forge(story: Story, session: Session, vote: Vote) -> str:
        statement = proofs.of_vote(session.session_id, vote)
        return mac(story, maker, replace(statement, maker=maker))

    return forge


FORGED: dict[str, Callable[[Story, Session, Vote], str]] = {
    "unsigned": lambda *_: "",
    "text that is no proof": lambda *_: "x" * 44,
    "by the key of the request API": signed(Maker.DOOR),
    "by the key of the request API, in its own name": named(Maker.DOOR),
    "by the key of admission": signed(Maker.ADMISSION),
    "by the key of activation": signed(Maker.ACTIVATION),
    "of another session": lambda story, session, vote: mac(
        story, Maker.SLACK, proofs.of_vote("01JD8XGZ6Q3M4V5N6P7R8S9T0A", vote)
    ),
}


def written(story: Story, session: Session, vote: Vote) -> None:
    """Into the table, as approved by that vote."""
    story.store.sessions[session.session_id] = replace(
        story.store.sessions[session.session_id],
        votes=(vote,),
        status=Status.APPROVED,
        approved_at=story.now,
    )


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("how", FORGED)
def test_a_vote_said_to_be_by_slack_makes_no_access_unless_its_door_signed_it(
    pam: Linked, how: str
) -> None:
    story = pam.story
    session = story.request("alice", UAT)
    vote = by_slack(session)
    written(story, session, replace(vote, proof=FORGED[how](story, session, vote)))
    with pytest.raises(NotEligible):
        story.activate(session.session_id)
    assert story.issuer.held == set()


def test_the_same_vote_with_the_proof_of_its_door_makes_it(pam: Linked) -> None:
    story = pam.story
    session = story.request("alice", UAT)
    vote = by_slack(session)
    proof = signed(Maker.SLACK)(story, session, vote)
    written(story, session, replace(vote, proof=proof))
    assert story.activate(session.session_id).status is Status.ACTIVE


@pytest.mark.guarantee("G2")
def test_a_vote_by_slack_is_not_turned_into_a_signed_one(pam: Linked) -> None:
    """Else two votes by Slack would open production."""
    story = pam.story
    session = story.request("alice", LEDGER)
    voted = story.vote(pam.by_slack(BOB), session.session_id)
    (cast,) = voted.votes
    story.store.sessions[session.session_id] = replace(
        voted, votes=(replace(cast, surface=Surface.API, auth=Auth.SIGV4),)
    )
    story.vote(pam.by_slack(user("carol")), session.session_id)
    with pytest.raises(NotEligible):
        story.activate(session.session_id)


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("what", ["the request", "the vote"])
def test_where_pam_is_not_in_slack_nothing_is_by_slack(pam: Linked, what: str) -> None:
    """Not even with a key of before: the one of Slack's door is gone with Slack."""
    story = pam.story
    session = story.request(pam.by_slack(ALICE) if what == "the request" else "alice", UAT)
    story.vote(pam.by_slack(BOB) if what == "the vote" else "bob", session.session_id)
    story.keys.without(Maker.SLACK)
    with pytest.raises(NotEligible):
        story.activate(session.session_id)
    assert story.issuer.held == set()


@pytest.mark.guarantee("G2")
def test_no_lease_rests_on_a_vote_that_nobody_vouches_for_any_more(pam: Linked) -> None:
    story = pam.story
    session = story.request("alice", UAT)
    story.vote(pam.by_slack(BOB), session.session_id)
    story.activate(session.session_id)
    assert story.lease(session.session_id).lease_id
    story.keys.without(Maker.SLACK)
    with pytest.raises(Unproven):
        story.lease(session.session_id)


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("maker", [None, *Maker])
def test_no_word_by_slack_confirms_an_emergency_whoever_signed_it(
    pam: Linked, maker: Maker | None
) -> None:
    story = pam.story
    session = story.request(pam.by_slack(ALICE), LEDGER, break_glass=True)
    word = Confirmation(principal=ALICE, at=story.now, surface=Surface.SLACK, auth=Auth.SLACK)
    statement = proofs.of_confirmation(session.session_id, word)
    assert statement.maker is None
    proof = mac(story, maker, replace(statement, maker=maker)) if maker else ""
    story.store.sessions[session.session_id] = replace(
        story.store.sessions[session.session_id],
        confirmation=replace(word, proof=proof),
        status=Status.APPROVED,
        approved_at=story.now,
    )
    with pytest.raises(Unproven, match="not confirmed"):
        story.activate(session.session_id)
    assert story.issuer.held == set()


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize(
    "otherwise",
    [
        {"break_glass": False},
        {"surface": Surface.API, "auth": Auth.SIGV4},
        {"auth": Auth.SIGV4},
        {"surface": Surface.RUNBOOK, "auth": None},
    ],
    ids=str,
)
def test_an_emergency_by_slack_is_not_made_one_that_needs_no_word(
    pam: Linked, otherwise: dict[str, object]
) -> None:
    story = pam.story
    session = story.request(pam.by_slack(ALICE), LEDGER, break_glass=True)
    changed = replace(session.circumstances, **otherwise)  # type: ignore[arg-type]
    story.store.sessions[session.session_id] = replace(
        session, circumstances=changed, status=Status.APPROVED, approved_at=story.now
    )
    with pytest.raises(Unproven):
        story.activate(session.session_id)
    assert story.issuer.held == set()


@pytest.mark.guarantee("G2")
def test_slacks_door_signs_no_link_no_confirmation_and_no_call_of_the_request_api(
    pam: Linked,
) -> None:
    story = pam.story
    key = story.keys.of(Maker.SLACK)
    session = story.request("alice", UAT)
    confirmed = Confirmation(principal=ALICE, at=story.now)
    for statement in (
        proofs.of_link(pam.known.links[BOB]),
        proofs.of_confirmation(session.session_id, confirmed),
        proofs.of_confirmation(
            session.session_id, replace(confirmed, surface=Surface.SLACK, auth=Auth.SLACK)
        ),
        proofs.of_request(session),
        proofs.of_activation(session),
        proofs.of_vote(session.session_id, replace(by_slack(session), surface=Surface.API)),
    ):
        with pytest.raises(NotTheirs):
            key.sign(statement)
