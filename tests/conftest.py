"""For all tests."""

import gc
import signal
from collections.abc import Iterator
from functools import cache

import botocore.loaders
import botocore.session
import pytest
from hypothesis import HealthCheck, settings

from tests import order
from tests.figures import FIGURE

# How long an example takes says more of the machine than of the code.
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")

# Thousands of tests stay in memory: a collector that looks through them all the time takes a fifth
# of the processor.
gc.set_threshold(50_000, 20, 20)


# What botocore knows of AWS's services is read once, and not by each session: it is nine tenths of
# what a client costs, and with moto each test has a session of its own.
botocore.session.create_loader = cache(botocore.loaders.create_loader)


_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}


@pytest.fixture(autouse=True)
def signals_as_at_a_terminal() -> Iterator[None]:
    """Whoever started the tests may ignore some (`nohup`, a background job of a script), and every
    process that a test starts would, too.
    """
    numbers = signal.valid_signals() - _IGNORED_BY_PYTHON
    ignored = [number for number in numbers if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


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
