"""Where the emulator's Step Functions differ from AWS's; see `__init__.py`."""

import contextvars
from typing import Any

from local.bridges.patching import existing

_executions_of: dict[str, dict[str, Any]] = {}
"""Token -> the execution that waits for it, or once did."""
_execution: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("execution")
_token: contextvars.ContextVar[str | None] = contextvars.ContextVar("token", default=None)


def build_all() -> None:
    tokens_belong_to_an_execution()
    a_task_fails_with_its_function()
    used_up_tokens_say_so()
    an_execution_ends_once()


def machine_of(token: str) -> str | None:
    """The state machine whose task the token is, or was, for."""
    execution = _executions_of.get(token)
    return str(execution["stateMachineArn"]) if execution else None


def tokens_belong_to_an_execution() -> None:
    """The emulator does not remember whose token it gave out; all that follows needs it."""
    from ministack.services import stepfunctions

    execute = existing(stepfunctions, "_execute_task")
    invoke = existing(stepfunctions, "_invoke_with_callback")

    def execute_task(state: Any, given: Any, execution: Any, *rest: Any, **named: Any) -> Any:
        mark = _execution.set(execution)
        try:
            return execute(state, given, execution, *rest, **named)
        finally:
            _execution.reset(mark)

    def invoke_with_callback(resource: Any, given: Any, token: str, state: Any) -> Any:
        _executions_of[token] = _execution.get()
        mark = _token.set(token)
        try:
            return invoke(resource, given, token, state)
        finally:
            _token.reset(mark)

    stepfunctions._execute_task = execute_task
    stepfunctions._invoke_with_callback = invoke_with_callback


def a_task_fails_with_its_function() -> None:
    """AWS fails a task that waits for its token as soon as the function that was to pass the token
    on fails; the emulator goes on waiting.
    """
    from ministack.services import stepfunctions

    call = existing(stepfunctions, "_call_lambda")
    failure = existing(stepfunctions, "_ExecutionError")
    tokens = existing(stepfunctions, "_task_tokens")

    def call_lambda(function: Any, event: Any) -> Any:
        try:
            return call(function, event)
        except failure as error:
            waiting = tokens.get(_token.get())
            if waiting is not None and not waiting["event"].is_set():
                waiting["error"] = {"Error": error.error, "Cause": error.cause}
                waiting["event"].set()
            raise

    stepfunctions._call_lambda = call_lambda


def used_up_tokens_say_so() -> None:
    """A token that came back, or whose execution is over, is answered with TaskTimedOut by AWS, and
    by the emulator with TaskDoesNotExist or not refused at all.
    """
    from ministack.core.responses import error_response_json
    from ministack.services import stepfunctions

    tokens = existing(stepfunctions, "_task_tokens")

    def wrapped(name: str) -> None:
        send = existing(stepfunctions, name)

        def answer(data: dict[str, Any]) -> Any:
            token = str(data.get("taskToken"))
            execution, waiting = _executions_of.get(token), tokens.get(token)
            used = waiting is None or waiting["event"].is_set()
            if execution is not None and (used or execution["status"] != "RUNNING"):
                return error_response_json("TaskTimedOut", "Task Timed Out", 400)
            return send(data)

        setattr(stepfunctions, name, answer)

    for name in ("_send_task_success", "_send_task_failure", "_send_task_heartbeat"):
        wrapped(name)


def an_execution_ends_once() -> None:
    """In AWS the first end of an execution stands, a later StopExecution is answered as if it had
    worked, and a stopped execution waits for nothing any more. In the emulator a task that fails
    after the stop turns ABORTED into FAILED, a late StopExecution is an error, and a token is
    waited for until its timeout.
    """
    from ministack.core.responses import json_response
    from ministack.services import stepfunctions

    fail = existing(stepfunctions, "_fail_execution")
    stop = existing(stepfunctions, "_stop_execution")
    executions = existing(stepfunctions, "_executions")
    tokens = existing(stepfunctions, "_task_tokens")

    def fail_execution(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    def stop_execution(data: dict[str, Any]) -> Any:
        execution = executions.get(data.get("executionArn"))
        if execution is not None and execution["status"] not in {"RUNNING", "ABORTED"}:
            return json_response({"stopDate": execution["stopDate"]})
        answer = stop(data)
        for token, owner in list(_executions_of.items()):
            waiting = tokens.get(token) if owner is execution else None
            if waiting is not None:
                waiting["error"] = {"Error": "States.TaskFailed", "Cause": "execution stopped"}
                waiting["event"].set()
        return answer

    stepfunctions._fail_execution = fail_execution
    stepfunctions._stop_execution = stop_execution
