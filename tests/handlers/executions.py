"""Executions of the workflow as the functions meet them, and all that a call could have changed."""

import json
from dataclasses import astuple
from typing import Any

from pam.domain import messages
from pam.domain.messages import event_of
from pam.domain.session import Session
from pam.ports.people import Execution, Failure
from tests.contract.conftest import TABLES
from tests.fakes.story import LEDGER, NOON, Story, arn

EXECUTION = "arn:aws:states:eu-west-1:000000000000:execution:pam:night-shift"
START = {"requester": arn("alice"), "resource": LEDGER, "reason": "runbook 12, step 3"}


def started(story: Story, input_: Any, execution: str = EXECUTION, *, running: bool = True) -> Any:
    """What Step Functions knows; the message to admission about it."""
    story.workflow.executions[execution] = Execution(
        arn=execution, started_at=NOON, input=json.dumps(input_), running=running
    )
    return event_of(messages.Admit(execution_arn=execution))


def failed(story: Story, session: Session, error: str, cause: str = "") -> Any:
    """The session's execution is in a closing state; the message of that state."""
    story.workflow.failures[session.execution_arn] = Failure(error=error, cause=cause)
    message = messages.CloseUnfinished(
        execution_arn=session.execution_arn, session_id=session.session_id
    )
    return event_of(message)


def snapshot(story: Story) -> Any:
    """All that a call could have changed."""
    tables: Any = story.store
    items = [tables._client.scan(TableName=name)["Items"] for name in astuple(TABLES)]
    done = (story.workflow.started, story.workflow.stopped, story.workflow.approvals)
    return json.dumps(items, sort_keys=True, default=str), story.issuer.held, str(done)
