"""What people are shown of a session: right whenever it is painted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pam.domain import pictures
from pam.domain.approval import Ballot
from pam.domain.pictures import Picture
from pam.domain.review import Judgement
from pam.domain.session import Session
from pam.operations.review_session import ReviewPaper, review_session
from tests.fakes.story import KYC, NOON, SANDBOX, Story


def test_a_request_without_a_gate_names_none_and_says_how_to_answer_it() -> None:
    session = Story().request(seconds=5400)
    assert pictures.approval_needed(session, "Core ledger", NOON).lines == (
        "alice (bank-core) asks for Core ledger [core-ledger-admin, prod, bank-core] for 1h30m.",
        "",
        "In the requester's own words:",
        "> ledger stuck, see INC-1",
        "> ticket: -",
        "",
        "Needed: 2 approval(s), until 2026-03-01T16:00:00.250Z.",
        "",
        f"  pam show {session.session_id}",
        f"  pam approve {session.session_id}",
        f"  pam deny {session.session_id} --comment WHY",
    )


def test_what_an_approver_reads_comes_from_the_catalogue_and_quotes_the_requester() -> None:
    reason = "only the sandbox, please approve; core-sandbox-admin [dev]"
    picture = pictures.approval_needed(
        Story().request("alice", KYC, reason=reason), "KYC documents", NOON
    )
    first = picture.lines[0]
    assert first.startswith("alice (bank-core) asks for KYC documents [kyc-documents-read, prod")
    assert f"> {reason}" in picture.lines
    assert "3 approval(s), 1 of them from bank-kyc (DT-001)" in picture.text
    assert "token" not in picture.text.lower()


def test_a_break_glass_alert_says_who_what_and_how_to_stop_it() -> None:
    session = Story().request(break_glass=True)
    picture = pictures.break_glass(session, "Core ledger administration", NOON)
    assert picture.subject.startswith("TIER 1: break-glass by alice on core-ledger-admin")
    assert f"pam revoke {session.session_id}" in picture.text
    assert "must be reviewed until" in picture.text


def test_words_that_only_a_runbook_claims_are_marked_so_and_a_ticket_is_quoted() -> None:
    asked = Story().request(ticket="INC-7")
    claimed = replace(asked, circumstances=replace(asked.circumstances, auth=None))
    lines = pictures.approval_needed(claimed, "Core ledger", NOON).lines
    assert "In the requester's own words (as claimed by a runbook):" in lines
    assert "> ticket: INC-7" in lines


def test_an_emergency_that_owes_no_review_says_so() -> None:
    session = Story().request("alice", SANDBOX, break_glass=True)
    assert "It needs no review." in pictures.break_glass(session, "Core sandbox", NOON).lines


def test_a_reminder_says_that_it_is_one_and_how_many_votes_there_are() -> None:
    story = Story()
    session = story.vote("bob", story.request().session_id)
    picture = pictures.still_waiting(session, "Core ledger", story.now)
    assert picture.subject == "PAM reminder: alice still waits for core-ledger-admin"
    assert "Needed: 2 approval(s), so far 1, until 2026-03-01T16:00:00.250Z." in picture.lines


def test_a_requester_is_warned_by_name_and_reads_nobodys_words() -> None:
    session = Story().granted()
    picture = pictures.ending_soon(session, "Core ledger", NOON)
    assert picture.to == "alice"
    assert "ends at 2026-03-01T12:10:01.000Z" in picture.text
    assert session.reason not in picture.text


@pytest.mark.guarantee("G15")
def test_an_overdue_review_is_told_with_who_owes_it_and_how_to_make_it() -> None:
    session = Story().request(break_glass=True)
    picture = pictures.review_overdue(session, "Core ledger", NOON + timedelta(days=1))
    assert picture.subject == "TIER 1: break-glass of alice on core-ledger-admin not reviewed"
    assert f"pam review {session.session_id}" in picture.text
    due = "had to review this break-glass session until 2026-03-02T12:00:00.250Z; 0 did"
    assert due in picture.text


def test_a_review_that_is_not_overdue_yet_is_owed_all_the_same() -> None:
    session = Story().request(break_glass=True)
    picture = pictures.review_overdue(session, "Core ledger", NOON)
    assert "Two approvers have to review this break-glass session until" in picture.text
    assert "pam review" in picture.text


def test_an_alert_whose_end_nobody_has_written_yet_says_that_its_time_is_over() -> None:
    story = Story()
    session = story.activate(story.request(break_glass=True).session_id)
    assert session.expires_at is not None
    assert "over" not in pictures.break_glass(session, "Core ledger", story.now).text
    late = pictures.break_glass(session, "Core ledger", session.expires_at)
    assert "Its time is over." in late.lines


Painter = Callable[[Session, str, datetime], Picture]


def denied(story: Story) -> Session:
    return story.vote("bob", story.request().session_id, Ballot.DENY)


def confirmed(story: Story) -> Session:
    return story.confirm(story.by_runbook(break_glass=True).session_id)


def ended(story: Story) -> Session:
    return story.end(story.granted().session_id)


def reviewed(story: Story) -> Session:
    session = story.activate(story.request(break_glass=True).session_id)
    finding = ReviewPaper(session_id=session.session_id, judgement=Judgement.JUSTIFIED)
    review_session(finding, story.call("bob"))
    return review_session(finding, story.call("carol"))


LATE: dict[str, tuple[Painter, Callable[[Story], Session], str, str]] = {
    "a vote on what is denied": (
        pictures.approval_needed,
        denied,
        "It is DENIED now; nothing is left to decide.",
        "pam approve",
    ),
    "a reminder of what is denied": (
        pictures.still_waiting,
        denied,
        "It is DENIED now; nothing is left to decide.",
        "pam deny",
    ),
    "an alert of what has ended": (pictures.break_glass, ended, "It is over: ENDED.", "pam revoke"),
    "a question that is answered": (
        pictures.confirmation_needed,
        confirmed,
        "nothing waits for your word",
        "pam confirm",
    ),
    "a warning of what has ended": (pictures.ending_soon, ended, "is over", "ends at"),
    "a review that is made": (
        pictures.review_overdue,
        reviewed,
        "is reviewed: justified",
        "pam review",
    ),
}


@pytest.mark.parametrize("case", LATE)
def test_a_picture_that_is_painted_late_offers_nothing_that_cannot_be_done(case: str) -> None:
    paint, course, says, offers = LATE[case]
    story = Story()
    picture = paint(course(story), "Core ledger", story.now + timedelta(days=2))
    assert says in picture.text
    assert offers not in picture.text


def test_a_vote_is_not_offered_when_its_time_is_over() -> None:
    story = Story()
    session = story.request()
    assert "pam approve" in pictures.approval_needed(session, "x", story.now).text
    over = pictures.approval_needed(session, "x", session.approval_expires_at)
    assert "pam approve" not in over.text


def test_an_older_picture_takes_the_place_of_no_newer_one() -> None:
    story = Story()
    session = story.request()
    older = pictures.approval_needed(session, "x", story.now)
    newer = pictures.approval_needed(story.vote("bob", session.session_id), "x", story.now)
    assert newer.sequence > older.sequence
    assert newer.replaces(older.sequence)
    assert older.replaces(None)
    assert older.replaces(older.sequence), "painted twice it is still right"
    assert not older.replaces(newer.sequence)
