"""Tells people what they did not ask for: reminders, warnings, an overdue review.

Trigger: the tick, one session a call. May touch: the session table, and the three topics; no
target, no workflow, no bus. A retry is safe: what is being sent, or was sent, is not sent again.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain import messages
from pam.operations.send_notices import Audiences, send_notices
from pam.settings import NoticeSettings

logger = Logger()


@cache
def settings() -> NoticeSettings:
    return NoticeSettings.from_env()


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, list[str]]:
    message = messages.read(event, messages.SendNotices)
    sent = send_notices(
        message.session_id,
        now=clock.now(),
        store=wiring.sessions(settings().tables),
        policy=wiring.policy(),
        audiences=Audiences(
            approvers=wiring.notifier(settings().approver_topic_arn, settings().env_name),
            requesters=wiring.notifier(settings().requester_topic_arn, settings().env_name),
            tier1=wiring.notifier(settings().tier1_topic_arn, settings().env_name),
        ),
    )
    return {"sent": [duty.value for duty in sent]}
