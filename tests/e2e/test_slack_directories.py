"""A permission set and a group of Okta, by `/jit` and by the card."""

import pytest

from local.cast import Cast
from pam.slack import actions
from tests.e2e.in_directories import PAYMENTS, SUPPORT, begun
from tests.e2e.in_slack import InSlack, decides, link


@pytest.mark.guarantee("G17")
@pytest.mark.parametrize(
    ("resource", "way", "second", "portal"),
    [
        (PAYMENTS, "socket", "carol", "https://d-9067a1b2c3.awsapps.com/start"),
        (SUPPORT, "http", "", "https://bank.okta.com/app/UserHome"),
    ],
)
def test_what_stands_in_a_directory_is_asked_for_decided_and_ended_in_slack(
    cast: Cast, resource: str, way: str, second: str, portal: str
) -> None:
    link(cast, way, "alice")
    slack, alice = InSlack(cast, way), cast.person("alice")
    session_id = slack.ask("alice", resource)
    assert slack.click("bob", slack.card(session_id), actions.APPROVE).acknowledged
    if second:
        assert cast.pam(second, "approve", session_id).returncode == 0
    begun(alice, session_id)
    slack.card_once(session_id, lambda it: not decides(it) and "Active" in it.text, "ACTIVE")
    assert portal in slack.told_of("alice", f"pam end {session_id}")
    assert slack.type("alice", f"end {session_id}").acknowledged
    ended = alice.wait_for(session_id, "ENDED")
    card = slack.card_once(session_id, lambda it: "ENDED" in it.text, "ENDED")
    assert ended["ending"]["method"] in {"assignment-gone", "membership-gone"}
    assert ended["ending"]["evidence"] in card.text
