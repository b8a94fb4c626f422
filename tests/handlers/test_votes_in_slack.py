"""A click is a vote or nothing."""

import pytest

from pam.domain.lifecycle import Status
from pam.slack import actions
from pam.slack.jobs import Method
from tests.fakes.story import LEDGER, UAT
from tests.handlers.slack_scene import Scene, scene

__all__ = ["scene"]


@pytest.fixture(params=["http", "socket"])
def both(request: pytest.FixtureRequest, scene: Scene) -> Scene:
    scene.way = request.param
    return scene


def test_a_click_is_a_vote_when_it_is_acknowledged(both: Scene) -> None:
    session = both.story.request("alice", UAT)
    reply = both.click("bob", actions.APPROVE, session.session_id)
    assert (reply.status, reply.payload) == (200, {})
    (vote,) = both.session(session.session_id).votes
    assert (vote.name, vote.principal) == ("bob", "slack:T0BANK/U0BOB")
    assert (vote.surface, vote.auth) == ("slack", "slack")
    assert both.session(session.session_id).status is Status.APPROVED
    assert both.told.jobs == []
    assert LEDGER and Method
