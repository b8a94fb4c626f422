"""Who clicks and is not heard: by either way the person is told why, and nothing is done."""

from typing import Any

import pytest

from local.cast import Cast, until
from local.slack.control import Shown
from pam.slack import actions
from tests.e2e.in_slack import CORE, WAYS, WHY, InSlack, heard, link

pytestmark = [pytest.mark.guarantee("G10"), pytest.mark.guarantee("G17")]


@pytest.fixture(params=WAYS)
def slack(request: pytest.FixtureRequest, cast: Cast) -> InSlack:
    link(cast, request.param, "alice")
    return InSlack(cast, request.param)


REFUSED = {
    "gus": "Guests of this workspace",
    "otto": "workspace that PAM does not serve",
    "buildbot": "Bots",
}
"""One of each kind; the others are tried without a stack (`tests/slack/test_who_clicks.py`)."""


@pytest.mark.parametrize("name", REFUSED)
def test_guests_strangers_and_bots_are_refused_with_a_sentence_and_on_record(
    slack: InSlack, cast: Cast, name: str
) -> None:
    session_id = slack.ask("alice")
    is_gus = name == "gus"
    if is_gus:
        cast.slack.call("join", user=name, channel=CORE)
    before = len(slack.told(name))
    seen = slack.click(name, slack.card(session_id), actions.APPROVE, even_so=True)
    assert seen.acknowledged
    if is_gus:
        assert REFUSED[name] in slack.told_of(name, "Nothing was done", after=before)
    assert not _votes(cast, session_id)
    user = next(it["id"] for it in cast.slack.call("people")["people"] if it["name"] == name)
    until(lambda: _on_record(cast, user), "the refusal on record")


def test_somebody_of_a_foreign_team_is_refused_without_any_call_of_slack(
    slack: InSlack, cast: Cast
) -> None:
    session_id = slack.ask("alice")
    card = slack.card(session_id)
    asked = cast.slack.counts()["calls"].get("users.info", 0)
    forged = {"user.team_id": "T0OTHER0001", "team.id": "T0OTHER0001"}
    assert slack.click("bob", card, actions.APPROVE, changed=forged).acknowledged
    assert cast.slack.counts()["calls"].get("users.info", 0) == asked
    assert not _votes(cast, session_id)


def test_what_a_payload_does_not_say_is_a_refusal(slack: InSlack, cast: Cast) -> None:
    session_id = slack.ask("alice")
    card = slack.card(session_id)
    for without in (["user.team_id"], ["team"], ["user.id"]):
        slack.click("bob", card, actions.APPROVE, without=without)
    assert not _votes(cast, session_id)


def test_a_guest_of_today_was_a_member_a_moment_ago(slack: InSlack, cast: Cast) -> None:
    """What is remembered of a user is forgotten at once when Slack says that they changed."""
    session_id = slack.ask("alice")
    slack.click("erin", slack.card(session_id), actions.SHORTER)  # so that she is known
    _change(cast, "erin", is_restricted=True)
    try:
        before = len(slack.told("erin"))
        slack.click("erin", slack.card(session_id), actions.APPROVE, even_so=True)
        slack.told_of("erin", "Guests", after=before)
        assert not _votes(cast, session_id)
    finally:
        _change(cast, "erin", is_restricted=False)


def test_case_13_a_channel_that_became_shared_decides_nothing_and_the_card_is_withdrawn(
    slack: InSlack, cast: Cast
) -> None:
    session_id = slack.ask("alice")
    card = slack.card(session_id)
    heard(cast, lambda: cast.slack.call("share", channel=CORE))
    try:
        slack.click("bob", card, actions.APPROVE, stale=True)
        assert not _votes(cast, session_id)
    finally:
        heard(cast, lambda: cast.slack.call("unshare", channel=CORE))


def test_nobody_approves_their_own_request_in_slack_either(slack: InSlack, cast: Cast) -> None:
    session_id = slack.ask("alice")
    before = len(slack.told("alice"))
    slack.click("alice", slack.card(session_id), actions.APPROVE)
    slack.soon(lambda: slack.told("alice")[before:] or None, "a word about it")
    assert not _votes(cast, session_id)


def test_a_click_on_somebody_elses_words_is_nothing(slack: InSlack, cast: Cast) -> None:
    """What a click says of a session goes by the store, and by its button's id alone."""
    session_id = slack.ask("alice")
    card: Shown = slack.card(session_id)
    forged = {"actions.0.value": f"{session_id[:-1]}!"}
    slack.click("bob", card, actions.APPROVE, changed=forged)
    assert not _votes(cast, session_id)
    assert WHY in slack.card(session_id).text


def _votes(cast: Cast, session_id: str) -> list[Any]:
    found: list[Any] = cast.person("alice").session(session_id)["approvals"]["votes"]
    return found


def _change(cast: Cast, name: str, **flags: bool) -> None:
    heard(cast, lambda: cast.slack.call("change_user", user=name, flags=flags))


def _on_record(cast: Cast, user: str) -> str | None:
    """A record `Refused` by this account of Slack's."""
    arn = cast.parameter("/bank/local/mod046/audit-log/group-arn")
    group = arn.partition(":log-group:")[2].removesuffix(":*")
    logs = cast.person("root").client("logs")
    # Looked for there: all that other tests left is more than one answer has room for.
    found = logs.filter_log_events(logGroupName=group, filterPattern=f'"{user}"')["events"]
    return next((it["message"] for it in found if '"Refused"' in it["message"]), None)
