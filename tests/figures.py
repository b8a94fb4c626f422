"""Figures that a test measured and does not judge: printed when the run is over."""

from collections.abc import Callable
from functools import partial

FIGURE = "figure"
"""The property of a test's report that holds such a line."""

Tell = Callable[[str], None]


def teller(record_property: Callable[[str, object], None]) -> Tell:
    """Adds a line; `record_property` is pytest's fixture."""
    return partial(record_property, FIGURE)
