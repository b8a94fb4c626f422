"""The thread under a card: a line for each thing that happened, right whenever it is painted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.domain.audit_record import Record, RecordType
from pam.domain.session import Session
from pam.slack import thread
from pam.slack.blocks import Message
from pam.slack.thread import Done
from tests.fakes.story import NOON, Story
from tests.slack.reading import buttons, quotations, text
from tests.slack.rendered import activities, sessions, told


def line(name: str, kind: RecordType) -> Message:
    session, records = sessions()[name]
    record = next(each for each in records if each["type"] == kind)
    message = thread.happened(session, record)
    assert message is not None
    assert message.sequence == record["sequence"]
    return message


SAID = {
    ("denied", RecordType.VOTED): "bob (bank-core) denied, at 2026-03-01T12:00:00.250Z",
    ("denied", RecordType.DENIED): "DENIED at 2026-03-01T12:00:00.250Z. Denied by an approver",
    ("half approved", RecordType.VOTED): "bob (bank-core) approved",
    ("approved", RecordType.APPROVED): "Approved: policy wants no more votes.",
    ("active", RecordType.ACTIVATED): "until 2026-03-01T12:10:01.000Z.",
    ("withdrawn", RecordType.WITHDRAWN): "Withdrawn by the requester",
    ("given back", RecordType.REVOKING): "The end was decided at 2026-03-01T12:00:00.250Z",
    ("given back", RecordType.ENDED): "Receipt: confirmed 2026-03-01T12:00:00.250Z",
    ("revoked", RecordType.REVOKED): "Revoked by an operator.",
    ("expired", RecordType.EXPIRED): "Ended by the clock.",
    ("break-glass", RecordType.BREAK_GLASS): "Break-glass: Tier-1 was alerted.",
    ("reviewed by one", RecordType.REVIEWED): "bob reviewed it",
}


@pytest.mark.parametrize("case", SAID, ids=" ".join)
def test_what_happened_is_said_in_one_line(case: tuple[str, RecordType]) -> None:
    message = line(*case)
    assert SAID[case] in text(message)
    assert not buttons(message)


def test_a_comment_stands_as_a_quotation_under_its_vote_and_its_review() -> None:
    assert quotations(line("denied", RecordType.VOTED)) == ["not today"]
    assert quotations(line("denied", RecordType.DENIED)) == []
    assert quotations(line("reviewed by one", RecordType.REVIEWED)) == ["why at night"]
    assert quotations(line("revoked", RecordType.REVOKED)) == ["enough"]


def test_what_was_erased_is_said_no_more_when_the_thread_is_painted_anew() -> None:
    for name, kind in (("denied", RecordType.VOTED), ("reviewed by one", RecordType.REVIEWED)):
        session, records = sessions()[name]
        record = next(each for each in records if each["type"] == kind)
        again = thread.happened(session.without_texts(), record)
        assert again is not None
        assert quotations(again) == ["[erased]"]


LEFT_OUT = ["Requested", "Activating", "Leased", "Refused", "Activity", "OfALaterVersion"]


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_what_the_card_or_another_line_says_has_no_line(kind: str) -> None:
    session, records = sessions()["active"]
    assert thread.happened(session, {**records[0], "type": kind}) is None


def made(session: Session, kind: RecordType, **changes: Any) -> Message:
    record: Record = {**sessions()["active"][1][0], "type": kind.value, **changes}
    message = thread.happened(session, record)
    assert message is not None
    return message


@pytest.mark.parametrize("kind", [RecordType.VOTED, RecordType.REVIEWED])
def test_a_vote_or_review_that_the_session_has_not_is_said_without_words(kind: RecordType) -> None:
    message = made(sessions()["active"][0], kind)
    assert not quotations(message)
    assert "pam audit show" in text(message)


def test_what_a_record_quotes_of_logs_is_not_told_to_slack() -> None:
    message = made(
        sessions()["active"][0],
        RecordType.DRIFT,
        detail="dark access: s3:GetObject on customers/4711.pdf by arn:aws:iam::1:role/x",
    )
    assert "Drift" in text(message)
    assert "4711" not in text(message)


def test_a_commitment_is_never_shown() -> None:
    for session, records in sessions().values():
        for record in records:
            message = thread.happened(session, record)
            assert message is None or "hmac-sha256" not in text(message) + message.text


def test_a_confirmation_is_said_with_the_name() -> None:
    story = Story()
    session_id = story.confirm(story.by_runbook(break_glass=True).session_id).session_id
    session, records = told(story, session_id)
    record = next(each for each in records if each["type"] == RecordType.CONFIRMED)
    message = thread.happened(session, record)
    assert message is not None
    assert "alice confirmed that it is theirs." in text(message)


def test_a_reminder_says_what_is_missing_as_of_now() -> None:
    session = sessions()["half approved"][0]
    assert "Needed: 2 approval(s), so far 1" in text(thread.reminded(session, NOON))
    late = thread.reminded(session, session.approval_expires_at)
    assert "nothing is left to decide" in text(late)


def test_a_warning_says_how_much_is_left_as_of_now() -> None:
    session = sessions()["active"][0]
    assert session.expires_at is not None
    soon = thread.warned(session, session.expires_at - timedelta(minutes=5))
    assert "5m left." in text(soon)
    assert "Its time is over." in text(thread.warned(session, session.expires_at))
    revoked = sessions()["revoked"][0]
    assert "Its time is over." in text(thread.warned(revoked, NOON))


def test_what_was_done_is_counted_and_not_quoted() -> None:
    session, records = sessions()["active"]
    message = thread.what_was_done(session, Done.shown_by([*records, *activities(records)]))
    assert message is not None
    assert "What was done: 3 acts, 1 of them refused by the target." in text(message)
    assert "1 of them no session should have" in text(message)
    assert "s3:" not in text(message)
    assert message.sequence == session.sequence


def test_where_nothing_was_done_nothing_is_said() -> None:
    session, records = sessions()["active"]
    assert thread.what_was_done(session, Done.shown_by(records)) is None


def test_an_end_that_another_version_recorded_is_named_at_least() -> None:
    open_still = sessions()["active"][0]
    message = made(replace(open_still), RecordType.EXPIRED)
    assert "Expired." in text(message)
