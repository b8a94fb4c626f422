"""The JSON schema of what an execution of the workflow is started with, from the very class that
admission reads it by.

`python -m documents.start_input` writes `docs/schemas/start-execution.json`; a test holds it
current, and another one holds that schema and admission judge alike.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from pam.edge.bodies import StartInput

FILE = Path(__file__).resolve().parent.parent / "docs" / "schemas" / "start-execution.json"
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "session_id": "The session's id, chosen by the starter: a ULID whose time is within five "
        "minutes of the start. Absent: PAM makes one from the execution.",
        "requester": "Who is to have the access: a principal, or the name of a listed IAM user. A "
        "claim; the access can only reach that person.",
        "resource": "The catalogue's id of the resource.",
        "reason": "Why: 10 to 1000 visible characters in one line.",
        "duration_seconds": "For how long, at most; the resource may allow less. Absent: its "
        "default.",
        "ticket": "The ticket or incident, in one line.",
        "break_glass": "An emergency: no approval is waited for, but the person's own word.",
    }
)


def schema() -> dict[str, Any]:
    made = TypeAdapter(StartInput).json_schema()
    fields = made["properties"]
    if set(fields) != set(MEANINGS):
        message = f"say what these mean, and no others: {sorted(set(fields) ^ set(MEANINGS))}"
        raise ValueError(message)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:bank:mod046:start-execution",
        "title": "Input of the approval workflow",
        "description": "What `StartExecution` is given. Characters that nobody sees count for "
        "nothing in texts, and those that drive a terminal are refused: this a schema cannot say.",
        "type": "object",
        "required": sorted(made["required"]),
        "additionalProperties": made["additionalProperties"],
        "properties": {
            name: {k: v for k, v in fields[name].items() if k != "title"} | {"description": text}
            for name, text in MEANINGS.items()
        },
    }


def render() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(render(), encoding="utf-8")
