"""A click is a vote or nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

import slack_door
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.domain import proofs
from pam.domain.approval import Ballot
from pam.domain.lifecycle import Status
from pam.domain.proofs import Maker
from pam.slack import actions
from pam.slack.jobs import Method
from tests.fakes.story import LEDGER, UAT
from tests.handlers.slack_scene import Scene, scene

__all__ = ["scene"]


@pytest.fixture(params=["http", "socket"])
def both(request: pytest.FixtureRequest, scene: Scene) -> Scene:
    scene.way = request.param
    return scene


@pytest.mark.guarantee("G7")
def test_a_click_is_a_vote_when_it_is_acknowledged(both: Scene) -> None:
    session = both.story.request("alice", UAT)
    reply = both.click("bob", actions.APPROVE, session.session_id)
    assert (reply.status, reply.payload) == (200, {})
    (vote,) = both.session(session.session_id).votes
    assert (vote.name, vote.principal) == ("bob", "slack:T0BANK/U0BOB")
    assert (vote.surface, vote.auth) == ("slack", "slack")
    assert both.session(session.session_id).status is Status.APPROVED
    assert both.told.jobs == []


def test_a_vote_by_slack_is_signed_with_the_key_that_slacks_door_alone_has(scene: Scene) -> None:
    session = scene.story.request("alice", UAT)
    scene.click("bob", actions.APPROVE, session.session_id)
    (vote,) = scene.session(session.session_id).votes
    signed = proofs.signed_vote(session.session_id, vote)
    assert signed.statement.maker == "slack"
    assert scene.story.keys.verify([signed]) == (True,)


def test_two_approvers_in_the_same_second(scene: Scene) -> None:
    """Case 1: both clicks count, each once, and the request is decided once."""
    session = scene.story.request("alice", UAT)
    events = [
        scene.http_call("interactive", scene.pressed(who, actions.APPROVE, session.session_id))
        for who in ("bob", "carol")
    ]
    bob, carol = events
    scene.click("bob", actions.SHOW, session.session_id)
    # carol's whole click falls between bob's reading and his writing.
    _during_the_next_signature(scene, lambda: scene.answered(carol))
    assert scene.answered(bob).status == 200
    after = scene.session(session.session_id)
    assert [vote.name for vote in after.votes] == ["carol"]
    assert after.status is Status.APPROVED
    told = str(scene.told.sent(Method.POST_EPHEMERAL)[-1].arguments)
    assert "nothing to vote on" in told


def _during_the_next_signature(scene: Scene, act: Callable[[], Any]) -> None:
    front = slack_door.front()
    inner = front.signer

    class Once:
        done = False

        def sign(self, statement: Any) -> str:
            if not self.done:
                self.done = True
                act()
            return inner.sign(statement)

    object.__setattr__(front, "signer", Once())


def test_an_acknowledgement_that_was_lost_can_be_pressed_again(both: Scene) -> None:
    """Case 7, the door's part: pressed again it counts once, and is told that it stands."""
    session = both.story.request("alice", LEDGER)
    for _ in range(3):
        assert both.click("bob", actions.APPROVE, session.session_id).status == 200
    assert [vote.name for vote in both.session(session.session_id).votes] == ["bob"]
    told = both.told.sent(Method.POST_EPHEMERAL)
    assert ["Your vote stands" in str(each.arguments) for each in told] == [True, True]
    assert both.refusals() == []


def test_the_same_delivery_twice_is_handled_once(both: Scene) -> None:
    """Case 11: the same envelope again, by either way."""
    session = both.story.request("alice", LEDGER)
    pressed = both.pressed("bob", actions.APPROVE, session.session_id)
    for way in ("http", "socket", "http"):
        reply = both.deliver("interactive", pressed, way)
        assert (reply.status, reply.payload) == (200, {})
    assert len(both.session(session.session_id).votes) == 1
    assert both.told.jobs == []
    both.story.later(minutes=5)
    assert both.deliver("interactive", pressed).payload == {}
    assert both.told.jobs == []


