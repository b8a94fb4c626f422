"""What people wrote can be erased, and the trail holds with it and without it."""

import json
from dataclasses import replace

import pytest

from cli.trail.chain import faults_of
from pam.domain.approval import Ballot
from pam.domain.audit_record import RecordType
from pam.domain.errors import Conflict, NotEligible
from pam.domain.free_text import ERASED, commitment, opened
from pam.domain.lifecycle import Status
from pam.domain.proofs import Maker
from pam.domain.session import Session
from pam.operations.erase_texts import erase_texts
from pam.operations.vote import BallotPaper, vote
from tests.fakes.story import Story

REASON, COMMENT = "ledger stuck for Jane Roe, INC-1", "call Jane Roe first"


@pytest.fixture
def story() -> Story:
    return Story()


def denied(story: Story) -> Session:
    session = story.request(reason=REASON)
    return vote(
        BallotPaper(session_id=session.session_id, decision=Ballot.DENY, comment=COMMENT),
        story.call("bob"),
        workflow=story.workflow,
        signer=story.keys.of(Maker.DOOR),
    )


def erase(story: Story, session_id: str, who: str = "sam") -> Session:
    return erase_texts(
        session_id,
        replace(story.call(who), now=story.later(hours=1)),
    )


@pytest.mark.guarantee("G12")
def test_no_record_holds_what_a_person_wrote_only_a_commitment_to_it(story: Story) -> None:
    session = denied(story)
    records = story.store.records(session.session_id)
    assert "Jane" not in json.dumps(records)
    texts = opened(session.text_key, session.texts)
    assert {texts[record["reason"]] for record in records} == {REASON}
    said = [record["detail"] for record in records if record["type"] == "Denied"]
    assert said == [f"deny: {commitment(session.text_key, COMMENT)}"]


@pytest.mark.guarantee("G12")
def test_after_an_erasure_the_text_and_the_key_are_gone_and_the_chain_holds(story: Story) -> None:
    session_id = denied(story).session_id
    before = story.store.records(session_id)
    session = erase(story, session_id)
    assert (session.reason, session.votes[0].comment, session.text_key) == (ERASED, ERASED, "")
    assert session.ending is not None
    assert session.ending.reason == ERASED
    assert opened(session.text_key, session.texts) == {}
    records = story.store.records(session_id)
    assert records[:-1] == before
    assert records[-1]["type"] == RecordType.ERASED.value
    assert records[-1]["reason"] == ERASED
    assert not faults_of(records, session_id=session_id)


def test_what_an_operator_wrote_at_the_end_is_erased_and_what_pam_said_is_not(story: Story) -> None:
    revoked = story.revoke(story.granted().session_id)
    ended = story.end(story.granted().session_id)
    assert revoked.ending is not None
    assert ended.ending is not None
    texts = [erase(story, each.session_id).ending for each in (revoked, ended)]
    assert [ending and ending.reason for ending in texts] == [ERASED, ended.ending.reason]


def test_erasing_twice_records_it_once(story: Story) -> None:
    session_id = denied(story).session_id
    erase(story, session_id)
    again = erase(story, session_id)
    kinds = [record["type"] for record in story.store.records(session_id)]
    assert kinds.count("Erased") == 1
    assert again.status is Status.DENIED


@pytest.mark.parametrize("who", ["alice", "bob", "ada", "nobody"])
def test_only_operators_erase(story: Story, who: str) -> None:
    session_id = denied(story).session_id
    with pytest.raises(NotEligible):
        erase(story, session_id, who)
    assert story.store.get(session_id).reason == REASON  # type: ignore[union-attr]


def test_an_open_session_keeps_its_reason(story: Story) -> None:
    with pytest.raises(Conflict, match="when it is over"):
        erase(story, story.request(reason=REASON).session_id)


def test_the_same_text_is_committed_to_differently_in_each_session(story: Story) -> None:
    first, second = story.request(reason=REASON), story.request("dave", reason=REASON)
    reasons = {story.store.records(s.session_id)[0]["reason"] for s in (first, second)}
    assert len(reasons) == 2
