"""Slack tells that others read in a channel from now on: what stands there goes at once."""

from pam.names import SLACK_CHANNEL
from pam.slack.jobs import Look
from tests.fakes.story import KYC
from tests.painting.world import CORE, World


def told(painted: World) -> None:
    """As the door does: it forgets what it knew, and has the painter look."""
    painted.shelf.forget(f"{SLACK_CHANNEL}{CORE}", painted.now())
    painted.put(Look(channel=CORE), once=f"told at {painted.now()}")


def test_what_stands_there_of_open_sessions_goes_at_once(painted: World) -> None:
    waiting, active = painted.story.request(), painted.story.granted("dave")
    elsewhere = painted.story.request("kim", KYC)
    for each in (waiting, active, elsewhere):
        painted.painted(each)
    painted.slack.call("share", channel="core-approvals", pending=True)
    told(painted)
    heard = painted.now()
    painted.settle()
    assert (painted.now() - heard).total_seconds() < 15
    assert painted.slack.messages("core-approvals") == []
    assert len(painted.cards("C0KYC000001")) == 1
    assert painted.queue.messages == []


def test_a_channel_that_is_not_shared_keeps_what_stands_there(painted: World) -> None:
    session = painted.story.request()
    card = painted.painted(session)
    told(painted)
    painted.settle()
    assert painted.card(session).ts == card.ts
    assert painted.queue.messages == []
