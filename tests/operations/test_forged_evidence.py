"""Whoever can write the table can write ACTIVE, and gets nothing by it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.domain import proofs
from pam.domain.approval import Ballot, Vote
from pam.domain.errors import Conflict, IssuerUnavailable, NotEligible, Unproven
from pam.domain.lifecycle import Status
from pam.domain.people import Auth, Surface
from pam.domain.proofs import Kind, Maker, Statement
from pam.domain.session import Confirmation, Session
from tests.fakes.story import LEDGER, SANDBOX, Story, arn

Forge = Callable[[Story, Session], Session]
HOURS = timedelta(hours=4)


def vote_of(name: str, session: Session, *, at: Session | None = None) -> Vote:
    return Vote(
        name=name,
        principal=arn(name),
        domain="bank-core",
        decision=Ballot.APPROVE,
        comment="",
        at=(at or session).created_at,
    )


def mac(story: Story, maker: Maker, statement: Statement) -> str:
    """By a key that the forger has: it signs what its holder says, and names itself."""
    return story.keys.mac(maker, replace(statement, maker=maker))


def asked(session: Session, **otherwise: Any) -> Session:
    """As if it had been asked for in other circumstances."""
    return replace(session, circumstances=replace(session.circumstances, **otherwise))


def with_forged_votes(story: Story, session: Session, maker: Maker) -> Session:
    votes = (vote_of(name, session) for name in ("bob", "carol"))
    forged = (
        replace(vote, proof=mac(story, maker, proofs.of_vote(session.session_id, vote)))
        for vote in votes
    )
    return replace(session, votes=tuple(forged))


def with_votes_of_another_session(story: Story, session: Session) -> Session:
    other = story.request("dave", LEDGER)
    story.vote("bob", other.session_id)
    return replace(session, votes=story.vote("carol", other.session_id).votes)


def with_the_proof_of_anothers(story: Story, session: Session) -> Session:
    (bobs,) = story.vote("bob", session.session_id).votes
    return replace(session, votes=(bobs, replace(bobs, name="carol", principal=arn("carol"))))


def resigned(story: Story, session: Session, maker: Maker) -> Session:
    other = replace(session, requester=arn("dave"), requester_name="dave")
    return replace(other, proof=mac(story, maker, proofs.of_request(other)))


UNAPPROVED: dict[str, Forge] = {
    "a bare word": lambda _, s: s,
    "votes that nobody signed": lambda _, s: replace(
        s, votes=(vote_of("bob", s), vote_of("carol", s))
    ),
    "votes by the key of admission": lambda t, s: with_forged_votes(t, s, Maker.ADMISSION),
    "votes by the key of activation": lambda t, s: with_forged_votes(t, s, Maker.ACTIVATION),
    "votes of another session": with_votes_of_another_session,
    "votes of a surface that nobody vouches for": lambda t, s: replace(
        s,
        votes=tuple(
            replace(vote, surface=Surface.RUNBOOK)
            for vote in with_forged_votes(t, s, Maker.DOOR).votes
        ),
    ),
    "a vote with the proof of another's": with_the_proof_of_anothers,
    "one vote twice": lambda t, s: replace(s, votes=t.vote("bob", s.session_id).votes * 2),
}
"""A session that is PENDING, made to look approved."""


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("status", [Status.APPROVED, Status.ACTIVATING])
@pytest.mark.parametrize("case", UNAPPROVED)
def test_votes_that_nobody_cast_make_no_access(case: str, status: Status) -> None:
    story = Story()
    session = story.request()
    forged = UNAPPROVED[case](story, session)
    now = story.now
    story.store.sessions[session.session_id] = replace(
        story.store.sessions[session.session_id],
        votes=forged.votes,
        status=status,
        approved_at=now,
        activating_at=now,
    )
    with pytest.raises(NotEligible):
        story.activate(session.session_id)
    assert story.issuer.held == set()


ALTERED: dict[str, Forge] = {
    "no proof at all, as of an earlier version": lambda _, s: replace(s, proof=""),
    "text that is no proof": lambda _, s: replace(s, proof="x" * 44),
    "another requester": lambda _, s: replace(s, requester=arn("dave"), requester_name="dave"),
    "another requester, by the key of admission": lambda t, s: resigned(t, s, Maker.ADMISSION),
    "another requester, by the key of activation": lambda t, s: resigned(t, s, Maker.ACTIVATION),
    "another origin": lambda _, s: asked(s, surface=Surface.RUNBOOK, auth=None),
    "longer": lambda _, s: replace(s, asked_duration=HOURS, duration=HOURS),
    "another target": lambda _, s: replace(
        s, target=replace(s.target, names={**s.target.names, "arn": "arn:other"})
    ),
    "other settings of the target": lambda _, s: replace(
        s, target=replace(s.target, settings={"group_role": "postgres"})
    ),
    "a break-glass request": lambda _, s: asked(s, break_glass=True),
    "another ticket": lambda _, s: asked(s, ticket="CHG-9"),
    "another surface": lambda _, s: asked(s, surface=Surface.CONSOLE),
    "another way to prove oneself": lambda _, s: asked(s, auth=Auth.WEBAUTHN),
    "nobody who proved themselves": lambda _, s: asked(s, auth=None),
    "a signal that no source gave": lambda _, s: asked(s, signals={"ticket": "named"}),
    "another reason than the approvers read": lambda _, s: replace(s, reason="something else"),
}
"""A session that was approved by two, changed afterwards."""


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("case", ALTERED)
def test_a_request_that_was_changed_after_its_votes_makes_no_access(case: str) -> None:
    story = Story()
    session = story.request()
    for approver in ("bob", "carol"):
        story.vote(approver, session.session_id)
    stored = story.store.sessions[session.session_id]
    story.store.sessions[session.session_id] = ALTERED[case](story, stored)
    with pytest.raises(Unproven):
        story.activate(session.session_id)
    assert story.issuer.held == set()
    assert story.store.types(session.session_id)[-1] == "Drift"


@pytest.mark.guarantee("G1")
@pytest.mark.parametrize("case", ALTERED)
def test_a_session_that_was_changed_while_active_gives_no_lease(case: str) -> None:
    story = Story()
    active = story.granted()
    story.store.sessions[active.session_id] = ALTERED[case](story, active)
    who = story.store.sessions[active.session_id].requester_name
    story.issuer.during_lease = lambda: pytest.fail("credentials were made")
    with pytest.raises(Unproven):
        story.lease(active.session_id, who)
    assert "Leased" not in story.store.types(active.session_id)
    assert story.store.types(active.session_id)[-1] == "Drift"


def _activated_by(story: Story, session: Session, maker: Maker | None) -> Session:
    now = story.now
    active = replace(
        session, status=Status.ACTIVE, activating_at=now, activated_at=now, expires_at=now + HOURS
    )
    if maker is None:
        return active
    return replace(active, activation_proof=mac(story, maker, proofs.of_activation(active)))


ACTIVATED: dict[str, Forge] = {
    "a bare word": lambda t, s: _activated_by(t, s, None),
    "by the key of the door": lambda t, s: _activated_by(t, s, Maker.DOOR),
    "by the key of admission": lambda t, s: _activated_by(t, s, Maker.ADMISSION),
    "by the activation of another session": lambda t, s: replace(
        _activated_by(t, s, None), activation_proof=t.granted().activation_proof
    ),
}


@pytest.mark.guarantee("G1")
@pytest.mark.parametrize("case", ACTIVATED)
def test_one_write_that_says_active_gives_no_lease(case: str) -> None:
    story = Story()
    session = story.request()
    story.store.sessions[session.session_id] = ACTIVATED[case](story, session)
    with pytest.raises(Unproven):
        story.lease(session.session_id)
    assert "Leased" not in story.store.types(session.session_id)


@pytest.mark.guarantee("G1")
@pytest.mark.parametrize(
    "changed",
    [
        lambda s: replace(s, expires_at=s.expires_at + HOURS),
        lambda s: replace(s, activated_at=s.activated_at + timedelta(seconds=1)),
        lambda s: replace(s, votes=s.votes[:1]),
        lambda s: replace(s, votes=(*s.votes, vote_of("erin", s))),
        lambda s: replace(s, votes=(s.votes[0], replace(s.votes[1], name="erin"))),
    ],
    ids=["a later end", "another beginning", "a vote less", "a vote more", "another voter"],
)
def test_an_activation_holds_for_its_times_and_votes_alone(
    changed: Callable[[Session], Session],
) -> None:
    story = Story()
    active = story.granted()
    story.store.sessions[active.session_id] = changed(active)
    with pytest.raises(Unproven):
        story.lease(active.session_id)


@pytest.mark.guarantee("G5")
def test_a_session_that_was_ended_and_put_back_has_no_grant_and_gives_no_lease() -> None:
    story = Story()
    active = story.granted()
    story.lease(active.session_id)
    revoked = story.revoke(active.session_id)
    story.store.sessions[active.session_id] = replace(
        active, sequence=revoked.sequence, last_hash=revoked.last_hash
    )
    with pytest.raises(Unproven, match="no grant"):
        story.lease(active.session_id)


@pytest.mark.guarantee("G5")
def test_a_session_that_was_ended_and_put_back_is_not_activated_again() -> None:
    story = Story()
    session = story.request()
    for approver in ("bob", "carol"):
        story.vote(approver, session.session_id)
    approved = story.store.sessions[session.session_id]
    story.activate(session.session_id)
    over = story.end(session.session_id)
    story.store.sessions[session.session_id] = replace(
        approved, sequence=over.sequence, last_hash=over.last_hash
    )
    with pytest.raises(Unproven, match="its trail"):
        story.activate(session.session_id)
    assert story.issuer.held == set()


def emergency(story: Story, **confirmed: str) -> Session:
    """One that a runbook opened in alice's name, approved as her break-glass would be."""
    session = story.request("alice", LEDGER, break_glass=True)
    word = Confirmation(principal=arn("alice"), at=story.now, **confirmed)
    opened = asked(session, surface=Surface.RUNBOOK, auth=None)
    proof = story.keys.mac(Maker.ADMISSION, proofs.of_request(opened))
    said = proofs.of_confirmation(session.session_id, word)
    given = story.keys.mac(said.maker, said) if said.maker else ""
    return replace(opened, proof=proof, confirmation=replace(word, proof=given))


