"""Asked for, decided and ended in Slack: each flow by Socket Mode and by HTTP."""

import pytest

from local.cast import Cast
from pam.slack import actions
from tests.e2e.in_slack import (
    LEDGER,
    SANDBOX,
    UAT,
    WAYS,
    WHY,
    InSlack,
    decides,
    link,
    sessions_of,
)

pytestmark = pytest.mark.guarantee("G17")


@pytest.fixture(params=WAYS)
def slack(request: pytest.FixtureRequest, cast: Cast) -> InSlack:
    link(cast, request.param, "alice")
    return InSlack(cast, request.param)


@pytest.mark.guarantee("G2")
def test_a_request_is_asked_for_decided_used_and_ended_in_slack(slack: InSlack, cast: Cast) -> None:
    session_id = slack.ask("alice")
    card = slack.card(session_id)
    assert {actions.APPROVE, actions.DENY, actions.SHORTER} <= set(card.action_ids)
    assert WHY in card.text
    clicked = slack.click("bob", card, actions.APPROVE)
    assert clicked.acknowledged
    voted = cast.person("alice").session(session_id)["approvals"]["votes"]
    assert [(it["surface"], it["auth"]) for it in voted] == [("slack", "slack")]
    cast.person("alice").wait_for(session_id, "ACTIVE")
    slack.card_once(session_id, lambda it: not decides(it) and "Active" in it.text, "ACTIVE")
    slack.told_of("alice", f"pam exec {session_id}")
    assert slack.type("alice", f"end {session_id}").acknowledged
    ended = cast.person("alice").wait_for(session_id, "ENDED")
    assert ended["origin"] == "slack"
    card = slack.card_once(session_id, lambda it: "ENDED" in it.text, "ENDED")
    assert ended["ending"]["evidence"] in card.text
    slack.soon(lambda: any("ENDED" in it for it in slack.thread(session_id)) or None, "its thread")
    slack.told_of("alice", ended["ending"]["evidence"])


def test_the_form_opens_at_once_and_offers_what_this_person_may_ask_for(
    slack: InSlack, cast: Cast
) -> None:
    assert slack.type("alice", "").acknowledged
    form = slack.view("alice", "What for")
    assert LEDGER in str(form["content"])
    slack.type("bob", "")
    slack.view("bob", "Policy gives you nothing to ask for")
    slack.close("bob")
    short = slack.submit("alice", {"resource": UAT, "reason": "no"})
    assert any("reason" in line for line in short.shown), "its fault stands under its input"
    known = sessions_of(cast, "alice")
    sent = slack.submit("alice", {"resource": UAT, "reason": WHY, "duration_seconds": "15m"})
    assert sent.acknowledged
    (session_id,) = slack.soon(lambda: sessions_of(cast, "alice") - known or None, "the request")
    assert "15m" in slack.card(session_id).text


def test_a_denial_has_its_comment_and_ends_it(slack: InSlack, cast: Cast) -> None:
    session_id = slack.ask("alice")
    assert slack.click("bob", slack.card(session_id), actions.DENY).acknowledged
    slack.view("bob", "Why")
    assert slack.submit("bob", {"comment": "ask the owner first"}).acknowledged
    assert cast.person("alice").session(session_id)["status"] == "DENIED"
    card = slack.card_once(session_id, lambda it: "DENIED" in it.text, "DENIED")
    assert not decides(card)
    assert "ask the owner first" in card.text


def test_an_approver_shortens_in_slack_and_the_shortest_stands(slack: InSlack, cast: Cast) -> None:
    session_id = slack.ask("alice")
    assert slack.click("bob", slack.card(session_id), actions.SHORTER).acknowledged
    slack.view("bob", "For how long at most")
    assert slack.submit("bob", {"duration_seconds": "5m"}).acknowledged
    assert cast.person("alice").session(session_id)["duration_seconds"] == 300
    slack.card_once(session_id, lambda it: "asked for 10m" in it.text, "the shorter time")


