"""What the functions do with their processor time, from inside: `make bench PROFILE=1`.

The sessions of the throughput bench, with each function's calls under `cProfile`. Printed, and kept
nowhere: a profile slows down what it looks at, so its times mean something to each other only.
"""

import os
import pstats
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local import crowd
from local.bench.place import Place
from local.bench.throughput import live, many
from local.bridges.profiling import SWITCH

_MOST = 30
_BLOCKS = 3


def profile(state_dir: Path) -> int:
    console = Console(highlight=False)
    os.environ[SWITCH] = "1"
    with Place(state_dir, lambda line: console.print(f"  {line}", style="dim")) as place:
        people = crowd.Crowd(crowd.engineers(place.cast))
        for _ in range(_BLOCKS):
            many(partial(live, place.cast, people))
        for name, handler in place.cast.handlers.items():
            found = [str(path) for path in place.state.profiles.glob(f"{name}.*.prof")]
            if found:
                console.print(_table(handler, pstats.Stats(*found)))
    return 0


def _table(handler: str, stats: pstats.Stats) -> Table:
    """The functions of the code in which most time is spent, with what they call."""
    total = stats.total_tt  # type: ignore[attr-defined]
    shown = Table(
        *("within", "alone", "calls", "where"),
        title=f"{handler}: {total:.2f} s",
        title_justify="left",
    )
    lines = [
        (cumulative, alone, calls, place)
        for place, (_, calls, alone, cumulative, _) in stats.stats.items()  # type: ignore[attr-defined]
    ]
    for cumulative, alone, calls, place in sorted(lines, reverse=True)[:_MOST]:
        shares = [f"{part / total:.0%}" for part in (cumulative, alone)]
        shown.add_row(*shares, str(calls), _where(place))
    return shown


def _where(place: tuple[str, int, str]) -> str:
    file, line, function = place
    return f"{'/'.join(Path(file).parts[-3:])}:{line} {function}"
