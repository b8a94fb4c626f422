"""Second opinions on what was sent to Slack: its own Python models, and its own TypeScript types.

Each sees what the other does not: the models know lengths and counts, the types know which field
belongs where. Neither was written here.

    python -m local.slack.opinions RECORDING.jsonl
"""

import json
import logging
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from local.slack.recording import Call, read
from local.state import ROOT

Json = dict[str, Any]

_MODULES = ROOT / "node_modules"
_ERROR = re.compile(r"^(?:checked\.ts)\((\d+),\d+\): error (TS\d+: .*)$")
_OPTIONS = {
    "noEmit": True,
    "strict": True,
    "skipLibCheck": True,
    "target": "es2022",
    "lib": ["es2015"],
    "module": "esnext",
    "moduleResolution": "bundler",
    "types": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What an opinion holds against one call."""

    method: str
    opinion: str
    what: str


def of_calls(calls: Iterable[Call]) -> list[Problem]:
    """Both opinions on every call that carried blocks or a view; the compiler runs once."""
    checked = list(calls)
    return [*by_models(checked), *by_types(checked)]


def of_files(paths: Iterable[Path]) -> list[Problem]:
    """Both opinions on what `Recorder`s wrote and Slack took. What was refused was told already."""
    calls = [call for path in paths for call in read(path)]
    return of_calls(call for call in calls if call.error is None)


def by_models(calls: Iterable[Call]) -> list[Problem]:
    return [
        Problem(method=call.method, opinion="models", what=what)
        for call in calls
        for what in _complaints(call)
    ]


def by_types(calls: Iterable[Call], events: Iterable[Json] = ()) -> list[Problem]:
    """`events` are what Slack sends; the same types hold for them. Equal content is compiled once
    and held against each call that carried it.
    """
    lines: dict[str, set[str]] = {}
    for call in calls:
        blocks, view = call.arguments.get("blocks"), call.arguments.get("view")
        if blocks is not None:
            lines.setdefault(_assign("KnownBlock[]", blocks), set()).add(call.method)
        if view is not None:
            lines.setdefault(_assign("View", view), set()).add(call.method)
            # A view takes any block with a type; here each has to be one that is known.
            lines.setdefault(_assign("KnownBlock[]", view.get("blocks")), set()).add(call.method)
    for event in events:
        lines.setdefault(_assign("SlackEvent", event), set()).add(str(event.get("type")))
    return _compile(lines) if lines else []


def _complaints(call: Call) -> list[str]:
    blocks, view = call.arguments.get("blocks"), call.arguments.get("view")
    found = [] if blocks is None else _complaints_of_blocks(blocks)
    if view is not None:
        found += _complaints_of_blocks(view.get("blocks") or [])
        found += _made(lambda: View(**view).to_dict())
    return found


def _complaints_of_blocks(blocks: list[Json]) -> list[str]:
    found = []
    for block in blocks:
        found += _made(lambda block=block: _parse(block))
    return found


def _parse(block: Json) -> Json:
    parsed = Block.parse(block)
    if type(parsed) is Block or parsed is None:
        message = f"no block of this type is known: {block.get('type')}"
        raise SlackObjectFormationError(message)
    made: Json = parsed.to_dict()
    lost = block.keys() - made.keys()
    if lost:
        message = f"not a field of {block['type']}: {', '.join(sorted(lost))}"
        raise SlackObjectFormationError(message)
    return made


def _made(make: Any) -> list[str]:
    try:
        make()
    except (SlackObjectFormationError, TypeError, AttributeError, KeyError) as error:
        return [f"{type(error).__name__}: {error}"]
    return []


def _assign(kind: str, value: Any) -> str:
    """One line, so that a complaint's line says whose it is."""
    return f"use<{kind}>({json.dumps(value)});"


def _compile(lines: dict[str, set[str]]) -> list[Problem]:
    methods = list(lines.values())
    head = (
        'import type { KnownBlock, View, SlackEvent } from "@slack/types";',
        "declare function use<T>(it: T): void;",
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "checked.ts").write_text("\n".join([*head, *lines]), encoding="utf-8")
        types = str(_MODULES / "@slack" / "types" / "dist" / "index.d.ts")
        options = _OPTIONS | {"paths": {"@slack/types": [types]}}
        config = {"compilerOptions": options, "files": ["checked.ts"]}
        (place / "tsconfig.json").write_text(json.dumps(config), encoding="utf-8")
        tsc = str(_MODULES / ".bin" / "tsc")
        done = subprocess.run(
            [tsc, "--project", "tsconfig.json", "--pretty", "false"],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
    found = []
    for line in done.stdout.splitlines():
        about = _ERROR.match(line)
        if about:
            found += [
                Problem(method=method, opinion="types", what=about[2])
                for method in sorted(methods[int(about[1]) - 1 - len(head)])
            ]
    if bool(found) is (done.returncode == 0):
        # A compiler that did not come to an opinion must not pass for one that agrees.
        raise RuntimeError(done.stdout + done.stderr)
    return found


def main() -> int:
    logging.disable(logging.WARNING)  # the models say it all again, less well
    problems = of_files(map(Path, sys.argv[1:]))
    for problem in problems:
        print(f"{problem.method}: {problem.opinion}: {problem.what}", file=sys.stderr)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
