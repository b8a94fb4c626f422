"""Commands that are loaded when they are meant; their names and first sentences are at hand."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Named:
    where: str
    """`module:function`, below `cli.commands`."""
    about: str
    """The first sentence of the function's docstring."""
    shape: str = ""
    """The class of the command, in the same module, if it is one of its own."""


@dataclass(frozen=True, slots=True)
class Below:
    about: str
    commands: "Commands"


Commands = Mapping[str, Named | Below]


class Loading(Mapping[str, Any]):
    """By name: each command, made by `make` at the first look at it."""

    def __init__(self, listed: Commands, make: Callable[[str, Named | Below], Any]) -> None:
        self._listed = listed
        self._make = make
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._make(name, self._listed[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)

    def __contains__(self, name: object) -> bool:
        return name in self._listed

    def about(self) -> dict[str, str]:
        """By name, without loading any."""
        return {name: each.about for name, each in self._listed.items()}
