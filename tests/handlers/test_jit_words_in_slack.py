"""The other words of the command, Home, and reactions."""

from typing import Any

import pytest

from pam.domain import links
from pam.domain.lifecycle import Status
from pam.slack import actions
from pam.slack.jobs import Method
from tests.fakes.story import LEDGER, UAT
from tests.handlers.slack_scene import CARD_TS, CHANNEL, Scene, scene

__all__ = ["scene"]


@pytest.fixture(params=["http", "socket"])
def both(request: pytest.FixtureRequest, scene: Scene) -> Scene:
    scene.way = request.param
    return scene


def test_help_and_what_was_not_understood(scene: Scene) -> None:
    assert "admin-status" in scene.command("alice", "help", command="/request-admin").text
    assert "/request-admin" in scene.command("alice", "help", command="/request-admin").text
    assert "Nothing may follow" in scene.command("alice", "mine all").text


def test_my_sessions_are_mine_alone(scene: Scene) -> None:
    mine = scene.story.request("alice", UAT)
    others = scene.story.request("dave", UAT)
    for words in ("mine", "status"):
        reply = scene.command("alice", words)
        assert mine.session_id in reply.text
        assert others.session_id not in reply.text


def test_the_status_of_one_session_is_for_whoever_may_read_it(scene: Scene) -> None:
    session = scene.story.request("alice", UAT)
    for who in ("alice", "bob"):
        assert "approval" in scene.command(who, f"status {session.session_id.lower()}").text
    assert "no session" in scene.command("dave", f"status {session.session_id}").text


def test_access_is_given_back_and_taken_at_once(both: Scene) -> None:
    session = both.story.granted("alice", LEDGER)
    reply = both.command("alice", f"end {session.session_id}")
    assert both.session(session.session_id).status is Status.ENDED
    assert session.session_id in reply.text
    # Its acknowledgement was lost: typed again, it says the same.
    assert "over" in both.command("alice", f"end {session.session_id}").text
    assert both.refusals() == []


