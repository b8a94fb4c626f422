"""What was asked of this Identity Center, as JSON lines: for checks after a whole test run."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from local.identity_center.service import Call


def to_file(path: Path) -> Callable[[Call], None]:
    def record(call: Call) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**asdict(call), "at": call.at.timestamp()}) + "\n")

    return record
