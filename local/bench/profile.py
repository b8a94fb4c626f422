"""What the functions do with their processor time, from inside: `make bench PROFILE=1`.

The sessions of the throughput bench, with each function's calls under `cProfile`. Printed, and kept
nowhere: a profile slows down what it looks at, so its times mean something to each other only.
"""

import os
import pstats
from collections.abc import Iterable
from functools import partial
from operator import itemgetter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local import crowd
from local.bench.place import Place
from local.bench.throughput import live, many
from local.bridges.profiling import SWITCH

_MOST = 60
_BLOCKS = 2
_WIDTH = 140


def profile(state_dir: Path) -> int:
    console = Console(highlight=False, width=_WIDTH)
    os.environ[SWITCH] = "1"
    with Place(state_dir, lambda line: console.print(f"  {line}", style="dim")) as place:
        people = crowd.Crowd(crowd.engineers(place.cast))
        for _ in range(_BLOCKS):
            many(partial(live, place.cast, people))
        for name, handler in sorted(place.cast.handlers.items(), key=itemgetter(1)):
            parts = _parts(place.state.profiles.glob(f"{name}.*.prof"))
            if parts:
                console.print(_table(handler, parts))
    return 0


def _parts(files: Iterable[Path]) -> dict[str, list[float]]:
    """Of each function of the code: seconds with what it calls, seconds alone, calls."""
    parts: dict[str, list[float]] = {}
    for file in files:
        # Each process has its code in a folder of its own.
        for place, (_, calls, alone, within, _) in pstats.Stats(str(file)).stats.items():  # type: ignore[attr-defined]
            sums = parts.setdefault(_where(place), [0.0, 0.0, 0])
            sums[:] = [a + b for a, b in zip(sums, (within, alone, calls), strict=True)]
    return parts


def _table(handler: str, parts: dict[str, list[float]]) -> Table:
    """Where most time is spent, with what is called from there."""
    total = sum(alone for _, alone, _ in parts.values())
    shown = Table(
        *("within", "alone", "calls", "where"),
        title=f"{handler}: {total:.2f} s",
        title_justify="left",
    )
    by_time = sorted(parts.items(), key=itemgetter(1), reverse=True)
    for place, (within, alone, calls) in by_time[:_MOST]:
        shown.add_row(f"{within / total:.0%}", f"{alone / total:.0%}", f"{calls:.0f}", place)
    return shown


def _where(place: tuple[str, int, str]) -> str:
    file, line, function = place
    return f"{'/'.join(Path(file).parts[-3:])}:{line} {function}"
