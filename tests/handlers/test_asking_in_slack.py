"""Asking for access in Slack: one line or a form, and one session for each."""

from datetime import timedelta
from typing import Any

import pytest

from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.ports.sessions import SessionQuery
from pam.slack import actions
from pam.slack.jobs import Method
from pam.slack_web.errors import Rejected
from tests.fakes.story import LEDGER, SANDBOX, UAT
from tests.handlers.slack_scene import Reply, Scene, scene

__all__ = ["scene"]
FORM = {
    actions.RESOURCE: UAT,
    actions.REASON: "the ledger is stuck",
    actions.DURATION: "30m",
    actions.TICKET: "INC-1",
    actions.BREAK_GLASS: "",
}


@pytest.fixture(params=["http", "socket"])
def both(request: pytest.FixtureRequest, scene: Scene) -> Scene:
    scene.way = request.param
    return scene


def sessions_of(scene: Scene, who: str) -> list[Any]:
    ids = [each.session_id for each in scene.story.store.open_now(who).sessions]
    return [scene.session(session_id) for session_id in ids]


def asked_for_by(scene: Scene, who: str) -> list[Session]:
    """Those that are over as well."""
    return list(scene.story.store.find(SessionQuery(requester_name=who, limit=100)).sessions)


def ask(scene: Scene, **changed: str) -> Reply:
    return scene.submit("alice", actions.REQUEST, FORM | changed)


def test_one_line_asks_at_once(both: Scene) -> None:
    reply = both.command("alice", f"{UAT} 30m ledger &lt;stuck&gt; &amp; late")
    (session,) = sessions_of(both, "alice")
    assert session.session_id in reply.text
    assert reply.payload["response_type"] == "ephemeral"
    assert (session.resource, session.duration) == (UAT, timedelta(minutes=30))
    assert session.reason == "ledger <stuck> & late"
    assert session.circumstances.surface == "slack"
    assert session.requester == "slack:T0BANK/U0ALICE"
    assert session.requester_verified


@pytest.mark.parametrize("command", ["/jit", "/request-admin"])
def test_the_command_goes_by_the_names_that_the_deployment_gives_it(
    scene: Scene, command: str
) -> None:
    scene.command("alice", f"{UAT} 30m the ledger is stuck", command=command)
    assert len(sessions_of(scene, "alice")) == 1


def test_another_apps_command_is_none_of_pams(scene: Scene) -> None:
    reply = scene.command("alice", f"{UAT} 30m the ledger is stuck", command="/deploy")
    assert reply.payload == {}
    assert sessions_of(scene, "alice") == []


@pytest.mark.parametrize(
    "text",
    [
        f"<@U0BOB> {UAT} 30m because",
        f"for bob {UAT} 30m",
        f"{UAT} 30m for <@U0BOB> the ledger",
        f"{UAT} soon the ledger is stuck",
        "no/such 30m because of this",
        "core-no-such-thing 30m the ledger is stuck",
        f"{UAT} 5h the ledger is stuck for long",
        f"{UAT} 30m short",
    ],
)
def test_a_line_that_asks_for_nothing_lawful_opens_nothing_and_says_why(
    scene: Scene, text: str
) -> None:
    reply = scene.command("alice", text)
    assert reply.payload["response_type"] == "ephemeral"
    assert len(reply.payload["text"]) > 20
    assert sessions_of(scene, "alice") == []


def test_the_form_opens_at_once_and_is_filled_with_what_this_person_may_ask_for(
    both: Scene,
) -> None:
    assert both.command("alice", "").payload == {}
    (opened,) = [given for name, given in both.slack.calls if name == "views.open"]
    assert "Loading" in str(opened["view"])
    (filled,) = both.told.sent(Method.UPDATE_VIEW)
    assert (filled.to, filled.arguments["view_id"]) == ("U0ALICE", "V1")
    shown = str(filled.arguments["view"])
    assert UAT in shown
    assert LEDGER in shown
    assert "kyc-documents-read" in shown
    assert actions.BREAK_GLASS in shown
    assert filled.not_after > both.story.now


