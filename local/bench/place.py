"""Where benches measure: one local stack for all that need one, brought up when the first does."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Self

from local import crowd
from local.bench.bare import Bare
from local.cast import Cast
from local.stack import down, up
from local.state import State


class Place:
    """A context manager: what was started is stopped when it is left."""

    def __init__(self, state_dir: Path, tell: Callable[[str], None]) -> None:
        self.state_dir = state_dir
        self.tell = tell

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the shared stack, for a bench that needs the machine for itself. To be called by the
        last one: the references of the others end with it.
        """
        if "cast" in vars(self):
            down(self.state_dir)

    @cached_property
    def cast(self) -> Cast:
        """The people of the shared stack, which is up from here on."""
        up(self.state_dir, tell=self.tell, hand_over=False)
        return Cast(self.state_dir)

    @cached_property
    def bare(self) -> Bare:
        """The references, made in the shared stack."""
        return Bare(self.cast, crowd.engineers(self.cast)[0])

    @property
    def state(self) -> State:
        return State(self.state_dir.resolve())
