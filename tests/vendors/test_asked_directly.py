"""Whoever may invoke a vendor's function past PAM: nobody gets access, and nobody loses it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.domain import proofs, timestamps
from pam.domain.errors import TryAgain
from pam.domain.lifecycle import Status
from pam.domain.messages import UnknownEvent
from pam.domain.proofs import Maker
from pam.domain.session import Session
from pam.domain.standing import LONGEST_CALL, checkout_of
from tests.vendors.story import VendorStory

Change = Callable[[VendorStory, Session], Session]


def asked(session: Session, proof: str, until: str) -> dict[str, Any]:
    return {
        "message": "MakeAccess",
        "session_id": session.session_id,
        "until": until,
        "proof": proof,
    }


def as_the_activator(story: VendorStory, session: Session) -> dict[str, Any]:
    """The very message that it would send."""
    until = story.now + LONGEST_CALL
    mac = story.keys.mac(Maker.ACTIVATION, proofs.of_making(session, until))
    return asked(session, mac, timestamps.render(until))


def activating(story: VendorStory) -> Session:
    """A call of the activator has begun to make its access."""
    story.directory.slow = 1
    session = story.asked_for()
    with pytest.raises(TryAgain):
        story.activate(session.session_id)
    return story.stored(session.session_id)


def test_what_the_activator_asks_for_is_made(story: VendorStory) -> None:
    session = activating(story)
    answer = story.issue(**as_the_activator(story, session))
    assert set(answer) == {"done"}
    assert story.has_access()


def _keep(_: VendorStory, session: Session) -> Session:
    return session


REFUSED: dict[str, tuple[Change, str]] = {
    "approved, and not begun": (lambda _, s: replace(s, status=Status.APPROVED), "Conflict"),
    "active": (lambda _, s: replace(s, status=Status.ACTIVE), "Conflict"),
    "ending": (lambda _, s: replace(s, status=Status.REVOKING), "Conflict"),
    "over": (lambda _, s: replace(s, status=Status.ENDED), "Conflict"),
    "of another kind": (
        lambda _, s: replace(s, target=replace(s.target, kind="aws-role")),
        "Conflict",
    ),
    "of another person": (lambda _, s: replace(s, requester_name="dave"), "Unproven"),
    "of another target": (
        lambda _, s: replace(s, target=replace(s.target, names={**s.target.names, "x": "y"})),
        "Unproven",
    ),
    "with other settings": (
        lambda _, s: replace(s, target=replace(s.target, settings={"portal": "x"})),
        "Unproven",
    ),
    "without its request": (lambda _, s: replace(s, proof=""), "Unproven"),
    "of long ago": (
        lambda story, s: replace(s, activating_at=story.now - timedelta(hours=1)),
        "Conflict",
    ),
}


@pytest.mark.parametrize("changed", REFUSED)
def test_a_session_that_was_put_there_gets_none(story: VendorStory, changed: str) -> None:
    """By somebody who may write the table, and has the activator's message for what was there."""
    change, error = REFUSED[changed]
    session = activating(story)
    message = as_the_activator(story, session)
    story.store.sessions[session.session_id] = change(story, session)
    answer = story.issue(**message)
    assert answer["error"] == error
    assert not story.has_access()


def test_votes_that_nobody_cast_give_none(story: VendorStory) -> None:
    session = activating(story)
    forged = replace(session, votes=tuple(replace(v, proof="x") for v in session.votes))
    story.store.sessions[session.session_id] = forged
    assert story.issue(**as_the_activator(story, session))["error"] == "Unproven"
    assert not story.has_access()


def test_a_request_alone_gives_none(story: VendorStory) -> None:
    """All that PAM's doors sign, and no word of the activator: without a single vote."""
    session = story.request("alice", story.resource)
    put = replace(session, status=Status.ACTIVATING, activating_at=story.now)
    story.store.sessions[session.session_id] = put
    what = checkout_of(session)
    story.checkouts.take(what, session.session_id)
    story.checkouts.begin_making(what, session.session_id, until=story.now + LONGEST_CALL)
    until = story.now + LONGEST_CALL
    for maker in (Maker.DOOR, Maker.ADMISSION, Maker.SLACK):
        mac = story.keys.mac(maker, proofs.of_making(put, until))
        answer = story.issue(**asked(put, mac, timestamps.render(until)))
        assert answer["error"] == "Unproven"
    assert not story.has_access()


