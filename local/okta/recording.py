"""What was asked of this Okta and answered, as JSON lines: for checks after a whole test run."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, without what would open anything: no token, no proof, no assertion.

    `fields` are the names of a form's fields and of headers; `content` is what was answered.
    """

    at: float
    operation: str
    method: str
    target: str
    """Path and query, as sent."""
    fields: dict[str, str]
    status: int
    headers: dict[str, str]
    content: Any

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Recorder:
    """Keeps the calls, and appends them to a file if one is given."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.touch()
        self._path = path
        self.calls: list[Call] = []

    def record(self, call: Call) -> None:
        self.calls.append(call)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(call.as_json()) + "\n")


def read(path: Path) -> list[Call]:
    """The calls of a file that a `Recorder` wrote."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Call(**json.loads(line)) for line in lines]
