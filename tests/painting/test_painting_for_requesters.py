"""What a requester is told in a direct message, once each; and who is told nothing."""

from dataclasses import replace

import pytest

from pam.domain.approval import Ballot
from tests.fakes.story import SANDBOX
from tests.painting.world import World


def told(painted: World, name: str = "alice") -> list[str]:
    return [each.text for each in painted.told(name)]


def test_the_requester_is_told_of_grant_warning_and_end(painted: World) -> None:
    session = painted.story.granted(seconds=1800)
    painted.painted(session)
    (granted,) = told(painted)
    assert f"pam exec {session.session_id} -- aws sts get-caller-identity" in granted
    assert f"pam end {session.session_id}" in granted
    painted.story.later(minutes=26)
    assert painted.swept() == 1
    painted.settle()
    assert len(told(painted)) == 2
    assert "ends at" in told(painted)[1]
    painted.story.later(minutes=5)
    painted.story.end_due(session.session_id)
    painted.painted(session)
    assert len(told(painted)) == 3
    assert "EXPIRED" in told(painted)[2]
    assert "Receipt: confirmed" in told(painted)[2]


def test_nothing_is_told_twice(painted: World) -> None:
    session = painted.story.granted()
    for _ in range(3):
        painted.painted(session)
        painted.story.lease(session.session_id)
    assert len(told(painted)) == 1


def test_of_a_grant_that_is_over_by_now_only_the_end_is_told(painted: World) -> None:
    session = painted.story.granted()
    painted.story.revoke(session.session_id)
    painted.painted(session)
    (over,) = told(painted)
    assert "REVOKED" in over


def test_whoever_is_denied_is_told_why(painted: World) -> None:
    session = painted.story.request()
    painted.story.vote("bob", session.session_id, Ballot.DENY, comment="not today")
    painted.painted(session)
    (over,) = told(painted)
    assert "DENIED" in over
    assert "not today" in over


def test_whoever_withdraws_needs_no_word(painted: World) -> None:
    session = painted.story.request()
    painted.story.end(session.session_id)
    painted.painted(session)
    assert told(painted) == []


def test_whoever_a_runbook_names_is_asked_to_confirm(painted: World) -> None:
    admitted = painted.story.by_runbook("alice", SANDBOX, break_glass=True)
    session = painted.story.store.get(admitted.session_id)
    assert session is not None
    painted.painted(session)
    (asked,) = told(painted)
    assert f"pam confirm {session.session_id}" in asked


def test_whoever_has_no_account_of_slacks_is_told_nothing(painted: World) -> None:
    painted.links.links.clear()
    session = painted.story.granted()
    painted.painted(session)
    painted.link("alice", "U0ALICE0001")
    painted.painted(session)
    assert told(painted) == []
    painted.story.revoke(session.session_id)
    painted.painted(session)
    assert len(told(painted)) == 1


@pytest.mark.parametrize("days", [90, 400])
def test_a_link_that_holds_no_more_tells_nobody(painted: World, days: int) -> None:
    painted.story.later(days=days)
    painted.painted(painted.story.granted())
    assert told(painted) == []


def test_a_link_into_another_workspace_tells_nobody(painted: World) -> None:
    (link,) = painted.links.links
    painted.links.links[:] = [replace(link, principal="slack:T0VENDOR001/U0VERA00001")]
    painted.painted(painted.story.granted())
    assert painted.calls("chat.postMessage") == 2


def test_a_requester_who_has_left_keeps_nobody_waiting(painted: World) -> None:
    session = painted.story.granted()
    painted.slack.call("change_user", user="alice", flags={"deleted": True})
    card = painted.painted(session)
    assert "Active since" in card.text
    assert painted.queue.messages == []
    assert told(painted) == []


def test_two_requesters_are_told_each_of_their_own(painted: World) -> None:
    painted.link("dave", "U0DAVE00001")
    painted.painted(painted.story.granted())
    painted.painted(painted.story.granted("dave"))
    assert len(told(painted)) == len(told(painted, "dave")) == 1


def test_no_direct_message_is_a_reply_to_a_card(painted: World) -> None:
    painted.painted(painted.story.granted())
    assert {each.thread_ts for each in painted.told()} == {None}