UNCONFIRMED: dict[str, Forge] = {
    "no word at all": lambda _, s: replace(s, confirmation=None),
    "a word that nobody signed": lambda _, s: replace(
        s, confirmation=Confirmation(principal=arn("alice"), at=s.created_at)
    ),
    "a word by the key of admission": lambda t, s: replace(
        s,
        confirmation=Confirmation(
            principal=arn("alice"),
            at=s.created_at,
            proof=mac(
                t,
                Maker.ADMISSION,
                proofs.of_confirmation(
                    s.session_id, Confirmation(principal=arn("alice"), at=s.created_at)
                ),
            ),
        ),
    ),
    "a word of another session": lambda t, s: replace(s, confirmation=emergency(t).confirmation),
}


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("case", UNCONFIRMED)
def test_an_emergency_in_somebodys_name_needs_their_proven_word(case: str) -> None:
    story = Story()
    session = emergency(story)
    story.store.sessions[session.session_id] = UNCONFIRMED[case](story, session)
    with pytest.raises(Unproven, match="confirmed"):
        story.activate(session.session_id)
    assert story.issuer.held == set()


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("surface", [Surface.RUNBOOK, Surface.API])
def test_an_emergency_that_a_runbook_asked_for_is_made_nobodys_own(surface: Surface) -> None:
    story = Story()
    session = emergency(story)
    in_person = asked(session, surface=surface, auth=Auth.SIGV4)
    story.store.sessions[session.session_id] = replace(in_person, confirmation=None)
    with pytest.raises(Unproven, match="its request is not what PAM's door took"):
        story.activate(session.session_id)
    assert story.issuer.held == set()


