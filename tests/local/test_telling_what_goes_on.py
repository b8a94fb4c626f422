"""Whoever waits for a stack sees what is going on, and for how long."""

import io
import re

from rich.console import Console

from local.busy import busy

LINES = ("  0.1 s  synthesising the app ...", " 46.0 s  app synthesised")


def shown(*, terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, highlight=False, width=80)
    with busy(console) as told:
        for line in LINES:
            told(line)
    return out.getvalue()


def test_into_a_pipe_go_the_lines_and_nothing_else() -> None:
    assert shown(terminal=False).splitlines() == list(LINES)


def test_on_a_terminal_what_has_begun_stays_on_the_screen_with_the_time_that_it_takes() -> None:
    on_screen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown(terminal=True))
    assert re.search(r"\S synthesising the app +\d:\d\d:\d\d", on_screen)
    assert "app synthesised 0:" not in on_screen
