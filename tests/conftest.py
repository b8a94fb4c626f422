"""For all tests."""

import pytest
from hypothesis import settings

from tests.figures import FIGURE

# How long an example takes says more of the machine than of the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

LAST = (
    *("trail", "postgres", "fuzz", "stacks", "domain", "contract", "handlers", "operations"),
    *("cli", "suite", "policy", "architecture", "tests"),
)
"""Folders without long files, the longer first. Any other folder may have some, so it is begun
before these: what takes minutes and is started last keeps all but one worker waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return LAST.index(folder) if folder in LAST else -1

    items.sort(key=rank)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed")
    figures = [line for it in reports for name, line in it.user_properties if name == FIGURE]
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.line(str(line))