@pytest.mark.parametrize("with_proof_of", ["activation", "another call", "another session"])
def test_the_proof_is_of_this_call_alone(story: VendorStory, with_proof_of: str) -> None:
    session = activating(story)
    until = story.now + LONGEST_CALL
    statements = {
        "activation": proofs.of_activation(session),
        "another call": proofs.of_making(session, until - timedelta(seconds=1)),
        "another session": proofs.of_making(
            replace(session, session_id="01KJMMA2QTRNAQZ4665VTWP12S"), until
        ),
    }
    mac = story.keys.mac(Maker.ACTIVATION, statements[with_proof_of])
    answer = story.issue(**asked(session, mac, timestamps.render(until)))
    assert answer["error"] == "Unproven"
    assert not story.has_access()


def test_a_message_that_was_kept_is_worth_nothing_when_its_call_is_over(
    story: VendorStory,
) -> None:
    session = activating(story)
    message = as_the_activator(story, session)
    story.later(seconds=LONGEST_CALL.total_seconds())
    assert story.issue(**message)["error"] == "TryAgain"
    assert not story.has_access()


def test_a_session_that_ended_and_was_put_back_gets_none(story: VendorStory) -> None:
    session = activating(story)
    message = as_the_activator(story, session)
    story.revoke(session.session_id)
    story.store.sessions[session.session_id] = session
    assert story.issue(**message)["error"] == "Unproven"
    assert not story.has_access()


def test_a_session_that_does_not_have_the_target_gets_none(story: VendorStory) -> None:
    session = activating(story)
    story.checkouts.held.clear()
    assert story.issue(**as_the_activator(story, session))["error"] == "IssuerUnavailable"
    assert not story.has_access()


def test_nobody_loses_access_that_nobody_ended(story: VendorStory) -> None:
    session = story.active()
    answer = story.take(message="UnmakeAccess", session_id=session.session_id)
    assert answer["error"] == "IssuerUnavailable"
    assert "nobody decided" in answer["detail"]
    assert story.has_access()
    assert session.expires_at is not None
    story.now = session.expires_at
    taken = story.take(message="UnmakeAccess", session_id=session.session_id)
    assert taken["done"]["method"] == "assignment-gone"
    assert not story.has_access()


def test_the_end_of_an_earlier_session_takes_nothing_of_the_next(story: VendorStory) -> None:
    earlier = story.active()
    story.end(earlier.session_id)
    story.active()
    answer = story.take(message="UnmakeAccess", session_id=earlier.session_id)
    assert answer["error"] == "IssuerUnavailable"
    assert story.has_access()


def test_what_an_end_left_stays_as_long_as_it_must(story: VendorStory) -> None:
    session = story.active()
    clear = {"message": "ClearAccess", "session_id": session.session_id}
    assert story.take(**clear)["error"] == "IssuerUnavailable"
    story.end(session.session_id)
    assert story.take(**clear)["error"] == "IssuerUnavailable"
    assert story.directory.cleared == []
    story.later(hours=2)
    assert story.take(**clear) == {"done": None}
    assert story.directory.cleared == [session.session_id]


def test_a_target_that_the_catalogue_does_not_lend_is_left_alone(story: VendorStory) -> None:
    for act in ("sessions", "standing", "strangers", "keep", "undone", "tidy"):
        lent = story.take(message="AtTarget", act=act, target=story.target.label)
        assert set(lent) == {"done"}
        calls = len(story.directory.calls)
        other = story.take(message="AtTarget", act=act, target="arn:aws:iam::1:role/any")
        assert other["error"] == "IssuerUnavailable"
        assert len(story.directory.calls) == calls


def test_each_function_has_one_power(story: VendorStory) -> None:
    session = story.active()
    for message in (
        {"message": "UnmakeAccess", "session_id": session.session_id},
        {"message": "ClearAccess", "session_id": session.session_id},
        {"message": "AtTarget", "act": "tidy", "target": story.target.label},
        {"message": "Activate", "session_id": session.session_id},
        {},
    ):
        with pytest.raises(UnknownEvent):
            story.issue(**message)
    with pytest.raises(UnknownEvent):
        story.take(**as_the_activator(story, session))
    with pytest.raises(UnknownEvent):
        story.take(message="AtTarget", act="delete", target=story.target.label)
