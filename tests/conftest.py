"""For all tests."""

import gc
from functools import cache

import botocore.loaders
import botocore.session
import pytest
from hypothesis import settings

from tests import order
from tests.figures import FIGURE

# How long an example takes says more of the machine than of the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

# Thousands of tests stay in memory: a collector that looks through them all the time takes a fifth
# of the processor.
gc.set_threshold(50_000, 20, 20)


# What botocore knows of AWS's services is read once, and not by each session: it is nine tenths of
# what a client costs, and with moto each test has a session of its own.
botocore.session.create_loader = cache(botocore.loaders.create_loader)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=order.rank)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed")
    figures = [line for it in reports for name, line in it.user_properties if name == FIGURE]
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.line(str(line))
