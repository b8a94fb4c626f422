"""The synthesised state machine as a document, so that a review sees what a change does to it.

`python -m stacks.workflow_document` writes docs/approval-workflow.asl.json; a test compares.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parent.parent / "docs" / "approval-workflow.asl.json"

_STATE_MACHINE = "AWS::StepFunctions::StateMachine"


def definition(template: Mapping[str, Any]) -> dict[str, Any]:
    """The definition in `template`, with `${LogicalId.Attribute}` for what deployment fills in."""
    machines = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == _STATE_MACHINE
    ]
    (machine,) = machines
    text = machine["DefinitionString"]
    if isinstance(text, Mapping):
        separator, parts = text["Fn::Join"]
        text = separator.join(
            part if isinstance(part, str) else _placeholder(part) for part in parts
        )
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def render(template: Mapping[str, Any]) -> str:
    return json.dumps(definition(template), indent=2, ensure_ascii=False) + "\n"


def _placeholder(intrinsic: Mapping[str, Any]) -> str:
    if "Ref" in intrinsic:
        return f"${{{intrinsic['Ref']}}}"
    return f"${{{'.'.join(intrinsic['Fn::GetAtt'])}}}"


def main() -> None:
    from stacks.synthesis import build, new_app, templates

    app = new_app("prod")
    build(app)
    DOCUMENT.write_text(render(templates(app)["pam-prod-service"]), encoding="utf-8")


if __name__ == "__main__":
    main()
