"""The one place that knows which way a system has to a holder: Unix sockets, or a named pipe.

Each way is a module with `can_be`, `connect`, `start` and `main`. Both ends know by the system that
the other one is of the same user before a word is said; who is not gets no connection.
"""

import sys
from importlib import import_module
from types import TracebackType
from typing import Any, Protocol, Self

LONGEST = 65536
"""Bytes of what is said at once, either way."""
ASKING_PATIENCE = 3.0
"""Seconds for an answer; a holder that has just been started takes a tenth of one."""
SERVING_PATIENCE = 2.0
"""Seconds for one who has connected and says nothing."""
KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
"""What of the starter's environment a holder has; Python does not start on Windows without the
last one.
"""


class NoPlaceError(Exception):
    """There is no place that nobody else can get at. `str()` says which one is wrong, and how."""


class Connection(Protocol):
    """To somebody of the same user. Raises OSError for what is cut off, too long or too late."""

    def send(self, said: bytes) -> None: ...

    def receive(self) -> bytes: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Listener(Protocol):
    def accept(self, seconds: float) -> Connection | None:
        """None if nobody has come meanwhile, or somebody else."""

    def is_still(self) -> bool:
        """Whether those who look for a holder find this one."""

    def close(self) -> None: ...


def of_this_system() -> Any:
    name = "pipes" if sys.platform == "win32" else "sockets"
    return import_module(f"cli.holder.{name}")