@pytest.mark.guarantee("G2")
def test_an_emergency_that_was_confirmed_is_one_and_the_lease_asks_again() -> None:
    story = Story()
    session = emergency(story)
    story.store.sessions[session.session_id] = session
    active = story.activate(session.session_id)
    story.lease(active.session_id)
    stored = story.store.sessions[session.session_id]
    story.store.sessions[session.session_id] = replace(stored, confirmation=None)
    with pytest.raises(Unproven):
        story.lease(active.session_id)


@pytest.mark.guarantee("G2")
def test_approvals_of_another_time_are_not_acted_upon() -> None:
    story = Story()
    session = story.request("alice", SANDBOX)
    story.now = session.approval_expires_at + timedelta(minutes=5)
    with pytest.raises(Unproven, match="another time"):
        story.activate(session.session_id)


@pytest.mark.guarantee("G2")
def test_a_vote_that_nobody_vouches_for_is_struck_and_the_others_count() -> None:
    story = Story()
    session = story.request()
    for approver in ("bob", "carol"):
        story.vote(approver, session.session_id)
    stored = story.store.sessions[session.session_id]
    story.store.sessions[session.session_id] = replace(
        stored, votes=(*stored.votes, vote_of("erin", stored))
    )
    active = story.activate(session.session_id)
    assert [vote.name for vote in active.votes] == ["bob", "carol"]
    (drift,) = (r for r in story.store.records(session.session_id) if r["type"] == "Drift")
    assert drift["detail"] == "unproven: the vote of erin is not proven, and does not count"
    assert story.lease(session.session_id).session.leases == 1


