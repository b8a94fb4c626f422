"""The documents under `runbooks/`, step by step, as Systems Manager Automation runs them."""

import re
from collections.abc import Mapping
from typing import Any

from stacks.runbooks import document

FILLED = {
    "Requester": "alice",
    "Resource": "core-ledger-admin",
    "Reason": "paged for INC-77, see runbook 12",
    "DurationSeconds": "3600",
    "Ticket": "INC-77",
    "Environment": "prod",
}
NAMED = re.compile(r"\{\{ ?([\w.]+) ?\}\}")
"""Something that a document refers to: a parameter, or what a step gave."""


def steps(name: str) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in document(name)["mainSteps"]}


def run(name: str, step: str, told: Mapping[str, str]) -> Any:
    """A script step: its payload filled in, its handler called."""
    inputs = steps(name)[step]["inputs"]
    payload = {key: _filled(value, told) for key, value in inputs["InputPayload"].items()}
    namespace: dict[str, Any] = {}
    exec(compile(inputs["Script"], step, "exec"), namespace)  # the document's own script
    return namespace[inputs["Handler"]](payload, {})


def called(name: str, step: str, told: Mapping[str, str]) -> dict[str, str]:
    """What a step calls AWS with."""
    inputs = steps(name)[step]["inputs"]
    return {
        key: _filled(value, told) for key, value in inputs.items() if key not in {"Service", "Api"}
    }


def _filled(text: str, told: Mapping[str, str]) -> str:
    """Once: what comes in by this is not looked through again."""
    return NAMED.sub(lambda found: told[found[1]], text)