@pytest.mark.guarantee("G2")
def test_prod_takes_one_approval_by_slack_and_says_where_the_next_one_counts(
    slack: InSlack, cast: Cast
) -> None:
    session_id = slack.ask("alice", LEDGER)
    card = slack.card(session_id)
    slack.click("bob", card, actions.APPROVE)
    slack.card_once(session_id, lambda it: f"pam approve {session_id}" in it.text, "the command")
    before = len(slack.told("carol"))
    slack.click("carol", card, actions.APPROVE, stale=True)
    slack.told_of("carol", f"pam approve {session_id}", after=before)
    assert cast.person("alice").session(session_id)["approvals"]["received"] == 1
    assert cast.pam("carol", "approve", session_id).returncode == 0
    cast.person("alice").wait_for(session_id, "ACTIVE")


@pytest.mark.guarantee("G3")
def test_break_glass_by_slack_waits_for_a_signed_word_and_takes_no_vote_there(
    slack: InSlack, cast: Cast
) -> None:
    slack.type("alice", "")
    slack.view("alice", "What for")
    asked = {"resource": LEDGER, "reason": WHY, "break_glass": ["yes"]}
    before = len(slack.told("alice"))
    assert slack.submit("alice", asked).acknowledged
    told = slack.told_of("alice", "pam confirm ", after=before)
    session_id = told.partition("pam confirm ")[2].split()[0]
    assert not decides(slack.card(session_id))
    waits = cast.person("alice").session(session_id)
    assert (waits["status"], waits["needs_confirmation"]) == ("PENDING_APPROVAL", True)
    assert cast.pam("alice", "confirm", session_id).returncode == 0
    cast.person("alice").wait_for(session_id, "ACTIVE")


def test_home_shows_what_is_mine_and_what_waits_for_me_with_a_button_each(
    slack: InSlack, cast: Cast
) -> None:
    session_id = slack.ask("alice")
    home = slack.home("bob", session_id)
    shown = next(it for it in home["buttons"] if it["value"] == session_id)
    where = {"view_id": home["id"], "block_id": shown["block_id"]}
    assert slack.press("bob", actions.SHOW, **where).acknowledged
    slack.view("bob", session_id)
    slack.close("bob")
    mine = slack.home("alice", session_id)
    end = next(it for it in mine["buttons"] if it["value"] == session_id)
    where = {"view_id": mine["id"], "block_id": end["block_id"]}
    assert slack.press("alice", actions.END, **where).acknowledged
    cast.person("alice").wait_for(session_id, "WITHDRAWN")


def test_status_is_told_to_whom_it_is_due(slack: InSlack, cast: Cast) -> None:
    session_id = slack.ask("alice")
    for name, words, due in (
        ("alice", f"status {session_id}", session_id),
        ("alice", "mine", session_id),
        ("sam", "admin-status", session_id),
    ):
        before = len(slack.told(name))
        assert slack.type(name, words).acknowledged
        slack.told_of(name, due, after=before)
    for name, words in (("alice", "admin-status"), ("kim", f"status {session_id}")):
        # What is told of other sessions, by direct message, is not meant.
        shown = slack.person(name).ephemerals
        before = len(shown())
        slack.type(name, words)
        said = slack.soon(lambda: shown()[before:] or None, "a refusal")  # noqa: B023
        assert not [it for it in said if UAT in it.text]


def test_a_sandbox_is_given_at_once_and_told(slack: InSlack, cast: Cast) -> None:
    before = len(slack.told("alice"))
    assert slack.type("alice", f"{SANDBOX} 10m {WHY}", command="/request-admin").acknowledged
    slack.told_of("alice", "Granted", after=before)


def test_a_reaction_brings_an_approver_the_buttons_and_is_no_vote(
    slack: InSlack, cast: Cast
) -> None:
    """For teams that are used to decide so; the deployment has to say that it wants it."""
    session_id = slack.ask("alice")
    before = len(slack.told("bob"))
    slack.person("bob").react(slack.card(session_id), "white_check_mark", via=slack.way)
    slack.told_of("bob", session_id, after=before)
    assert not cast.person("alice").session(session_id)["approvals"]["votes"]
    shown = slack.person("bob").ephemerals()
    offered = next(it for it in reversed(shown) if session_id in it.text and decides(it))
    assert slack.click("bob", offered, actions.APPROVE).acknowledged
    assert cast.person("alice").session(session_id)["approvals"]["received"] == 1
