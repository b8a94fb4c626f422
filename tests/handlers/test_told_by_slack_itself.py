"""What Slack tells of channels and users, and by which name PAM's texts call its command."""

import pytest

from pam.slack import actions
from pam.slack.jobs import Look
from tests.fakes.story import UAT
from tests.handlers.slack_scene import CHANNEL, Scene, scene

__all__ = ["scene"]


@pytest.mark.parametrize("way", ["http", "socket"])
def test_a_channel_that_becomes_shared_is_looked_at_at_once(scene: Scene, way: str) -> None:
    scene.way = way
    told = scene.told_of({"type": "channel_shared", "channel": CHANNEL, "connected_team_id": "T9"})
    for _ in range(2):
        assert scene.deliver("events_api", told).status == 200
    assert scene.told.jobs == [Look(channel=CHANNEL)]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "channel_unshared", "channel": CHANNEL},
        {"type": "channel_rename", "channel": {"id": CHANNEL, "name": "other"}},
        {"type": "member_joined_channel", "channel": CHANNEL, "user": "U0BOB"},
        {"type": "user_change", "user": {"id": "U0BOB"}},
    ],
)
def test_other_changes_are_found_when_they_matter(scene: Scene, event: dict[str, object]) -> None:
    assert scene.event(event).status == 200
    assert scene.told.jobs == []


@pytest.mark.parametrize("typed", ["/access", "/jit"])
def test_whoever_is_nobody_is_told_the_first_of_the_apps_commands(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setenv("PAM_SLACK_COMMANDS", "/access,/jit")
    told = scene.command("nora", "mine", command=typed).text
    assert "`/access link`" in told
    assert "/jit" not in told


def test_the_same_is_said_beside_a_button(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAM_SLACK_COMMANDS", "/access")
    session = scene.story.request("alice", UAT)
    scene.click("nora", actions.APPROVE, session.session_id)
    ((said,), records) = scene.told.jobs, scene.refusals()
    assert "`/access link`" in str(said)
    assert "pam link slack CODE" in str(said)
    assert "link`" not in records[0]["reason"], "what is recorded tells nobody what to do"
