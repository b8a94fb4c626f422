"""A process that dies at its n-th statement, or at its n-th call of a collaborator."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest


class Crash(BaseException):
    """No handler of the code under test catches it, as none catches a power cut."""


@dataclass
class Fuse:
    """Blows before the n-th thing, or right after it."""

    blows_at: int
    after: bool = False
    count: int = 0
    blown: bool = False
    connections: list[Any] = field(default_factory=list)
    thread: int = field(default_factory=threading.get_ident)
    """The process that dies is this one; a rotation goes on elsewhere."""

    @contextmanager
    def around(self) -> Iterator[None]:
        if threading.get_ident() != self.thread:
            yield
            return
        if self.blown:
            raise Crash  # the dead tidy nothing up
        self.count += 1
        if self.count == self.blows_at and not self.after:
            self.blow()
        yield
        if self.count == self.blows_at:
            self.blow()

    def blow(self) -> None:
        self.blown = True
        for connection in self.connections:
            connection.pgconn.finish()
        raise Crash


@contextmanager
def statements(fuse: Fuse, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every statement of every connection that is opened inside burns the fuse."""

    class Burning(psycopg.Connection[Any]):
        def execute(self, *given: Any, **named: Any) -> Any:
            with fuse.around():
                return super().execute(*given, **named)

    def connect(**given: Any) -> Any:
        connection = Burning.connect(**given)
        if threading.get_ident() == fuse.thread:
            fuse.connections.append(connection)
        return connection

    with patch.context() as inside:
        inside.setattr(psycopg, "connect", connect)
        yield


class Burning:
    """A collaborator, every call of which burns the fuse."""

    def __init__(self, real: Any, fuse: Fuse) -> None:
        self._real, self._fuse = real, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)

        def call(*given: Any, **named: Any) -> Any:
            with self._fuse.around():
                return found(*given, **named)

        return call if callable(found) else found
