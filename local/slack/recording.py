"""What was asked of this Slack, as JSON lines: for checks after a whole test run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the Web API: its arguments as they were meant, without the token."""

    at: float
    method: str
    arguments: Json
    error: str | None


class Recorder:
    """Keeps the calls, and appends them to a file if one is given."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.calls: list[Call] = []

    def record(self, call: Call) -> None:
        self.calls.append(call)
        if self._path is not None:
            line = {
                "at": call.at,
                "method": call.method,
                "arguments": call.arguments,
                "error": call.error,
            }
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def read(path: Path) -> list[Call]:
    """The calls of a file that a `Recorder` wrote."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Call(**json.loads(line)) for line in lines]
