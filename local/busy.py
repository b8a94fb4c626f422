"""What is going on while a stack comes up: a line at each step, and on a terminal a spinner with
the time since it began.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

BEGINS = "..."
"""Ends a line that says what begins; others say what is done."""


@contextmanager
def busy(
    console: Console, tell: Callable[[str], None] | None = None
) -> Iterator[Callable[[str], None]]:
    """Yields what takes each line. `tell` prints it; without, it is printed as it is."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    shown = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    say = tell or (lambda line: console.print(escape(line)))
    with shown:
        task = shown.add_task("starting", total=None)

        def told(line: str) -> None:
            say(line)
            if line.endswith(BEGINS):
                what = line.rpartition("  ")[2].removesuffix(BEGINS)
                shown.update(task, description=escape(what))

        yield told
