"""How the demo tells what it does, step by step."""

import time
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape


class NotAsPromisedError(Exception):
    """A step came out otherwise than it must."""


class Story:
    """Tells the steps with the time since the beginning, and stops at the first untrue one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    def chapter(self, title: str) -> None:
        self._console.print(f"\n[bold]{escape(title)}[/bold]")

    def begin(self, what: str) -> None:
        """What comes with a time of its own: the story begins with the stack."""
        self._console.print(f"  [dim] {escape(what)}[/dim]")

    def note(self, what: str) -> None:
        self._console.print(f"  [dim]{self._clock()}[/dim]    {escape(what)}")

    def step(self, what: str, holds: object) -> None:
        mark = "[green]✓[/green]" if holds else "[red]✗[/red]"
        self._console.print(f"  [dim]{self._clock()}[/dim]  {mark} {escape(what)}")
        if not holds:
            raise NotAsPromisedError(what)

    def _clock(self) -> str:
        return f"{time.monotonic() - self._began:6.1f} s"


def wait_until(instant: datetime) -> None:
    while (left := (instant - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(min(left, 0.2))