def test_what_was_typed_already_stands_in_the_form(scene: Scene) -> None:
    scene.command("alice", f"{UAT} 45m")
    (filled,) = scene.told.sent(Method.UPDATE_VIEW)
    inputs = {block.get("block_id"): block for block in filled.arguments["view"]["blocks"]}
    assert inputs[actions.RESOURCE]["element"]["initial_option"]["value"] == UAT
    assert inputs[actions.DURATION]["element"]["initial_value"] == "45m"


def test_the_form_opens_though_the_directory_takes_four_seconds(scene: Scene) -> None:
    """Case 12: the modal is open before anybody knows who it is for, and says what came of it."""
    scene.slack.before["users.info"] = lambda: scene.story.later(seconds=4)
    scene.command("alice", "")
    assert scene.slack.made("views.open") == 1
    scene.story.later(minutes=2)
    scene.slack.failing["users.info"] = Rejected("fatal_error")
    scene.told.jobs.clear()
    scene.command("alice", "")
    (filled,) = scene.told.sent(Method.UPDATE_VIEW)
    assert filled.arguments["view_id"] == "V2"
    assert "does not say" in str(filled.arguments["view"])


def test_a_form_that_slack_does_not_open_is_told_in_the_answer(scene: Scene) -> None:
    scene.slack.failing["views.open"] = Rejected("expired_trigger_id")
    reply = scene.command("alice", "")
    assert "did not open the form" in reply.text
    assert scene.told.jobs == []


@pytest.mark.parametrize("where", ["home", "C0CORE"])
def test_a_button_and_a_shortcut_open_the_same_form(scene: Scene, where: str) -> None:
    scene.click("alice", actions.REQUEST, where=where)
    shortcut = {
        "type": "shortcut",
        "team": {"id": "T0BANK"},
        "user": {"id": "U0ALICE", "team_id": "T0BANK"},
        "callback_id": actions.REQUEST,
        "trigger_id": "9.shortcut",
    }
    scene.deliver("interactive", shortcut)
    assert scene.slack.made("views.open") == 2
    assert [UAT in str(each.arguments) for each in scene.told.sent(Method.UPDATE_VIEW)] == [
        True,
        True,
    ]


def test_a_form_opens_one_session_and_says_which(both: Scene) -> None:
    reply = ask(both)
    (session,) = sessions_of(both, "alice")
    assert reply.payload["response_action"] == "update"
    assert session.session_id in reply.text
    assert (session.circumstances.ticket, session.duration) == ("INC-1", timedelta(minutes=30))


def test_a_form_sent_off_twice_opens_one_session(both: Scene) -> None:
    """Its acknowledgement was lost, or it was pressed twice: Slack names the same view."""
    form = both.form("alice", actions.REQUEST, FORM)
    first = both.deliver("interactive", form)
    again = both.deliver("interactive", form)
    assert len(sessions_of(both, "alice")) == 1
    assert again.payload in ({}, first.payload)
    changed = both.form("alice", actions.REQUEST, FORM | {actions.REASON: "another reason now"})
    changed["view"]["id"] = form["view"]["id"]
    changed["view"]["hash"] = "2.b"
    told = both.deliver("interactive", changed)
    (session,) = sessions_of(both, "alice")
    assert session.session_id in told.text
    assert session.reason == FORM[actions.REASON]


def test_a_command_delivered_twice_asks_once(both: Scene) -> None:
    """Case 11."""
    typed = both.typed("alice", f"{UAT} 30m the ledger is stuck")
    both.deliver("slash_commands", typed)
    assert both.deliver("slash_commands", typed).payload == {}
    assert len(sessions_of(both, "alice")) == 1
    both.command("alice", f"{UAT} 30m the ledger is stuck")
    assert len(sessions_of(both, "alice")) == 2


@pytest.mark.parametrize("by", ["a command", "a form"])
def test_a_request_whose_workflow_cannot_be_started_in_time_waits_for_nobodys_vote(
    both: Scene, by: str
) -> None:
    """Nobody comes back for it: the next command is another one. So it is over, and not told as
    one that never was.
    """
    both.story.workflow.throttled = True
    form = both.form("alice", actions.REQUEST, FORM)
    if by == "a form":
        told = both.deliver("interactive", form)
    else:
        told = both.command("alice", f"{UAT} 30m the ledger is stuck")
    assert "Nothing was done" not in told.text
    (session,) = asked_for_by(both, "alice")
    assert session.status is Status.FAILED
    both.story.workflow.throttled = False
    if by == "a form":
        again = both.deliver("interactive", form)
        assert f"session {session.session_id}. It is over: FAILED" in again.text
        assert len(asked_for_by(both, "alice")) == 1
    else:
        both.command("alice", f"{UAT} 30m the ledger is stuck")
        assert [each.status for each in sessions_of(both, "alice")] == [Status.PENDING_APPROVAL]


