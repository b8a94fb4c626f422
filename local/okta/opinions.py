"""A second opinion on what was asked of this Okta and on what it answered: Okta's own SDK, which is
generated from Okta's specification of its API.

    python -m local.okta.opinions RECORDING.jsonl

The token endpoint is not in that specification, and neither is what the API says at its door: of
tokens (401) and proofs (400 without a body).
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from local.okta.recording import Call, read
from local.okta.routes import TOKEN
from local.state import ROOT

_PYTHON = ROOT / ".pam" / "opinions" / "bin" / "python"
_UNAUTHORISED = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What the SDK holds against a call, or against the answer to it."""

    operation: str
    issue: str


def of_calls(calls: Iterable[Call]) -> list[Problem]:
    """Each call and answer once, however often it was recorded."""
    told = [it for it in calls if it.operation != TOKEN]
    once = {json.dumps(_told(it), sort_keys=True): it for it in told}
    issues = issues_of(once.values())
    return [
        Problem(operation=call.operation, issue=issue)
        for call, issue in zip(once.values(), issues, strict=True)
        if issue is not None
    ]


def issues_of(calls: Iterable[Call]) -> list[str | None]:
    """What is wrong with each, in their order."""
    asked = [_told(call) for call in calls]
    if not asked:
        return []
    done = subprocess.run(
        [_PYTHON, ROOT / "gates" / "okta_opinions.py"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        # Who comes to no opinion must not pass for one who agrees.
        raise RuntimeError(done.stderr)
    found: list[str | None] = json.loads(done.stdout)
    return found


def of_files(paths: Iterable[Path]) -> list[Problem]:
    """On what `Recorder`s wrote."""
    return of_calls(call for path in paths for call in read(path))


def _told(call: Call) -> dict[str, object]:
    if call.status == _UNAUTHORISED:
        call = replace(call, content=None)
    names = ("operation", "method", "target", "status", "content")
    return {name: getattr(call, name) for name in names}


def main() -> int:
    problems = of_files(map(Path, sys.argv[1:]))
    for problem in problems:
        print(f"{problem.operation}: {problem.issue}", file=sys.stderr)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
