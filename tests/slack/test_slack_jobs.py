"""What is told later, as text: it comes back as it was, and nothing else is a job."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.slack.jobs import (
    LARGEST_JOB,
    Job,
    Look,
    Method,
    NoJob,
    Paint,
    Send,
    from_text,
    group_of,
    to_text,
)

SESSION = "01KJM3S3JTAAAAAAAAAAAAAAAA"
UNTIL = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def send(**changed: Any) -> Send:
    told: dict[str, Any] = {
        "to": "U0BOB",
        "method": Method.UPDATE_VIEW,
        "arguments": {"view_id": "V1", "view": {"blocks": [{"text": "ü\u202e<!channel>"}]}},
        "not_after": UNTIL,
    }
    return Send(**told | changed)


@pytest.mark.parametrize(
    ("job", "group"),
    [
        (send(), "U0BOB"),
        (Paint(session_id=SESSION, channel="C0CORE"), "C0CORE"),
        (Look(channel="C0CORE"), "C0CORE"),
    ],
)
def test_a_job_comes_back_as_it_was_in_its_group(job: Job, group: str) -> None:
    assert from_text(to_text(job)) == job
    assert group_of(job) == group


@pytest.mark.parametrize(
    "job",
    [
        send(to=""),
        send(to="not an id"),
        send(to="C0CORE/../x"),
        send(arguments={"view": "a" * LARGEST_JOB}),
        Paint(session_id=SESSION, channel=""),
        Look(channel="not an id"),
    ],
)
def test_what_has_no_group_or_no_room_is_not_sent(job: Job) -> None:
    with pytest.raises(NoJob):
        to_text(job)


RIGHT = json.loads(to_text(send()))


@pytest.mark.parametrize(
    "changed",
    [
        {"job": "delete"},
        {"method": "chat.delete"},
        {"method": "conversations.invite"},
        {"arguments": "text"},
        {"not_after": "soon"},
        {"not_after": None},
        {"to": None},
        {"to": "not an id"},
        {"job": "paint", "session_id": "no id", "channel": "C0CORE"},
        {"job": "paint", "session_id": SESSION},
    ],
)
def test_what_nobody_has_sent_is_no_job(changed: dict[str, Any]) -> None:
    assert from_text(json.dumps(RIGHT)) == send()
    with pytest.raises(NoJob):
        from_text(json.dumps(RIGHT | changed))


@given(st.text(max_size=200) | st.sampled_from(["[" * 5000, "null", "{}", "1e999", '{"job": []}']))
def test_any_text_is_a_job_or_is_refused(text: str) -> None:
    with pytest.raises(NoJob):
        from_text(text)
