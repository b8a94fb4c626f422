"""Who is nobody in Slack: told why for their eyes alone, and recorded. One rule for all that Slack
delivers.
"""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pam.slack import actions
from pam.slack.jobs import Method, Send
from pam.slack_web.errors import Gone, Limited, Rejected, SlackFailed, Unauthorised
from tests.fakes.story import UAT
from tests.handlers.slack_scene import CHANNEL, TEAM, Json, Reply, Scene, channel, member, scene

__all__ = ["scene"]

# What Slack says of the user who is bob's.
NOBODIES: dict[str, tuple[Json, str]] = {
    "a guest": ({"is_restricted": True}, "Guests"),
    "a guest of one channel": ({"is_ultra_restricted": True}, "Guests"),
    "a stranger": ({"is_stranger": True}, "another organisation"),
    "a bot": ({"is_bot": True}, "Bots"),
    "an app": ({"is_app_user": True}, "Apps"),
    "a workflow": ({"is_workflow_bot": True}, "Workflows"),
    "a connector": ({"is_connector_bot": True}, "Connectors"),
    "somebody who has left": ({"deleted": True}, "deactivated"),
    "somebody invited": ({"is_invited_user": True}, "invitation"),
    "a user of a foreign team": ({"team_id": "T0FOREIGN"}, "does not serve"),
    "a user of a foreign enterprise": (
        {"enterprise_user": {"enterprise_id": "E0FOREIGN"}},
        "does not serve",
    ),
    "another user than who clicked": ({"id": "U0CAROL"}, "does not say"),
}
SAID_OF_MEMBERS = (
    *("id", "team_id", "deleted", "is_bot", "is_app_user"),
    *("is_restricted", "is_ultra_restricted"),
)


def approve(scene: Scene, session_id: str) -> Reply:
    return scene.click("bob", actions.APPROVE, session_id)


WAYS: dict[str, Callable[[Scene, str], Reply]] = {
    "a button": approve,
    "a command": lambda scene, _: scene.command("bob", f"{UAT} 30m the ledger is stuck"),
    "the form's command": lambda scene, _: scene.command("bob", ""),
    "a form": lambda scene, session_id: scene.submit(
        "bob", actions.DENY, {actions.COMMENT: "no"}, session_id
    ),
    "a button of a modal": lambda scene, session_id: scene.click(
        "bob", actions.APPROVE, session_id, where="modal"
    ),
    "a button of Home": lambda scene, session_id: scene.click(
        "bob", actions.END, session_id, where="home"
    ),
    "a reaction": lambda scene, session_id: scene.react("bob", "white_check_mark"),
    "a shortcut": lambda scene, _: scene.deliver(
        "interactive",
        {
            "type": "shortcut",
            "team": {"id": TEAM},
            "user": {"id": "U0BOB", "team_id": TEAM},
            "callback_id": actions.REQUEST,
            "trigger_id": f"{next(_numbers)}.shortcut",
        },
    ),
    "opening Home": lambda scene, _: scene.open_home("bob"),
}
_numbers = itertools.count(1)
LOOKS = {"opening Home"}


def told_to(scene: Scene, user: str, reply: Reply) -> str:
    """All that this user sees, and nobody else."""
    seen = [reply.text]
    for job in scene.told.jobs:
        assert isinstance(job, Send)
        assert job.method is not Method.POST_MESSAGE
        whose = {job.to, job.arguments.get("user"), job.arguments.get("user_id")}
        assert user in whose
        seen.append(str(job.arguments))
    return " ".join(seen)


@pytest.fixture
def session_id(scene: Scene) -> str:
    opened = scene.story.request("alice", UAT).session_id
    scene.cards.at[CHANNEL, "1548261231.000200"] = opened
    return opened


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.guarantee("G11")
def test_nobody_is_told_why_for_their_eyes_alone_and_nothing_is_done(
    scene: Scene, session_id: str, way: str
) -> None:
    before, ordinary = scene.session(session_id), dict(scene.slack.users["U0BOB"])
    for number, (changed, why) in enumerate(NOBODIES.values(), start=1):
        scene.slack.users["U0BOB"] = ordinary | changed
        # What was said of the last one holds no more.
        scene.story.later(seconds=61)
        scene.told.jobs.clear()
        reply = WAYS[way](scene, session_id)
        assert reply.status == 200
        assert why in told_to(scene, "U0BOB", reply), changed
        assert scene.session(session_id) == before
        records = scene.refusals()
        assert len(records) == (0 if way in LOOKS else number)
    assert scene.story.store.open_now("bob").sessions == ()
    for record in records:
        assert (record["outcome"], record["session_id"]) == ("refused", "")
        assert record["actor"]["principal"] == "slack:T0BANK/U0BOB"
        assert (record["actor"]["surface"], record["actor"]["auth"]) == ("slack", "slack")


