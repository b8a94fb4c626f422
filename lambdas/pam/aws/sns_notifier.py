"""Tells people by SNS. What they read is built from the catalogue and from policy.

The requester's own words (reason, ticket) are shown as such, on lines of their own that are marked
as quoted. A message holds no token and no link that acts: approving is a signed call.
"""

from typing import Any

from pam.domain import durations, timestamps
from pam.domain.block import Block
from pam.domain.session import Session

_SUBJECT_LIMIT = 100


class SnsNotifier:
    """Implements `ports.people.Notifier`, for one topic."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic = topic_arn

    def approval_needed(self, session: Session, resource_title: str) -> None:
        asks = f"{session.requester_name} asks for {session.resource}"
        self._ask(f"PAM: {asks}", session, resource_title, so_far="")

    def still_waiting(self, session: Session, resource_title: str) -> None:
        waits = f"{session.requester_name} still waits for {session.resource}"
        so_far = f"so far {session.gathered.total}, "
        self._ask(f"PAM reminder: {waits}", session, resource_title, so_far=so_far)

    def _ask(self, subject: str, session: Session, resource_title: str, *, so_far: str) -> None:
        needed = session.needed
        gate = f", {needed.domain} of them from {session.domain} (DT-001)" if needed.domain else ""
        self._publish(
            subject,
            [
                f"{session.requester_name} ({session.requester_domain}) asks for "
                f"{resource_title} [{session.resource}, {session.environment.value}, "
                f"{session.domain}] for {durations.render(session.duration)}.",
                "",
                *_own_words(session),
                "",
                f"Needed: {needed.total} approval(s){gate}, {so_far}"
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
                *(
                    [f"  pam review {session.session_id} --justified|--unjustified"]
                    if session.review
                    else []
                ),
            ],
        )

    def confirmation_needed(self, session: Session, resource_title: str) -> None:
        """With the requester's name as an attribute, as `ending_soon`."""
        what = "break-glass on" if session.circumstances.break_glass else "access to"
        self._publish(
            f"PAM: is it you who asks for {session.resource}?",
            [
                f"{session.requester_name}, a runbook asks in your name for {what} "
                f"{resource_title} [{session.resource}, {session.environment.value}, "
                f"{session.domain}]. Nothing is granted before you confirm it yourself, until "
                f"{timestamps.render(session.approval_expires_at)}.",
                "",
                *_own_words(session),
                "",
                f"  pam show {session.session_id}",
                f"  pam confirm {session.session_id}",
                f"  pam end {session.session_id}",
            ],
            MessageAttributes=_for(session),
        )

    def ending_soon(self, session: Session, resource_title: str) -> None:
        """With the requester's name as an attribute, so that each can subscribe to their own."""
        end = timestamps.render(session.expires_at) if session.expires_at else "soon"
        self._publish(
            f"PAM: your access to {session.resource} ends soon",
            [
                f"{session.requester_name}, your access to {resource_title} "
                f"[{session.resource}, {session.environment.value}, {session.domain}] "
                f"ends at {end}. It cannot be made longer; if you need more, ask anew.",
                "",
                f"  pam show {session.session_id}",
                f"  pam request {session.resource} --reason WHY",
            ],
            MessageAttributes=_for(session),
        )

    def review_overdue(self, session: Session, resource_title: str) -> None:
        review = session.review
        due, looked = (timestamps.render(review.due_at), len(review.people)) if review else ("", 0)
        self._publish(
            f"TIER 1: break-glass of {session.requester_name} on {session.resource} not reviewed",
            [
                f"Two approvers had to review this break-glass session until {due}; "
                f"{looked} did. {session.requester_name} ({session.requester_domain}) had used it "
                f"on {resource_title} [{session.resource}, {session.environment.value}, "
                f"{session.domain}], and can use no break-glass until it is reviewed.",
                "",
                *_own_words(session),
                "",
                f"  pam audit show {session.session_id}",
                f"  pam review {session.session_id} --justified|--unjustified "
                "--comment WHAT-YOU-FOUND",
            ],
        )

    def operator_blocked(self, block: Block) -> None:
        self._publish(
            f"TIER 1: operator {block.person} is blocked",
            [
                f"{block.told()}, by {block.by}.",
                "",
                "Until then this person can revoke, block and erase nothing. If it was not meant, "
                "another operator lifts it:",
                "",
                "  pam blocklist list",
                f"  pam blocklist lift {block.person} --reason WHY",
            ],
        )

    def _publish(self, subject: str, lines: list[str], **more: Any) -> None:
        self._client.publish(
            TopicArn=self._topic,
            Subject=subject[:_SUBJECT_LIMIT],
            Message="\n".join(lines),
            **more,
        )


def _for(session: Session) -> dict[str, Any]:
    return {"requester": {"DataType": "String", "StringValue": session.requester_name}}


def _own_words(session: Session) -> list[str]:
    verified = "" if session.requester_verified else " (as claimed by a runbook)"
    return [
        f"In the requester's own words{verified}:",
        f"> {session.reason}",
        f"> ticket: {session.circumstances.ticket or '-'}",
    ]
