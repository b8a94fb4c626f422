"""`pam review`: what is sent and what is shown."""

import json
from typing import Any

import pytest

from tests.cli.fake_api import SESSION_ID, FakeApi, Pam, active, session

BOB = "arn:aws:iam::000000000000:user/bob"


def owing(due_at: str = "2126-11-21T01:00:00.000Z", **review: Any) -> dict[str, Any]:
    owed = {"required": True, "due_at": due_at, "outcome": "", "reviewers": [], **review}
    return session(status="ENDED", break_glass=True, review=owed)


SENT = {
    "that it was right": (["--justified"], {"outcome": "justified"}),
    "a comment": (
        ["--justified", "--comment", "was needed"],
        {"outcome": "justified", "comment": "was needed"},
    ),
    "a doubt": (["--unjustified"], {"outcome": "unjustified"}),
}


@pytest.mark.parametrize("case", SENT)
def test_a_review_sends_what_was_said_and_no_more(fake: FakeApi, pam: Pam, case: str) -> None:
    said, sent = SENT[case]
    fake.on("POST /pam/review", owing(reviewers=[BOB]))
    assert pam("review", SESSION_ID, *said).exit_code == 0
    assert fake.asked[0].body == {"session_id": SESSION_ID, **sent}


def test_who_has_looked_and_until_when_another_must_is_shown(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/review", owing(reviewers=[BOB]))
    shown = pam("review", SESSION_ID, "--justified").stdout
    assert "review due 2126-11-21 01:00:00 UTC" in shown
    assert "(so far by bob)" in shown


def test_a_settled_review_is_shown_with_what_was_found(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/review", owing(outcome="justified", reviewers=[BOB, BOB]))
    assert "reviewed: justified" in pam("review", SESSION_ID, "--justified").stdout


def test_an_overdue_review_says_so(fake: FakeApi, pam: Pam) -> None:
    fake.on(f"GET /pam/sessions/{SESSION_ID}", owing("2020-01-01T00:00:00.000Z"))
    assert "review overdue since 2020-01-01" in pam("show", SESSION_ID).stdout


def test_the_json_is_the_apis_own(fake: FakeApi, pam: Pam) -> None:
    document = active(break_glass=True)
    fake.on("POST /pam/review", document)
    assert json.loads(pam("--json", "review", SESSION_ID, "--justified").stdout) == document


@pytest.mark.parametrize("said", [[], ["--justified", "--unjustified"], ["--comment", "x"]])
def test_what_was_found_is_said_and_said_once(fake: FakeApi, pam: Pam, said: list[str]) -> None:
    result = pam("review", SESSION_ID, *said)
    assert result.exit_code == 2
    assert "--justified or --unjustified" in result.stderr
    assert fake.asked == []
