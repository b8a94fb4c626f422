"""People for what takes many sessions at once or in a row: load tests, races, benches.

They are of bank-core, as `alice` and `bob` are, and so many that nobody meets a limit per person.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue

from local.cast import Cast, Person

ENGINEERS = tuple(f"load{number:02}" for number in range(1, 21))
APPROVERS = tuple(f"load-approver{number}" for number in range(1, 4))
SESSIONS_EACH = 3
"""On one resource, not closed: the limit of `policy/catalogue.yaml`."""


def engineers(cast: Cast) -> list[Person]:
    return [cast.person(name) for name in ENGINEERS]


def approvers(cast: Cast) -> list[Person]:
    return [cast.person(name) for name in APPROVERS]


class Crowd:
    """Engineers who take turns. Safe to be used by many threads."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._turns: SimpleQueue[Person] = SimpleQueue()
        for _ in range(SESSIONS_EACH):
            for person in people:
                self._turns.put(person)

    @contextmanager
    def turn(self) -> Iterator[Person]:
        """Somebody for one session, which is closed when the block is left.

        Waits while everybody has as many as they may.
        """
        person = self._turns.get()
        try:
            yield person
        finally:
            self._turns.put(person)

    def take(self) -> Person:
        """Somebody for a session that may stay open. Raises queue.Empty if all have as many."""
        return self._turns.get_nowait()
