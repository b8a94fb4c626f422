"""The approval workflow on Step Functions."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.domain.errors import IssuerUnavailable, NoSuchExecution, TryAgain
from pam.domain.session import Session
from pam.names import ClosingState
from pam.ports.people import Execution, Failure

_USED_UP = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}
_NOT_OURS = {"AccessDeniedException"}
"""The role may ask for the tasks and the executions of the one machine only."""
_EVENTS_OF_A_CLOSING_STATE = 200
"""More than all its tries come to, so that what led to it is among the events read."""
_CAUSE_LIMIT = 32_768
_ERROR_LIMIT = 256


class StepFunctionsWorkflow:
    """Implements `ports.people.Workflow` and `Executions`.

    Execution name = session id: a start is idempotent.
    """

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

    def waits(self, token: str) -> bool:
        try:
            self._client.send_task_heartbeat(taskToken=token)
        except ClientError as fault:
            if fault.response["Error"]["Code"] in _USED_UP | _NOT_OURS:
                return False
            raise
        return True

    def describe(self, execution_arn: str) -> Execution:
        said = self._asked(self._client.describe_execution, execution_arn)
        return Execution(
            arn=execution_arn,
            started_at=said["startDate"],
            input=said.get("input", ""),
            running=said["status"] == "RUNNING",
        )

    def failure(self, execution_arn: str) -> Failure | None:
        history = self._asked(
            self._client.get_execution_history,
            execution_arn,
            reverseOrder=True,
            maxResults=_EVENTS_OF_A_CLOSING_STATE,
            # Task tokens and reasons stand in it.
            includeExecutionData=False,
        )
        return _failure(history["events"])

    def _asked(self, call: Any, execution_arn: str, **arguments: Any) -> dict[str, Any]:
        machine = self._machine.replace(":stateMachine:", ":execution:")
        if not execution_arn.startswith(f"{machine}:"):
            message = f"{execution_arn} is no execution of the approval workflow"
            raise NoSuchExecution(message)
        try:
            answer: dict[str, Any] = call(executionArn=execution_arn, **arguments)
        except ClientError as fault:
            if fault.response["Error"]["Code"] in {"ExecutionDoesNotExist", "InvalidArn"}:
                message = f"Step Functions shows no execution {execution_arn}"
                raise NoSuchExecution(message) from None
            raise
        return answer

    @staticmethod
    def _answer(call: Any, **arguments: str) -> None:
        try:
            call(**arguments)
        except ClientError as fault:
            if fault.response["Error"]["Code"] not in _USED_UP:
                raise


def _failure(events: list[dict[str, Any]]) -> Failure | None:
    """What failed before the state entered last, if that is a closing one. The newest event first.

    Whatever the closing state itself has failed with since does not count.
    """
    entered = False
    for event in events:
        for name, details in event.items():
            if not name.endswith("EventDetails"):
                continue
            if not entered and name == "stateEnteredEventDetails":
                if details["name"] not in set(ClosingState):
                    return None
                entered = True
            elif entered and details.get("error"):
                return Failure(error=str(details["error"]), cause=str(details.get("cause") or ""))
    return Failure(error="", cause="") if entered else None