def test_an_end_is_decided_though_the_revocation_cannot_be_called(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    import slack_door
    from pam.domain.errors import IssuerUnavailable

    class Nobody:
        def end_decided(self, session_id: str) -> None:
            raise IssuerUnavailable(session_id)

    session = scene.story.granted("alice", LEDGER)
    object.__setattr__(slack_door.front(), "closer", Nobody())
    reply = scene.command("alice", f"end {session.session_id}")
    assert scene.session(session.session_id).status is Status.REVOKING
    assert "being taken away" in reply.text


def test_a_request_is_withdrawn(scene: Scene) -> None:
    session = scene.story.request("alice", LEDGER)
    scene.command("alice", f"end {session.session_id}")
    assert scene.session(session.session_id).status is Status.WITHDRAWN


@pytest.mark.guarantee("G11")
def test_nobody_ends_what_is_anothers_and_no_operator_revokes_in_slack(scene: Scene) -> None:
    session = scene.story.granted("alice", LEDGER)
    for who in ("dave", "bob", "sam"):
        scene.command(who, f"end {session.session_id}")
        scene.click(who, actions.END, session.session_id, where="home")
    assert scene.session(session.session_id).status is Status.ACTIVE
    assert len(scene.refusals()) >= 3


def test_a_member_whom_pam_does_not_know_gets_a_code_of_their_own(both: Scene) -> None:
    reply = both.command("nora", "link")
    (code,) = [c for p, c in both.linked.known.codes.items() if p == "slack:T0BANK/U0NORA"]
    assert reply.payload["response_type"] == "ephemeral"
    assert "pam link slack " in reply.text
    typed = reply.text.partition("pam link slack ")[2].partition('"')[0]
    assert links.digest_of(typed) == code.digest
    assert (code.display, code.team) == ("U0NORA of the bank", "T0BANK")
    assert both.told.jobs == []
    made = both.linked.hand_in(typed, accept="slack:T0BANK/U0NORA", who="kurt").link
    assert made is not None
    both.story.later(minutes=11)
    assert "You have no sessions" in both.command("nora", "mine").text


def test_the_same_command_twice_shows_one_code(scene: Scene) -> None:
    typed = scene.typed("nora", "link")
    first, second = (scene.deliver("slash_commands", typed) for _ in range(2))
    assert "pam link slack" in first.text
    assert second.payload == {}


def test_two_of_one_command_at_once_show_one_code(scene: Scene) -> None:
    """A second code would void the first, which the person may be reading."""
    typed = scene.typed("nora", "link")
    twins = []
    scene.slack.before["users.info"] = lambda: twins.append(scene.deliver("slash_commands", typed))
    outer = scene.deliver("slash_commands", typed)
    (inner,) = twins
    assert "pam link slack" in inner.text
    assert outer.payload == {}


def test_a_guest_gets_no_code(scene: Scene) -> None:
    scene.slack.users["U0NORA"]["is_restricted"] = True
    assert "Guests" in scene.command("nora", "link").text
    assert "slack:T0BANK/U0NORA" not in scene.linked.known.codes


def test_open_and_stuck_sessions_are_for_operators(scene: Scene) -> None:
    waiting = scene.story.request("alice", LEDGER)
    active = scene.story.granted("dave", LEDGER)
    reply = scene.command("sam", "admin-status")
    assert waiting.session_id in reply.text
    assert active.session_id in reply.text
    assert "Stuck: 0" in reply.text
    for who in ("alice", "bob"):
        told = scene.command(who, "admin-status")
        assert "policy" in told.text
        assert active.session_id not in told.text


def home_of(scene: Scene, user: str) -> str:
    published = [
        job for job in scene.told.sent(Method.PUBLISH_VIEW) if job.arguments["user_id"] == user
    ]
    assert published[-1].to == user
    return str(published[-1].arguments["view"])


def test_home_has_my_sessions_and_what_waits_for_me(both: Scene) -> None:
    mine = both.story.granted("alice", LEDGER)
    waits = both.story.request("dave", LEDGER)
    both.open_home("alice")
    both.open_home("bob")
    assert mine.session_id in home_of(both, "U0ALICE")
    assert waits.session_id not in home_of(both, "U0ALICE")
    assert waits.session_id in home_of(both, "U0BOB")
    assert mine.session_id not in home_of(both, "U0BOB")


def test_an_event_that_comes_again_after_five_minutes_is_not_handled_again(scene: Scene) -> None:
    """Case 10: first delivered as a retry it is handled, and once."""
    opened = {"type": "app_home_opened", "user": "U0ALICE", "tab": "home"}
    told = scene.told_of(opened)
    event = scene.http_call("events_api", told)
    event["multiValueHeaders"]["X-Slack-Retry-Num"] = ["1"]
    event["multiValueHeaders"]["X-Slack-Retry-Reason"] = ["http_timeout"]
    assert scene.answered(event).status == 200
    assert len(scene.told.jobs) == 1
    scene.story.later(minutes=5)
    assert scene.deliver("events_api", told).status == 200
    assert len(scene.told.jobs) == 1


def test_home_with_more_sessions_than_fit_says_how_many_more_there_are(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 14: two people at once."""
    from tests.fakes.story import WITHOUT_LIMITS

    monkeypatch.setattr(scene.story, "policy", WITHOUT_LIMITS)
    for _ in range(30):
        scene.story.request("alice", UAT)
    scene.open_home("bob")
    scene.open_home("alice")
    for user in ("U0ALICE", "U0BOB"):
        assert "and 8 more" in home_of(scene, user)
        (job,) = [each for each in scene.told.sent(Method.PUBLISH_VIEW) if each.to == user]
        assert len(job.arguments["view"]["blocks"]) <= 100


def test_a_button_of_home_ends_the_session_and_paints_home_anew(both: Scene) -> None:
    session = both.story.granted("alice", LEDGER)
    both.click("alice", actions.END, session.session_id, where="home")
    assert both.session(session.session_id).status is Status.ENDED
    assert "ENDED" in home_of(both, "U0ALICE")


def test_look_and_decide(both: Scene) -> None:
    """From Home into a modal with the card's buttons, and there a vote."""
    session = both.story.request("alice", UAT)
    both.click("bob", actions.SHOW, session.session_id, where="home")
    (shown,) = both.told.sent(Method.UPDATE_VIEW)
    assert actions.APPROVE in str(shown.arguments["view"])
    both.click("bob", actions.APPROVE, session.session_id, where="modal")
    assert len(both.session(session.session_id).votes) == 1
    assert "You approved it" in str(both.told.sent(Method.UPDATE_VIEW)[-1].arguments)
    both.click("bob", actions.SHOW, session.session_id, where="home")
    assert actions.APPROVE not in str(both.told.sent(Method.UPDATE_VIEW)[-1].arguments["view"])
    both.click("alice", actions.SHOW, session.session_id, where="home")
    assert actions.APPROVE not in str(both.told.sent(Method.UPDATE_VIEW)[-1].arguments["view"])


REACTIONS: dict[str, tuple[str, str, int]] = {
    "an approver's tick": ("bob", "white_check_mark", 1),
    "an approver's cross": ("bob", "x", 1),
    "another reaction": ("bob", "eyes", 0),
    "the requester's": ("alice", "white_check_mark", 0),
    "an engineer's": ("dave", "white_check_mark", 0),
}


@pytest.mark.parametrize("whose", REACTIONS)
@pytest.mark.guarantee("G11")
def test_a_reaction_is_never_a_vote_and_brings_an_approver_the_buttons(
    scene: Scene, whose: str
) -> None:
    who, reaction, brought = REACTIONS[whose]
    session = scene.story.request("alice", UAT)
    scene.cards.at[CHANNEL, CARD_TS] = session.session_id
    scene.react(who, reaction)
    scene.react(who, reaction, ts="1.2")
    assert scene.session(session.session_id).votes == ()
    sent = scene.told.sent(Method.POST_EPHEMERAL)
    with_buttons = [each for each in sent if actions.APPROVE in str(each.arguments["blocks"])]
    assert len(with_buttons) == brought
    for each in with_buttons:
        assert (each.arguments["user"], each.arguments["channel"]) == (f"U0{who.upper()}", CHANNEL)


def test_where_reactions_are_off_they_mean_nothing(scene: Scene) -> None:
    import slack_door

    object.__setattr__(slack_door.front(), "reactions", False)
    session = scene.story.request("alice", UAT)
    scene.cards.at[CHANNEL, CARD_TS] = session.session_id
    scene.react("bob", "white_check_mark")
    assert scene.told.jobs == []


def test_no_answer_and_nothing_told_has_a_credential_or_an_address_to_answer_to(
    scene: Scene,
) -> None:
    session: Any = scene.story.granted("alice", LEDGER)
    texts = [scene.command("alice", "mine").text, scene.command("alice", "").text]
    scene.open_home("alice")
    scene.click("alice", actions.SHOW, session.session_id, where="home")
    for text in (*texts, str(scene.told.jobs)):
        assert "hooks.slack.com" not in text
        assert "secret" not in text.lower()
