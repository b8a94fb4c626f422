"""Slack tells that something is other than it was: what PAM remembers of it holds no more."""

from pam.domain.ids import is_ulid
from pam.names import SLACK_CHANNEL, SLACK_USER
from pam.slack.deliveries import Changed
from pam.slack.jobs import Look, Paint
from pam.slack_edge.front import Answer, Handling

_SHARED = "channel_shared"
"""The event after which others read what stands there."""


def changed(told: Changed, handling: Handling) -> Answer:
    """Forgets the user, the channel, or both: whoever comes next asks Slack anew. Where others read
    from now on, the painter looks at once, and takes away what stands there.
    """
    facts = handling.front.facts
    if told.user:
        facts.forget(f"{SLACK_USER}{told.user}", handling.now)
    if told.channel:
        facts.forget(f"{SLACK_CHANNEL}{told.channel}", handling.now)
    if told.event == _SHARED:
        return Answer(jobs=(Look(channel=told.channel),))
    return Answer()


def painted(session_id: str, channel: str) -> tuple[Paint, ...]:
    """For what a button held, if that was a session."""
    return (Paint(session_id=session_id, channel=channel),) if is_ulid(session_id) else ()
