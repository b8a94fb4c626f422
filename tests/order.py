"""The order of test files: what takes long is begun first.

Started last, it would keep one of two workers busy while the other has nothing left to do. What is
not named here may take long, so it is begun before what is. What waits for cards in Slack is begun
before these: what the others ask for uses up the updates that Slack allows in a minute.
"""

from pathlib import Path
from typing import Protocol

FOLDERS = (
    *("trail", "postgres", "fuzz", "stacks", "domain", "contract", "slack", "handlers"),
    *("operations", "cli", "suite", "local", "policy", "architecture", "tests"),
)
"""Of tests without network, by the time that their longest files take."""
E2E = (
    *("fuzz", "load", "races", "databases", "local_stack", "who_may_do_what", "function_rights"),
    *("borrowing_a_role", "tick", "command", "blocklist", "activity", "audit", "events"),
    *("review", "runbook", "approval", "bad_input", "runbook_documents_run"),
)
"""Files of end-to-end tests, without `test_`, by the time that they take. Last the one that needs
the AWS CLI, which is being installed when they begin.
"""


FIRST = ("readme", "trail")
"""What reports on the whole log, or proves it, before others forge records in it."""


class Item(Protocol):
    @property
    def path(self) -> Path: ...


def rank(item: Item) -> int:
    """By which to sort; equal within a file."""
    folder, file = item.path.parent.name, item.path.stem.removeprefix("test_")
    if folder == "e2e" and file in FIRST:
        return -3
    if folder == "e2e" and file.startswith("slack_"):
        return -2
    name, known = (file, E2E) if folder == "e2e" else (folder, FOLDERS)
    return known.index(name) if name in known else -1