def test_a_delivery_that_died_on_its_way_is_done_when_it_comes_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = scene.story.request("alice", UAT)
    pressed = scene.pressed("bob", actions.APPROVE, session.session_id)

    def dies(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(DynamoDbSessions, "save", dies)
        assert scene.deliver("interactive", pressed).status == 500
    assert scene.session(session.session_id).votes == ()
    assert scene.deliver("interactive", pressed).status == 200
    assert len(scene.session(session.session_id).votes) == 1


def test_a_delivery_whose_mark_was_lost_counts_once_all_the_same(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise ConnectionError

    session = scene.story.request("alice", LEDGER)
    pressed = scene.pressed("bob", actions.APPROVE, session.session_id)
    monkeypatch.setattr(type(slack_door.front().deliveries), "handled", dies)
    assert scene.deliver("interactive", pressed).status == 200
    assert scene.deliver("interactive", pressed).status == 200
    assert len(scene.session(session.session_id).votes) == 1
    assert scene.refusals() == []


def test_a_denial_has_a_comment_and_ends_it(both: Scene) -> None:
    session = both.story.request("alice", LEDGER)
    both.click("bob", actions.DENY, session.session_id)
    (form,) = both.told.sent(Method.UPDATE_VIEW)
    assert form.arguments["view_id"] == "V1"
    assert form.arguments["view"]["callback_id"] == actions.DENY
    assert form.arguments["view"]["private_metadata"] == session.session_id
    reply = both.submit("bob", actions.DENY, {actions.COMMENT: "not now"}, session.session_id)
    assert (reply.status, reply.payload) == (200, {})
    after = both.session(session.session_id)
    assert after.status is Status.DENIED
    assert (after.votes[0].decision, after.votes[0].comment) == (Ballot.DENY, "not now")


def test_an_approver_shortens_and_never_lengthens(both: Scene) -> None:
    session = both.story.request("alice", LEDGER, seconds=600)
    both.click("bob", actions.SHORTER, session.session_id)
    (form,) = both.told.sent(Method.UPDATE_VIEW)
    assert form.arguments["view"]["callback_id"] == actions.SHORTER
    values = {actions.DURATION: "1h"}
    reply = both.submit("bob", actions.SHORTER, values, session.session_id)
    assert reply.payload["response_action"] == "errors"
    assert "only shorten" in reply.payload["errors"][actions.DURATION]
    assert both.session(session.session_id).votes == ()
    both.submit("bob", actions.SHORTER, {actions.DURATION: "5m"}, session.session_id)
    assert both.session(session.session_id).duration == timedelta(minutes=5)


@pytest.mark.guarantee("G11")
def test_of_the_approvals_that_prod_needs_one_may_be_by_slack_and_the_next_says_where(
    both: Scene,
) -> None:
    session = both.story.request("alice", LEDGER)
    both.click("bob", actions.APPROVE, session.session_id)
    both.click("carol", actions.APPROVE, session.session_id)
    assert [vote.name for vote in both.session(session.session_id).votes] == ["bob"]
    (told,) = both.told.sent(Method.POST_EPHEMERAL)
    assert told.arguments["user"] == "U0CAROL"
    assert f"pam approve {session.session_id}" in str(told.arguments)
    both.story.vote("carol", session.session_id)
    assert both.session(session.session_id).status is Status.APPROVED


@pytest.mark.guarantee("G11")
def test_no_approval_of_an_emergency_is_by_slack_and_a_denial_is(scene: Scene) -> None:
    """Where the one who asked has signed for it: it has access already, and nothing to deny."""
    session = scene.story.request("alice", LEDGER, break_glass=True)
    scene.click("bob", actions.APPROVE, session.session_id)
    assert scene.session(session.session_id).votes == ()
    assert scene.told.sent(Method.POST_EPHEMERAL)


def test_nobody_approves_their_own_request(both: Scene) -> None:
    session = both.story.request("alice", UAT)
    both.click("alice", actions.APPROVE, session.session_id)
    assert both.session(session.session_id).votes == ()
    (told,) = both.told.sent(Method.POST_EPHEMERAL)
    assert "own request" in str(told.arguments)
    (record,) = both.refusals()
    assert record["session_id"] == session.session_id


def test_a_new_link_does_not_vote_for_ten_minutes(scene: Scene) -> None:
    session = scene.story.request("alice", LEDGER)
    made = scene.linked.known.links.pop("slack:T0BANK/U0BOB")
    fresh = replace(made, linked_at=scene.story.now, proof="")
    signer = scene.story.keys.of(Maker.DOOR)
    fresh = replace(fresh, proof=signer.sign(proofs.of_link(fresh)))
    scene.linked.known.links[made.principal] = fresh
    scene.click("bob", actions.APPROVE, session.session_id)
    assert scene.session(session.session_id).votes == ()
    (told,) = scene.told.sent(Method.POST_EPHEMERAL)
    assert f"pam approve {session.session_id}" in str(told.arguments)


@pytest.mark.parametrize("value", ["", "x", "01KJM3S3JTAAAAAAAAAAAAAAAA", "a" * 2000])
def test_a_button_of_no_session_does_nothing(scene: Scene, value: str) -> None:
    for action in (actions.APPROVE, actions.DENY, actions.SHORTER, actions.SHOW, actions.END):
        reply = scene.click("bob", action, value)
        assert (reply.status, reply.payload) == (200, {})
        assert "aaaaaaaaaaaaaaaa" not in str(scene.told.jobs)
    for callback in (actions.DENY, actions.SHORTER):
        scene.submit("bob", callback, {actions.DURATION: "5m"}, value)
    told = str(scene.told.jobs)
    assert "no such session" in told or "no session" in told or "must be" in told


# Slack's three seconds.


def test_when_time_is_out_before_the_write_nothing_is_done_and_it_says_so(both: Scene) -> None:
    session = both.story.request("alice", UAT)
    _during_the_next_signature(both, lambda: both.story.later(seconds=3))
    both.click("bob", actions.APPROVE, session.session_id)
    assert both.session(session.session_id).votes == ()
    (told,) = both.told.sent(Method.POST_EPHEMERAL)
    assert "Nothing was done" in str(told.arguments)
    assert both.refusals() == []
    both.click("bob", actions.APPROVE, session.session_id)
    assert len(both.session(session.session_id).votes) == 1


def test_a_vote_of_which_the_workflow_was_not_told_is_not_called_none(both: Scene) -> None:
    session = both.story.request("alice", UAT)
    both.story.store.put_task_token(session.session_id, "token", both.story.now)
    both.story.workflow.throttled = True
    both.click("bob", actions.APPROVE, session.session_id)
    assert len(both.session(session.session_id).votes) == 1
    (told,) = both.told.sent(Method.POST_EPHEMERAL)
    assert "Nothing was done" not in str(told.arguments)
    both.story.workflow.throttled = False
    both.click("bob", actions.APPROVE, session.session_id)
    assert both.story.workflow.approvals == ["token"]
    assert "Your vote stands" in str(both.told.sent(Method.POST_EPHEMERAL)[-1].arguments)


@pytest.mark.parametrize(("waited", "votes"), [(0, 1), (1500, 1), (2600, 0), (60_000, 0)])
def test_time_counts_from_when_the_gateway_had_the_call(
    scene: Scene, waited: int, votes: int
) -> None:
    """A cold start has passed by then. What Slack gave up is not done behind its back."""
    session = scene.story.request("alice", UAT)
    scene.click("bob", actions.SHOW, session.session_id)
    event = scene.http_call(
        "interactive", scene.pressed("bob", actions.APPROVE, session.session_id)
    )
    began = int(scene.story.now.timestamp() * 1000) - waited
    event["requestContext"]["requestTimeEpoch"] = began
    assert scene.answered(event).status == 200
    assert len(scene.session(session.session_id).votes) == votes


def test_a_vote_stands_when_nothing_can_be_told_in_slack(scene: Scene) -> None:
    session = scene.story.request("alice", LEDGER)
    scene.told.failing = True
    assert scene.click("bob", actions.APPROVE, session.session_id).status == 200
    assert scene.click("bob", actions.APPROVE, session.session_id).status == 200
    assert len(scene.session(session.session_id).votes) == 1
