"""An account of Slack's hears that somebody took it for theirs: whoever did not mean that says so
before it may vote.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pam.domain.ids import is_ulid
from pam.domain.principals import Scheme, scheme_of
from pam.ports.slack import SlackQueue
from pam.slack import direct
from pam.slack.jobs import Method, Send, group_of, to_text


def tell_linked(record: Mapping[str, Any], queue: SlackQueue, now: datetime) -> int:
    """How many were told: nobody of another surface. Of the record nothing is told but which
    account it is about.
    """
    principal, event_id = record.get("requester"), record.get("event_id")
    if not (isinstance(principal, str) and isinstance(event_id, str) and is_ulid(event_id)):
        return 0
    if scheme_of(principal) is not Scheme.SLACK:
        return 0
    user, message = principal.partition("/")[2], direct.linked(principal)
    job = Send(
        to=user,
        method=Method.POST_MESSAGE,
        arguments={"channel": user, "text": message.text, "blocks": list(message.blocks)},
        not_after=now + direct.LINKED_TOLD_FOR,
    )
    queue.put(to_text(job), group=group_of(job), once=f"linked {event_id}")
    return 1
