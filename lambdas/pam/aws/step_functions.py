"""The approval workflow on Step Functions."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.domain.errors import IssuerUnavailable, TryAgain
from pam.domain.session import Session

_USED_UP = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}
_CAUSE_LIMIT = 32_768
_ERROR_LIMIT = 256


class StepFunctionsWorkflow:
    """Implements `ports.people.Workflow`. Execution name = session id: a start is idempotent."""

    def __init__(self, client: Any, state_machine_arn: str) -> None:
        self._client = client
        self._machine = state_machine_arn

    def execution_arn(self, session_id: str) -> str:
        return f"{self._machine.replace(':stateMachine:', ':execution:')}:{session_id}"

    def start(self, session: Session) -> None:
        try:
            self._client.start_execution(
                stateMachineArn=self._machine,
                name=session.session_id,
                # The session is stored already; the history, which many may read, needs no more.
                input=json.dumps({"session_id": session.session_id}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                return
            if isinstance(error, TryAgain):
                raise
            message = "the approval workflow could not be started; try again"
            raise IssuerUnavailable(message) from error
        except BotoCoreError as error:
            message = "the approval workflow did not answer; try again"
            raise IssuerUnavailable(message) from error

    def approved(self, token: str) -> None:
        self._answer(self._client.send_task_success, taskToken=token, output="{}")

    def refused(self, token: str, *, error: str, cause: str) -> None:
        self._answer(
            self._client.send_task_failure,
            taskToken=token,
            error=error[:_ERROR_LIMIT],
            cause=cause[:_CAUSE_LIMIT],
        )

    def stop(self, session: Session, *, error: str, cause: str) -> None:
        try:
            self._client.stop_execution(
                executionArn=session.execution_arn,
                error=error[:_ERROR_LIMIT],
                cause=cause[:_CAUSE_LIMIT],
            )
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise

    @staticmethod
    def _answer(call: Any, **arguments: str) -> None:
        try:
            call(**arguments)
        except ClientError as fault:
            if fault.response["Error"]["Code"] not in _USED_UP:
                raise
