"""Courses of events, each of which is gone through once.

An act that dies before its fourth call leaves the world that it leaves if it dies after its third;
so does another act that had done the same by then. From the same world on the same happens.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Courses:
    known: dict[tuple[object, ...], Any] = field(default_factory=dict)
    """What came of each, by the likeness of the world that it began in and by what happened then.
    """

    def of(self, course: tuple[object, ...], goes_on: Callable[[], Any]) -> Any:
        """What comes of it; `goes_on` goes through it, if nobody has. What fails is not known."""
        if course not in self.known:
            self.known[course] = goes_on()
        return self.known[course]
