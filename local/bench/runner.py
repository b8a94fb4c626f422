"""Runs the benches one after the other, prints their figures, and keeps them for the page.

`python -m local bench [--only NAME] [--state-dir DIR]`, or `make bench [ONLY=NAME]`. Each bench
writes `docs/benchmarks/NAME.json`, and `docs/benchmarks.md` is made of all that are there, as are
the tables of other pages that show figures.
"""

import json
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import cast

from rich.console import Console
from rich.table import Table

from documents import pages
from local.bench.benches import BENCHES, KEPT
from local.bench.figure import HEAD, Breakdown, Figure, row, shown_ratio, to_document
from local.bench.machine import describe
from local.bench.place import Place
from local.state import ROOT

_WIDTH = 180
"""Characters: a narrower table would be one of single words."""

Bench = Callable[[Place], Iterable[Figure | Breakdown]]


def run(state_dir: Path, only: str = "") -> int:
    """0, however the figures are: a bench measures, and people judge."""
    console = Console(highlight=False)
    console.width = max(console.width, _WIDTH)
    names = [only] if only else list(BENCHES)
    began = time.monotonic()
    with Place(state_dir, lambda line: console.print(f"  {line}", style="dim")) as place:
        for name in names:
            _print(console, name, _run(name, place))
    for page in pages.pages():
        pages.fill(page)
    console.print(f"{time.monotonic() - began:.0f} s; kept in {KEPT.relative_to(ROOT)}")
    return 0


def _run(name: str, place: Place) -> list[Figure | Breakdown]:
    module, _, function = BENCHES[name].partition(":")
    bench = cast(Bench, getattr(import_module(module), function))
    began = time.monotonic()
    told = []
    for each in bench(place):
        told.append(each)
        if isinstance(each, Figure):
            place.tell(f"{name}: {each.name}: {shown_ratio(each.ratio)} ({each.verdict})")
    document = to_document(name, told, machine=describe(), seconds=time.monotonic() - began)
    KEPT.mkdir(exist_ok=True)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    (KEPT / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    return told


def _print(console: Console, name: str, told: list[Figure | Breakdown]) -> None:
    figures = Table(*HEAD, title=name, title_justify="left")
    for figure in told:
        if isinstance(figure, Figure):
            figures.add_row(*row(figure))
    console.print(figures)
    for breakdown in told:
        if isinstance(breakdown, Breakdown):
            shown = Table(*breakdown.head, title=breakdown.title, title_justify="left")
            for line in breakdown.rows:
                shown.add_row(*line)
            console.print(shown)
