"""What people wrote stands in Slack as it is, fits, and goes when it is erased."""

from dataclasses import replace

import pytest

from local.slack import opinions
from pam.domain.approval import Ballot
from pam.domain.audit_record import Entry, RecordType
from pam.domain.people import CLOCK
from pam.domain.session import Session
from pam.operations.erase_texts import erase_texts
from pam.operations.transition import Step, transition
from pam.slack import actions
from tests.painting.world import World

WORDS = {
    "3,000 ampersands": "&" * 3000,
    "a right-to-left override": "pay \u202eevil\u202c now, please",
    "markup": "`<https://evil|Approve via portal>` <!channel> *now* please",
    "flags cut in half": "\U0001f1e9\U0001f1ea" * 700,
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_with_any_words_card_thread_and_direct_message_are_posted_and_painted(
    painted: World, words: str
) -> None:
    session = painted.story.request()
    stored = painted.stored(session)
    painted.story.store.sessions[session.session_id] = replace(stored, reason=words)
    card = painted.painted(session)
    assert card.action_ids == [actions.APPROVE, actions.SHORTER, actions.DENY]
    painted.story.vote("bob", session.session_id)
    painted.story.vote("carol", session.session_id, Ballot.DENY, comment=words[:1000])
    card = painted.painted(session)
    assert card.action_ids == []
    assert len(painted.thread(session)) == 1
    assert len(painted.told()) == 1
    assert painted.refused() == {}
    everything = card.text + painted.thread(session)[0].text + painted.told()[0].text
    assert "@@channel" not in everything
    assert "[https://evil]" not in everything
    assert "\u202e" not in everything


def test_slacks_own_models_and_types_find_no_fault_in_what_is_painted(painted: World) -> None:
    story, session = painted.story, painted.story.request(seconds=1800, reason="& " * 400 + "now")
    emergency = story.request("dave", break_glass=True)
    for act in (
        lambda: story.vote("bob", session.session_id, comment="<!channel> & *now*"),
        lambda: (story.later(minutes=11), story.tell(session.session_id)),
        lambda: story.vote("carol", session.session_id),
        lambda: story.activate(session.session_id),
        lambda: story.activate(emergency.session_id),
        lambda: story.later(minutes=26),
        lambda: _act(painted, session.session_id, 2),
        lambda: story.revoke(session.session_id),
        lambda: erase_texts(session.session_id, story.call("sam")),
        lambda: painted.slack.call("archive", channel="kyc-approvals"),
        lambda: story.request("kim", "kyc-documents-read"),
    ):
        act()
        painted.swept()
        painted.settle()
    calls = painted.running.server.slack.recorder.calls
    assert {each.method for each in calls} >= {"chat.postMessage", "chat.update"}
    assert painted.refused() == {}
    assert opinions.of_calls(calls) == []


def test_what_was_erased_goes_out_of_card_thread_and_direct_messages(painted: World) -> None:
    session = painted.story.request(reason="the secret reason of alice")
    painted.painted(session)
    painted.story.vote("bob", session.session_id, Ballot.DENY, comment="a secret comment")
    painted.painted(session)
    shown = _everything(painted, session)
    assert shown.count("secret") == 4
    erase_texts(session.session_id, painted.story.call("sam"))
    painted.painted(session)
    assert "secret" not in _everything(painted, session)
    assert "What people had written was erased." in painted.thread(session)[-1].text


def _everything(painted: World, session: Session) -> str:
    messages = [painted.card(session), *painted.thread(session), *painted.told()]
    return "\n".join(each.text for each in messages)


def test_what_was_erased_long_after_the_end_goes_too(painted: World) -> None:
    session = painted.story.request(reason="the secret reason of alice")
    painted.story.vote("bob", session.session_id, Ballot.DENY, comment="a secret comment")
    painted.painted(session)
    painted.story.later(days=300)
    painted.swept()
    painted.settle()
    erase_texts(session.session_id, painted.story.call("sam"))
    painted.painted(session)
    assert "secret" not in _everything(painted, session)


def test_what_was_done_is_counted_once_the_session_is_over_and_again_when_more_is_heard(
    painted: World,
) -> None:
    session = painted.story.granted()
    painted.painted(session)
    _act(painted, session.session_id, 3)
    painted.painted(session)
    assert not [each for each in painted.thread(session) if "What was done" in each.text]
    painted.story.revoke(session.session_id)
    painted.painted(session)
    assert "What was done: 3 acts" in painted.thread(session)[-1].text
    _act(painted, session.session_id, 2)
    assert painted.swept() == 1
    painted.settle()
    told = [each.text for each in painted.thread(session) if "What was done" in each.text]
    assert len(told) == 1
    assert "5 acts" in told[0]


def _act(painted: World, session_id: str, times: int) -> None:
    entry = Entry(type=RecordType.ACTIVITY, actor=CLOCK, detail="cloudtrail s3:GetObject")
    for _ in range(times):
        transition(
            painted.story.store,
            session_id,
            lambda stored: Step(stored, (entry,)),
            now=painted.now(),
        )
