"""Clients of AWS that a test answers for."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:pam-prod-approval-workflow"


def failing(code: str) -> Callable[..., Any]:
    def call(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "x"}}, "Call")

    return call


class Recorder:
    """A client whose every call is recorded; `answers` says what each gives."""

    def __init__(self, **answers: Any) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self.calls.append((name, arguments))
            answer = self._answers.get(name)
            return answer(**arguments) if callable(answer) else answer

        return call
