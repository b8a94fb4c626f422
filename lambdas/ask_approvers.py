"""The workflow waits for votes.

Trigger: the approval workflow, with a task token. May touch: the session table, the approver topic,
the workflow's token. A retry is safe: it brings a new token, which replaces the old one.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain import messages
from pam.operations.ask_approvers import ask_approvers
from pam.settings import AskSettings

logger = Logger()


@cache
def settings() -> AskSettings:
    return AskSettings.from_env()


@logger.inject_lambda_context
def handler(event: object, context: Any) -> None:
    """`AskApprovers`. Answers nothing: the token does.

    A token that no task of the workflow waits for takes no other's place.
    """
    message = messages.read(event, messages.AskApprovers)
    workflow = wiring.workflow()
    if not workflow.waits(message.task_token):
        useless = "no task of the workflow waits for this token"
        raise messages.UnknownEvent(useless)
    ask_approvers(
        message.session_id,
        message.task_token,
        now=clock.now(),
        store=wiring.sessions(settings().tables),
        policy=wiring.policy(),
        notifier=wiring.notifier(settings().approver_topic_arn, settings().env_name),
        workflow=workflow,
    )
