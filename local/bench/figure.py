"""What a bench tells: figures, each beside a reference of the same run, and breakdowns.

An absolute time says something of one machine; a ratio to what was measured beside it, on the same
machine and in the same minutes, says something of PAM. So a bar is always a ratio.
"""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

SECONDS, MEGABYTES = "s", "MB"
_TEN = 10
_MILLI, _MICRO = 1e-3, 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured.

    Raises ValueError if there is no reference to compare it with: a bar, and every claim about a
    figure, needs one.
    """

    name: str
    value: float
    """Median."""
    unit: str
    """`s`, `MB`, or what is counted."""
    reference: str
    """What `reference_value` is the median of, in words."""
    reference_value: float
    bar: float | None
    """The highest ratio that is good enough; None where nobody set one."""
    runs: int
    """How often both were measured, in turn."""
    slowest: float | None = None
    """The highest value of all runs, where there were several."""
    note: str = ""
    bound: str = ""
    """What keeps the figure from its bar; shown only while the bar is missed."""

    def __post_init__(self) -> None:
        if not self.reference or self.reference_value <= 0:
            message = f"{self.name}: there is no reference to compare it with"
            raise ValueError(message)

    @property
    def ratio(self) -> float:
        return self.value / self.reference_value

    @property
    def met(self) -> bool | None:
        """Whether the ratio is within the bar; None if there is no bar."""
        return None if self.bar is None else self.ratio <= self.bar

    @property
    def verdict(self) -> str:
        return {True: "met", False: "missed", None: "-"}[self.met]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """A table of parts of one whole, such as processor time by process."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def of_seconds(
    name: str, measured: Sequence[float], reference: str, bare: Sequence[float], **more: Any
) -> Figure:
    """A figure of times that were measured in turn with their reference."""
    return Figure(
        name=name,
        value=statistics.median(measured),
        unit=SECONDS,
        reference=reference,
        reference_value=statistics.median(bare),
        runs=len(measured),
        slowest=max(measured),
        **{"bar": None, **more},
    )


def shown(value: float, unit: str) -> str:
    """`51 ms`, `1.20 s`, `264 MB`, `6 states`, `9.5 units`."""
    if unit != SECONDS:
        whole = value == int(value) or value >= _TEN
        return f"{value:.{0 if whole else 1}f} {unit}"
    if value < _MILLI:
        return f"{value / _MICRO:.0f} us"
    if value < 1:
        return f"{value / _MILLI:.{1 if value < 10 * _MILLI else 0}f} ms"
    return f"{value:.2f} s"


def shown_ratio(ratio: float) -> str:
    """With as many digits as mean something."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"  # noqa: PLR2004


HEAD = ("figure", "ratio", "bar", "", "measured", "slowest", "reference", "", "runs")


def row(figure: Figure) -> tuple[str, ...]:
    """One line of the table that is printed and of the page, under `HEAD`."""
    return (
        f"{figure.name} ({figure.note})" if figure.note else figure.name,
        shown_ratio(figure.ratio),
        "-" if figure.bar is None else f"{figure.bar:g}",
        figure.verdict,
        shown(figure.value, figure.unit),
        "-" if figure.slowest is None else shown(figure.slowest, figure.unit),
        figure.reference,
        shown(figure.reference_value, figure.unit),
        str(figure.runs),
    )


def to_document(
    bench: str, told: Sequence[Figure | Breakdown], *, machine: dict[str, Any], seconds: float
) -> dict[str, Any]:
    """What is kept of a run, as JSON. Ratio and verdict stand in it for whoever reads only that."""
    return {
        "bench": bench,
        "machine": machine,
        "seconds": round(seconds, 1),
        "figures": [
            _rounded({**asdict(it), "ratio": it.ratio, "met": it.met})
            for it in told
            if isinstance(it, Figure)
        ],
        "breakdowns": [asdict(it) for it in told if isinstance(it, Breakdown)],
    }


def from_document(document: dict[str, Any]) -> tuple[list[Figure], list[Breakdown]]:
    """The figures and breakdowns of a run that was kept. Raises ValueError and KeyError for what is
    none, and for a ratio or verdict that its own figures do not give.
    """
    figures = []
    for kept in document["figures"]:
        fields = dict(kept)
        ratio, met = fields.pop("ratio"), fields.pop("met")
        figure = Figure(**fields)
        if met is not figure.met or abs(ratio - figure.ratio) > ratio / 100:
            message = f"{figure.name}: the ratio that was kept is not that of its figures"
            raise ValueError(message)
        figures.append(figure)
    breakdowns = [
        Breakdown(
            title=each["title"],
            head=tuple(each["head"]),
            rows=tuple(tuple(line) for line in each["rows"]),
        )
        for each in document["breakdowns"]
    ]
    return figures, breakdowns


def _rounded(fields: dict[str, Any]) -> dict[str, Any]:
    """Four digits: what lies behind them is noise, and makes each run look like another."""
    return {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in fields.items()
    }
