"""What a line tells of a session, whatever its records hold."""

from typing import Any

import pytest

from cli.trail.report_line import NO_TEXT, Line, line_of
from pam.domain.free_text import ERASED
from tests.fakes.story import arn
from tests.trail.reporting import REASON, record


def line(*records: dict[str, Any], **more: Any) -> Line:
    return line_of([record(), *records], more.pop("texts", {}), None, **more)


def test_a_vote_that_was_struck_does_not_count() -> None:
    told = line(
        record("Voted", "bob", detail="approve"),
        record("Voted", "carol", detail=f"approve: {REASON}"),
        record("Drift", detail="unproven: the vote of bob", approvers=[arn("carol")]),
    )
    assert [(vote.approver, vote.counts) for vote in told.votes] == [
        (arn("bob"), False),
        (arn("carol"), True),
    ]


@pytest.mark.parametrize(
    ("texts", "erased", "reason"),
    [
        ({REASON: "why"}, False, "why"),
        ({}, True, ERASED),
        ({}, False, NO_TEXT),
        ({"hmac-sha256:of-another": "why"}, False, NO_TEXT),
    ],
)
def test_a_reason_is_told_as_far_as_there_is_a_text_that_fits(
    texts: dict[str, str], erased: bool, reason: str
) -> None:
    assert line(texts=texts, erased=erased).reason == reason


def test_a_trail_that_records_an_erasure_says_so_for_itself() -> None:
    assert line(record("Ended"), record("Erased", "sam")).reason == ERASED


RECEIPTS = {
    "[deny-read-back: the deny stands; in force from 2026-03-01T12:00:00.000Z]": (
        "deny-read-back",
        "the deny stands",
        True,
    ),
    f"[login-refused: [28P01] no login]: {REASON}": ("login-refused", "[28P01] no login", True),
    "the time is over [lease-over: all over; not proven]": ("lease-over", "all over", False),
    "nothing that is known": ("", "", False),
}


@pytest.mark.parametrize("detail", RECEIPTS)
def test_a_receipt_is_told_as_it_was_recorded(detail: str) -> None:
    receipt = line(record("Revoked", detail=detail)).receipt
    assert receipt is not None
    assert (receipt.method, receipt.evidence, receipt.proven) == RECEIPTS[detail]


def test_evidence_is_short() -> None:
    receipt = line(record("Ended", detail=f"[other: {'x' * 5000}]")).receipt
    assert receipt is not None
    assert len(receipt.evidence.encode()) == 200


def test_who_decided_the_end_is_told_and_not_who_confirmed_it() -> None:
    told = line(record("Revoking", "sam"), record("Revoked", "bob"))
    assert (told.ended_by, told.status) == (arn("sam"), "REVOKED")


def test_a_review_that_no_policy_set_could_be_asked_about_shows_the_looks() -> None:
    review = line(record("Reviewed", "bob", detail=f"justified: {REASON}")).review
    assert review is not None
    assert (review.outcome, review.looks) == ("", ((arn("bob"), "justified"),))