def test_the_duration_is_what_was_asked_and_what_the_approvers_left_of_it() -> None:
    story = Story()
    session = story.request(seconds=600)
    story.vote("bob", session.session_id, seconds=60)
    story.vote("carol", session.session_id)
    stored = story.store.sessions[session.session_id]
    story.store.sessions[session.session_id] = replace(stored, duration=HOURS)
    active = story.activate(session.session_id)
    assert active.expires_at is not None
    assert active.activated_at is not None
    assert active.expires_at - active.activated_at == timedelta(seconds=60)


@pytest.mark.guarantee("G2")
def test_what_is_changed_while_the_access_is_made_is_not_what_was_proven() -> None:
    story = Story()
    session = story.request()
    for approver in ("bob", "carol"):
        story.vote(approver, session.session_id)

    def overwrite() -> None:
        stored = story.store.sessions[session.session_id]
        story.store.sessions[session.session_id] = replace(stored, requester=arn("dave"))

    story.issuer.during_activate = overwrite
    with pytest.raises(Unproven):
        story.activate(session.session_id)
    assert story.store.sessions[session.session_id].status is Status.ACTIVATING


@pytest.mark.guarantee("G1")
def test_what_is_changed_between_the_proofs_and_the_record_gives_no_lease() -> None:
    story = Story()
    active = story.granted()

    def overwrite() -> None:
        stored = story.store.sessions[active.session_id]
        story.store.sessions[active.session_id] = replace(stored, expires_at=story.now + HOURS)

    story.issuer.during_lease = overwrite
    with pytest.raises(Unproven):
        story.lease(active.session_id)
    assert "Leased" not in story.store.types(active.session_id)


def test_keys_that_cannot_be_asked_give_nothing_and_leave_nothing_behind() -> None:
    story = Story()
    pending = story.request()
    active = story.granted()
    story.keys.down = True
    with pytest.raises(IssuerUnavailable):
        story.request()
    with pytest.raises(IssuerUnavailable):
        story.vote("bob", pending.session_id)
    with pytest.raises(IssuerUnavailable):
        story.lease(active.session_id)
    assert story.store.sessions[pending.session_id].votes == ()
    assert "Leased" not in story.store.types(active.session_id)


@pytest.mark.guarantee("G4")
def test_an_end_needs_no_proof() -> None:
    story = Story()
    active = story.granted()
    story.keys.down = True
    story.store.sessions[active.session_id] = replace(active, proof="", activation_proof="")
    assert story.revoke(active.session_id).status is Status.REVOKED
    assert story.issuer.held == set()


def test_an_end_that_comes_in_between_is_the_answer_and_no_alarm() -> None:
    story = Story()
    active = story.granted()
    story.keys.while_asked = lambda: story.revoke(active.session_id)
    with pytest.raises(Conflict):
        story.lease(active.session_id)
    assert "Drift" not in story.store.types(active.session_id)


def test_the_same_fault_is_on_record_once_however_often_it_is_tried() -> None:
    story = Story()
    active = story.granted()
    story.store.sessions[active.session_id] = replace(active, activation_proof="")
    for _ in range(3):
        with pytest.raises(Unproven):
            story.lease(active.session_id)
    assert story.store.types(active.session_id).count("Drift") == 1


def test_all_that_is_asked_is_asked_at_once_and_nothing_is_asked_from_memory() -> None:
    story = Story()
    active = story.granted()
    story.keys.asked.clear()
    for _ in range(2):
        story.lease(active.session_id)
    kinds = [[signed.statement.kind for signed in each] for each in story.keys.asked]
    assert kinds == [[Kind.REQUEST, Kind.VOTE, Kind.VOTE, Kind.ACTIVATION]] * 2


def test_what_the_proofs_add_on_the_way_to_credentials_is_counted() -> None:
    """`docs/store.md` has these numbers."""
    story = Story()
    session_id = story.waiting().session_id
    story.keys.made.clear()
    story.vote("carol", session_id)
    story.lease(story.activate(session_id).session_id)
    assert [statement.kind for statement in story.keys.made] == [Kind.VOTE, Kind.ACTIVATION]
    assert [len(asked) for asked in story.keys.asked] == [3, 4], "side by side, each of the two"
