"""What asl-validator says of state machines, and JSONata's own engine of expressions."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.synthesis import ROOT

_NODE = Path(sys.executable).parent / "node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """`text` without the `{% %}` around it; `bindings` by name, without the `$`."""

    text: str
    bindings: Mapping[str, Any]


def faults_of(definitions: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """For each definition what the validator has against it."""
    told = _ask({"definitions": definitions, "expressions": []})["definitions"]
    assert len(told) == len(definitions)
    return list(told)


def values_of(expressions: Sequence[Expression]) -> list[dict[str, Any]]:
    """For each `{value}`, or `{undefined: True}`, or `{error}`."""
    asked = [{"text": each.text, "bindings": each.bindings} for each in expressions]
    told = _ask({"definitions": [], "expressions": asked})["expressions"]
    assert len(told) == len(expressions)
    return list(told)


def _ask(questions: Mapping[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [_NODE, ROOT / "gates" / "workflow_opinions.cjs"],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers
