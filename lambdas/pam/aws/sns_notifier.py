"""Tells people by SNS. What they read is built from the catalogue and from policy.

The requester's own words (reason, ticket) are shown as such, on lines of their own that are marked
as quoted. A message holds no token and no link that acts: approving is a signed call.
"""

from typing import Any

from pam.domain import durations, timestamps
from pam.domain.session import Session

_SUBJECT_LIMIT = 100


class SnsNotifier:
    """Implements `ports.Notifier`; one topic a function."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic = topic_arn

    def approval_needed(self, session: Session, resource_title: str) -> None:
        needed = session.needed
        gate = f", {needed.domain} of them from {session.domain} (DT-001)" if needed.domain else ""
        self._publish(
            f"PAM: {session.requester_name} asks for {session.resource}",
            [
                f"{session.requester_name} ({session.requester_domain}) asks for "
                f"{resource_title} [{session.resource}, {session.environment.value}, "
                f"{session.domain}] for {durations.render(session.duration)}.",
                "",
                *_own_words(session),
                "",
                f"Needed: {needed.total} approval(s){gate}, "
                f"until {timestamps.render(session.approval_expires_at)}.",
                "",
                f"  pam show {session.session_id}",
                f"  pam approve {session.session_id}",
                f"  pam deny {session.session_id} --comment WHY",
            ],
        )

    def break_glass(self, session: Session, resource_title: str) -> None:
        review = (
            f"It must be reviewed until {timestamps.render(session.review.due_at)}."
            if session.review
            else "It needs no review."
        )
        self._publish(
            f"TIER 1: break-glass by {session.requester_name} on {session.resource}",
            [
                f"{session.requester_name} ({session.requester_domain}) uses break-glass on "
                f"{resource_title} [{session.resource}, {session.environment.value}, "
                f"{session.domain}] for {durations.render(session.duration)}.",
                "",
                *_own_words(session),
                "",
                review,
                "",
                f"  pam show {session.session_id}",
                f"  pam revoke {session.session_id} --reason WHY",
            ],
        )

    def _publish(self, subject: str, lines: list[str]) -> None:
        self._client.publish(
            TopicArn=self._topic,
            Subject=subject[:_SUBJECT_LIMIT],
            Message="\n".join(lines),
        )


def _own_words(session: Session) -> list[str]:
    verified = "" if session.requester_verified else " (as claimed by a runbook)"
    return [
        f"In the requester's own words{verified}:",
        f"> {session.reason}",
        f"> ticket: {session.ticket or '-'}",
    ]