@pytest.mark.parametrize("odd", ["absent", None, "false", 0])
def test_what_slack_does_not_say_counts_as_refusal(scene: Scene, session_id: str, odd: Any) -> None:
    ordinary = dict(scene.slack.users["U0BOB"])
    for number, name in enumerate(SAID_OF_MEMBERS, start=1):
        scene.slack.users["U0BOB"] = {**ordinary, name: odd}
        if odd == "absent":
            del scene.slack.users["U0BOB"][name]
        scene.story.later(seconds=61)
        approve(scene, session_id)
        assert scene.session(session_id).votes == (), name
        assert len(scene.refusals()) == number


# The payload alone names another team.
FOREIGN: dict[str, Json] = {
    "the user's team": {"user": {"id": "U0BOB", "team_id": "T0FOREIGN"}},
    "the user's enterprise": {"user": {"id": "U0BOB", "team_id": "E0FOREIGN"}},
    "the payload's team": {"team": {"id": "T0FOREIGN"}},
    "the payload's enterprise": {"enterprise": {"id": "E0FOREIGN"}},
    "no team of the user's": {"user": {"id": "U0BOB"}},
    "no team at all": {"team": None},
    "no user": {"user": {"team_id": TEAM}},
    "a user that is none": {"user": {"id": "bob", "team_id": TEAM}},
}


@pytest.mark.guarantee("G11")
def test_a_foreign_team_is_refused_and_recorded_without_any_call(
    scene: Scene, session_id: str
) -> None:
    for number, (foreign, changed) in enumerate(FOREIGN.items(), start=1):
        reply = scene.click("bob", actions.APPROVE, session_id, **changed)
        assert (reply.status, reply.payload) == (200, {}), foreign
        assert len(scene.refusals()) == number
    assert scene.slack.calls == []
    assert scene.told.jobs == []
    assert scene.session(session_id).votes == ()


def test_a_command_of_a_foreign_team_is_answered_in_the_acknowledgement(scene: Scene) -> None:
    reply = scene.command("bob", "", team_id="T0FOREIGN")
    assert "does not serve" in reply.text
    assert (scene.slack.calls, scene.told.jobs) == ([], [])


def test_an_approvers_mail_makes_nobody_an_approver(scene: Scene, session_id: str) -> None:
    """Case 3: the user is bound to nobody, and their mail is bob's to the letter."""
    scene.slack.users["U0EVE"] = member(
        "U0EVE", name="bob", profile={"real_name": "bob", "email": "u0bob@bank.example"}
    )
    reply = scene.click("eve", actions.APPROVE, session_id)
    assert scene.session(session_id).votes == ()
    assert "/jit link" in told_to(scene, "U0EVE", reply)
    assert scene.refusals()[0]["actor"]["principal"] == "slack:T0BANK/U0EVE"


def test_a_member_who_is_no_approver_is_refused_by_policy_and_recorded(
    scene: Scene, session_id: str
) -> None:
    """Case 2: signed, known, and not on the list."""
    reply = scene.click("dave", actions.APPROVE, session_id)
    assert "dave" in told_to(scene, "U0DAVE", reply)
    assert scene.session(session_id).votes == ()
    assert len(scene.refusals()) == 1


# A link and what it rests on.


def test_a_link_that_rests_on_what_has_changed_is_to_be_made_anew(
    scene: Scene, session_id: str
) -> None:
    scene.slack.users["U0BOB"]["profile"] = {"email": "another@bank.example"}
    reply = approve(scene, session_id)
    assert "/jit link" in told_to(scene, "U0BOB", reply)
    assert scene.session(session_id).votes == ()


def test_a_link_holds_for_90_days(scene: Scene) -> None:
    scene.story.later(days=91)
    session = scene.story.request("alice", UAT)
    reply = approve(scene, session.session_id)
    assert "/jit link" in told_to(scene, "U0BOB", reply)
    assert scene.session(session.session_id).votes == ()


# Channels.

SHARED: dict[str, Json] = {
    "shared with another organisation": {"is_ext_shared": True},
    "about to be": {"is_pending_ext_shared": True},
    "shared with another workspace": {"is_shared": True},
    "archived": {"is_archived": True},
    "without PAM": {"is_member": False},
    "of which Slack does not say": {"is_ext_shared": None},
    "another one": {"id": "C0OTHER"},
}


def test_a_click_in_a_channel_that_others_see_is_refused_and_the_painter_looks_at_it(
    scene: Scene, session_id: str
) -> None:
    for number, (how, changed) in enumerate(SHARED.items(), start=1):
        scene.slack.channels[CHANNEL] = channel(CHANNEL) | changed
        scene.story.later(seconds=61)
        approve(scene, session_id)
        assert scene.session(session_id).votes == (), how
        assert len(scene.told.painted()) == number
        assert len(scene.refusals()) == number
    assert {(each.session_id, each.channel) for each in scene.told.painted()} == {
        (session_id, CHANNEL)
    }


def test_a_message_in_no_channel_that_slack_names_is_not_pressed(
    scene: Scene, session_id: str
) -> None:
    pressed = scene.pressed("bob", actions.APPROVE, session_id, channel=None)
    pressed["container"] = {"type": "message", "message_ts": "1548261231.000200"}
    assert scene.deliver("interactive", pressed).status == 200
    # Nor by a view beside it.
    both = {**pressed, "view": {"id": "V0OPEN", "type": "modal", "hash": "1.a"}}
    assert scene.deliver("interactive", both).status == 200
    assert scene.session(session_id).votes == ()
    assert len(scene.refusals()) >= 1


