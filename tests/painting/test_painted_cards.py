"""One card a session, posted once and painted in its place; and what happened, in its thread."""

from pam.domain import timestamps
from pam.domain.approval import Ballot
from pam.slack import actions
from pam.slack.jobs import Paint
from tests.fakes.story import KYC, SANDBOX
from tests.painting.world import CORE, World


def test_a_request_posts_one_card_with_its_buttons(painted: World) -> None:
    session = painted.story.request()
    card = painted.painted(session)
    assert "alice asks for" in card.text
    assert card.action_ids == [actions.APPROVE, actions.SHORTER, actions.DENY]
    assert [each.ts for each in painted.cards()] == [card.ts]


def test_a_card_stands_in_the_channel_of_its_domain(painted: World) -> None:
    session = painted.story.request("kim", KYC)
    painted.painted(session)
    assert painted.cards() == []
    assert len(painted.cards("C0KYC000001")) == 1
    painted.painted(painted.story.request())
    assert len(painted.cards()) == len(painted.cards("C0KYC000001")) == 1


def test_whose_card_a_message_is_can_be_told_by_its_place(painted: World) -> None:
    session = painted.story.request()
    card = painted.painted(session)
    assert painted.shelf.session_at(CORE, card.ts) == session.session_id
    assert painted.shelf.session_at(CORE, "1.0") is None


def test_a_vote_is_painted_in_place_and_told_in_the_thread(painted: World) -> None:
    session = painted.story.request()
    before = painted.painted(session)
    painted.story.vote("bob", session.session_id)
    after = painted.painted(session)
    assert after.ts == before.ts
    assert "so far 1" in after.text
    at = timestamps.render(painted.stored(session).votes[-1].at)
    assert [each.text for each in painted.thread(session)] == [
        f"bob (bank-core) approved, at {at} (api, sigv4)."
    ]


def test_the_buttons_go_when_there_is_nothing_to_decide(painted: World) -> None:
    session = painted.story.request()
    painted.painted(session)
    painted.story.vote("bob", session.session_id, Ballot.DENY, comment="not today")
    card = painted.painted(session)
    assert card.action_ids == []
    assert "DENIED" in card.text


def test_the_whole_life_is_told_in_the_thread(painted: World) -> None:
    story, session = painted.story, painted.story.request()
    painted.painted(session)
    for act in (
        lambda: story.vote("bob", session.session_id),
        lambda: story.vote("carol", session.session_id),
        lambda: story.activate(session.session_id),
        lambda: story.revoke(session.session_id),
    ):
        act()
        painted.painted(session)
    told = "\n".join(each.text for each in painted.thread(session))
    for line in ("bob (bank-core) approved", "Approved: policy", "Active since", "REVOKED at"):
        assert told.count(line) == 1, line
    assert "Receipt: confirmed" in told
    assert "enough" in told


def test_what_was_seen_already_is_not_painted_again(painted: World) -> None:
    session = painted.story.granted()
    painted.painted(session)
    calls, version = painted.slack.counts()["calls"], painted.posted(session).version
    painted.put(Paint(session_id=session.session_id, channel=CORE), once="again")
    painted.settle()
    assert painted.slack.counts()["calls"] == calls
    assert painted.posted(session).version == version


def test_a_card_that_shows_the_same_is_not_painted_for_a_number(painted: World) -> None:
    session = painted.story.granted()
    painted.painted(session)
    updates = painted.calls("chat.update")
    painted.story.lease(session.session_id)
    painted.painted(session)
    assert painted.calls("chat.update") == updates
    assert painted.posted(session).seen.startswith(f"{painted.stored(session).sequence}.")


def test_several_records_of_one_moment_are_one_message(painted: World) -> None:
    session = painted.story.request("dave", SANDBOX)
    painted.story.activate(session.session_id)
    painted.story.end(session.session_id, "dave")
    painted.painted(session)
    (told,) = painted.thread(session)
    for line in ("Approved: policy", "Active since", "ENDED at"):
        assert line in told.text


def test_no_session_is_painted_nowhere(painted: World) -> None:
    painted.put(Paint(session_id="01KZZZZZZZZZZZZZZZZZZZZZZZ", channel=CORE))
    painted.settle()
    assert painted.cards() == []
    assert painted.queue.messages == []