FAULTS = {
    "a short reason": ({actions.REASON: "no"}, actions.REASON),
    "no reason": ({actions.REASON: ""}, actions.REASON),
    "a reason that cannot be seen": ({actions.REASON: "\u200b" * 20}, actions.REASON),
    "no duration": ({actions.DURATION: "soon"}, actions.DURATION),
    "too long": ({actions.DURATION: "5h"}, actions.DURATION),
    "longer than this resource's": ({actions.DURATION: "4h1s"}, actions.DURATION),
    "of no time": ({actions.DURATION: "0s"}, actions.DURATION),
    "a long ticket": ({actions.TICKET: "T" * 101}, actions.TICKET),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_stands_under_its_input_and_the_form_can_be_sent_off_again(
    scene: Scene, fault: str
) -> None:
    changed, where = FAULTS[fault]
    form = scene.form("alice", actions.REQUEST, FORM | changed)
    reply = scene.deliver("interactive", form)
    assert reply.payload["response_action"] == "errors"
    assert list(reply.payload["errors"]) == [where]
    assert sessions_of(scene, "alice") == []
    mended = scene.form("alice", actions.REQUEST, FORM)
    mended["view"] |= {"id": form["view"]["id"], "hash": form["view"]["hash"]}
    assert scene.deliver("interactive", mended).payload["response_action"] == "update"
    assert len(sessions_of(scene, "alice")) == 1


def test_what_policy_refuses_is_told_in_place_of_the_form(scene: Scene) -> None:
    reply = scene.submit("bob", actions.REQUEST, FORM)
    assert reply.payload["response_action"] == "update"
    assert "policy" in reply.text
    assert sessions_of(scene, "bob") == []
    assert len(scene.refusals()) == 1


@pytest.mark.guarantee("G11")
def test_an_emergency_asked_for_in_slack_waits_for_its_requesters_own_signature(
    both: Scene,
) -> None:
    reply = ask(both, **{actions.RESOURCE: LEDGER, actions.BREAK_GLASS: "yes"})
    (session,) = sessions_of(both, "alice")
    assert session.status is Status.PENDING_APPROVAL
    assert session.held_until_confirmed
    assert f"pam confirm {session.session_id}" in reply.text
    both.click("bob", actions.APPROVE, session.session_id)
    assert both.session(session.session_id).votes == ()


def test_what_needs_no_approval_says_so(scene: Scene) -> None:
    reply = scene.command("alice", f"{SANDBOX} 30m the ledger is stuck")
    (session,) = sessions_of(scene, "alice")
    assert session.status is Status.APPROVED
    assert "no approval" in reply.text


def test_one_more_than_a_person_may_have_names_those_in_the_way(scene: Scene) -> None:
    for _ in range(3):
        scene.command("alice", f"{UAT} 30m the ledger is stuck")
    reply = scene.command("alice", f"{UAT} 30m the ledger is stuck")
    assert any(session.session_id in reply.text for session in sessions_of(scene, "alice"))
    assert len(sessions_of(scene, "alice")) == 3


def test_a_select_that_asks_for_options_gets_those_that_this_person_may_have(
    scene: Scene,
) -> None:
    def asked(who: str, typed: str) -> list[str]:
        sent = {
            "type": "block_suggestion",
            "team": {"id": "T0BANK"},
            "user": {"id": f"U0{who.upper()}", "team_id": "T0BANK"},
            "action_id": actions.RESOURCE,
            "value": typed,
        }
        return [each["value"] for each in scene.deliver("interactive", sent).payload["options"]]

    assert UAT in asked("alice", "ledger")
    assert asked("alice", "no such thing") == []
    assert asked("nora", "ledger") == []
