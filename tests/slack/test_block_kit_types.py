"""Every kind of message and view has the shape that Slack's own types give: `tsc` says so, once."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.slack.rendered import RESOURCES, messages, others, sessions, views

ROOT = Path(__file__).resolve().parent.parent.parent
NODE = Path(sys.executable).parent / "node"
TSC = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
HEAD = 'import type { KnownBlock, HomeView, ModalView } from "@slack/types";\n'


def faults_by_tsc(folder: Path, declarations: list[str]) -> list[str]:
    """What the compiler has against them; none if it takes all."""
    source = folder / "shown.ts"
    source.write_text(HEAD + "\n".join(declarations), encoding="utf-8")
    types = {"@slack/types": [str(ROOT / "node_modules" / "@slack" / "types")]}
    config = {
        "compilerOptions": {
            "strict": True,
            "noEmit": True,
            "skipLibCheck": True,
            "types": [],
            "module": "nodenext",
            "target": "es2022",
            "paths": types,
        },
        "files": [source.name],
    }
    (folder / "tsconfig.json").write_text(json.dumps(config), encoding="utf-8")
    done = subprocess.run(
        [NODE, TSC, "--project", folder], capture_output=True, text=True, check=False
    )
    return [line for line in done.stdout.splitlines() + done.stderr.splitlines() if line]


def declared(number: int, kind: str, value: Any) -> str:
    return f"export const shown{number}: {kind} = {json.dumps(value)};"


def all_that_is_shown() -> list[tuple[str, Any]]:
    """Each kind of block, message and view, in each state; what is the same stands once."""
    found: list[tuple[str, Any]] = []
    for session, records in sessions().values():
        found += [("KnownBlock[]", m.blocks) for m in messages(session, records, "Core ledger")]
    session, _ = sessions()["active"]
    found += [("KnownBlock[]", message.blocks) for message in others("pam approve")]
    for view in views(session, "Core ledger", RESOURCES):
        found.append(("HomeView" if view.body["type"] == "home" else "ModalView", view.body))
    return list({json.dumps(each): each for each in found}.values())


WRONG = {
    "a button with markup": (
        "KnownBlock[]",
        [
            {
                "type": "actions",
                "elements": [
                    {
                        "type": "button",
                        "action_id": "pam.approve",
                        "text": {"type": "mrkdwn", "text": "*Approve*"},
                    }
                ],
            }
        ],
    ),
    "a block that there is not": ("KnownBlock[]", [{"type": "card_of_ours"}]),
    "a modal without a title": ("ModalView", {"type": "modal", "blocks": []}),
    "a style that there is not": (
        "KnownBlock[]",
        [
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [{"type": "text", "text": "x", "style": {"loud": True}}],
                    }
                ],
            }
        ],
    ),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    right = [declared(at, *each) for at, each in enumerate(all_that_is_shown())]
    wrong = [declared(len(right) + at, *each) for at, each in enumerate(WRONG.values())]
    # One run: the compiler takes seconds to start.
    return faults_by_tsc(tmp_path_factory.mktemp("types"), right + wrong)


def lines_with_faults(told: list[str]) -> set[int]:
    at_all = [line for line in told if line.startswith("shown.ts(") or "/shown.ts(" in line]
    return {int(line.split("shown.ts(")[1].split(",")[0]) for line in at_all}


def test_slacks_own_types_take_every_message_and_view(told: list[str]) -> None:
    right = len(all_that_is_shown())
    assert right > 60
    first, last = 2, right + 1
    assert not {line for line in lines_with_faults(told) if first <= line <= last}, told[:3]


def test_they_refuse_what_is_of_another_shape(told: list[str]) -> None:
    after = len(all_that_is_shown()) + 2
    assert lines_with_faults(told) >= {after + at for at in range(len(WRONG))}
    assert all("shown.ts(" in line or line.startswith(" ") for line in told), told