def test_a_channel_that_becomes_shared_after_the_card_was_posted(
    scene: Scene, session_id: str
) -> None:
    """Case 13: what was remembered of the channel is dropped by Slack's own word."""
    approve_deny = scene.click("bob", actions.SHOW, session_id)
    assert approve_deny.status == 200
    scene.slack.channels[CHANNEL]["is_ext_shared"] = True
    scene.event({"type": "channel_shared", "channel": CHANNEL, "connected_team_id": "T0FOREIGN"})
    stranger = {"id": "U0OTTO", "team_id": "T0FOREIGN"}
    scene.click("otto", actions.APPROVE, session_id, user=stranger)
    approve(scene, session_id)
    assert scene.session(session_id).votes == ()
    assert [paint.channel for paint in scene.told.painted()] == [CHANNEL]


# What is remembered.


def test_facts_hold_for_a_minute(scene: Scene) -> None:
    for minutes, asked in ((0.0, 1), (0.9, 1), (0.2, 2)):
        scene.story.later(minutes=minutes)
        scene.click("bob", actions.SHOW, scene.story.request("alice", UAT).session_id)
        assert (scene.slack.made("users.info"), scene.slack.made("conversations.info")) == (
            asked,
            asked,
        )


CHANGES: dict[str, Json] = {
    "user_change": {"user": {"id": "U0BOB", "deleted": True}},
    "team_join": {"user": {"id": "U0BOB"}},
    "member_left_channel": {"user": "U0BOB", "channel": CHANNEL},
    "member_joined_channel": {"user": "U0BOB", "channel": CHANNEL},
}


@pytest.mark.parametrize("change", CHANGES)
def test_somebody_who_leaves_between_card_and_click_is_refused(
    scene: Scene, session_id: str, change: str
) -> None:
    scene.click("bob", actions.SHOW, session_id)
    scene.slack.users["U0BOB"]["deleted"] = True
    scene.event({"type": change, **CHANGES[change]})
    approve(scene, session_id)
    assert scene.session(session_id).votes == ()


@pytest.mark.parametrize("change", ["channel_shared", "channel_unshared", "channel_archive"])
def test_of_a_channel_that_changes_slack_is_asked_anew(
    scene: Scene, session_id: str, change: str
) -> None:
    scene.click("bob", actions.SHOW, session_id)
    scene.event({"type": change, "channel": CHANNEL})
    scene.click("bob", actions.SHOW, session_id)
    assert scene.slack.made("conversations.info") == 2


def test_what_slack_said_before_a_change_is_not_kept_after_it(
    scene: Scene, session_id: str
) -> None:
    """The answer was on its way when the event came."""
    scene.slack.before["users.info"] = lambda: _left(scene)
    approve(scene, session_id)
    other = scene.story.request("alice", UAT)
    scene.click("bob", actions.APPROVE, other.session_id)
    assert scene.session(other.session_id).votes == ()
    assert scene.slack.made("users.info") == 2


def _left(scene: Scene) -> None:
    old = dict(scene.slack.users["U0BOB"])
    scene.story.now += timedelta(milliseconds=1)
    scene.event({"type": "user_change", "user": {"id": "U0BOB"}})
    scene.slack.users["U0BOB"] = old | {"deleted": True}
    # This answer still says what was.
    scene.slack.users["U0BOB"], later = old, scene.slack.users["U0BOB"]
    scene.slack.before["users.info"] = lambda: scene.slack.users.update(U0BOB=later)


FAILURES = (
    Gone("user_not_found"),
    Limited(30),
    Unauthorised("token_revoked"),
    Rejected("missing_scope"),
    SlackFailed("no answer"),
)


@pytest.mark.parametrize("method", ["users.info", "conversations.info"])
def test_facts_that_are_older_and_not_to_be_had_are_refusal_and_say_how_to_vote(
    scene: Scene, session_id: str, method: str
) -> None:
    scene.click("bob", actions.SHOW, session_id)
    scene.story.later(seconds=61)
    for failure in FAILURES:
        scene.slack.failing[method] = failure
        scene.told.jobs.clear()
        reply = approve(scene, session_id)
        assert f"pam approve {session_id}" in told_to(scene, "U0BOB", reply)
        assert scene.session(session_id).votes == ()
    # Once Slack answers again, the same button works.
    del scene.slack.failing[method]
    approve(scene, session_id)
    assert len(scene.session(session_id).votes) == 1


def test_within_the_minute_slack_may_be_down(scene: Scene, session_id: str) -> None:
    scene.click("bob", actions.SHOW, session_id)
    scene.slack.failing = {"users.info": Limited(1), "conversations.info": Limited(1)}
    approve(scene, session_id)
    assert len(scene.session(session_id).votes) == 1


def test_a_channel_that_nobody_is_asked_about_needs_no_facts(scene: Scene) -> None:
    scene.slack.channels = {"C0OTHER": channel("C0OTHER")}
    assert "sessions" in scene.command("alice", "mine").text
