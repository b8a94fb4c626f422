"""The calls that a function answers, each declared once.

The gateway has matched a call to its route before a function hears of it, so a route is found by
its name. What a route takes and gives stands in its signature: `reading.py` reads calls by it, and
the API's description is made from it (`documents/openapi.py`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

Answer = TypeVar("Answer", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`path` as the gateway has it, with each parameter in braces; `said`: what it answers with,
    for the description. `answer` takes the `Call`, then what is sent, and returns plain data.
    """

    method: str
    path: str
    said: str
    status: int
    answer: Callable[..., Any]


class Routes:
    """Those of one function, in the order in which they are described."""

    def __init__(self) -> None:
        self._named: dict[str, Route] = {}

    def get(self, path: str, said: str) -> Callable[[Answer], Answer]:
        return self._add("GET", path, said, 200)

    def post(self, path: str, said: str, *, status: int = 200) -> Callable[[Answer], Answer]:
        return self._add("POST", path, said, status)

    def delete(self, path: str, said: str) -> Callable[[Answer], Answer]:
        return self._add("DELETE", path, said, 200)

    def find(self, act: str) -> Route | None:
        """`act` is method and path, as records name it. With a `+` the gateway marks a parameter
        that may have slashes in it.
        """
        return self._named.get(act.replace("+}", "}"))

    def __iter__(self) -> Iterator[Route]:
        return iter(self._named.values())

    def _add(self, method: str, path: str, said: str, status: int) -> Callable[[Answer], Answer]:
        def added(answer: Answer) -> Answer:
            self._named[f"{method} {path}"] = Route(
                method=method, path=path, said=said, status=status, answer=answer
            )
            return answer

        return added
