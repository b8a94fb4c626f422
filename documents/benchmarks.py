"""The figures of `docs/benchmarks/*.json`, which `make bench` wrote, as tables of a page."""

import json
from collections.abc import Iterator
from typing import Any

from local.bench.benches import BENCHES, KEPT
from local.bench.cold_starts import bundle_figure
from local.bench.figure import HEAD, Breakdown, Figure, from_document, row, shown, shown_ratio
from stacks.bundle_contents import NEEDS

HEADLINES = (
    "request API: check: answered",
    "issue_credentials: answered",
    "tick: answered",
    "check at 100,000 stored sessions",
    "search at 100,000 stored sessions",
    "request -> answered",
    "check -> answered",
    "last approval -> usable credentials",
    "last approval -> usable credentials, with all proofs",
    "revoke -> credentials refused",
    "role: revoke -> refused, against a borrower who resists",
    "click -> acknowledged, by http",
    "click -> card repainted",
    "postgres-user: last approval -> login works",
    "postgres-user: end -> login refused, connection cut",
    "rotated-secret: end -> login refused, connection cut",
    "one session of many: request, two votes, lease, end",
    "one of many records carried to log group, archive and bus",
)

_NEED = {
    "database": "databases",
    "edge": "the API's edge",
    "policy": "a policy",
    "signatures": "signatures",
    "slack": "Slack's client",
}


def kept() -> dict[str, dict[str, Any]]:
    """What was kept of each bench, by its name, in the order in which they run."""
    order = list(BENCHES)
    paths = sorted(KEPT.glob("*.json"), key=lambda path: order.index(path.stem))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def headlines() -> str:
    """What the README shows, as far as it was kept, and on which machine it was measured."""
    figures = {figure.name: figure for _, figure in _figures()}
    rows = [_headline(figures[name]) for name in HEADLINES if name in figures]
    head = ("figure", "ratio", "bar", "over")
    return f"{_table(head, rows)}\n{_measured()}\n"


def absolutes() -> str:
    """The same figures as they were measured."""
    figures = {figure.name: figure for _, figure in _figures()}
    head = ("figure", "measured", "reference", "over")
    rows = [_absolute(figures[name]) for name in HEADLINES if name in figures]
    return f"{_table(head, rows)}\n{_measured()}\n"


def _absolute(figure: Figure) -> tuple[str, ...]:
    measured = (shown(each, figure.unit) for each in (figure.value, figure.reference_value))
    return figure.name, *measured, figure.reference


def _measured() -> str:
    machines = dict.fromkeys(_machine(document["machine"]) for document in kept().values())
    return f"Measured on {'; '.join(machines)}."


def _headline(figure: Figure) -> tuple[str, ...]:
    bar = "-" if figure.bar is None else f"{figure.bar:g}"
    return figure.name, shown_ratio(figure.ratio), bar, figure.reference


def missed() -> str:
    """Each bar that is missed: by how much, and what bounds it."""
    rows = [_missed(name, figure) for name, figure in _figures() if figure.met is False]
    head = ("figure", "bench", "ratio", "bar", "over it by", "what bounds it")
    return _table(head, rows) if rows else "None: every bar is met.\n"


def _missed(bench: str, figure: Figure) -> tuple[str, ...]:
    bar = figure.bar or 0.0
    over = f"{figure.ratio / bar - 1:.0%}" if bar else shown(figure.value, figure.unit)
    bound = figure.bound or "not found out"
    return figure.name, bench, shown_ratio(figure.ratio), f"{bar:g}", over, bound


def _figures() -> Iterator[tuple[str, Figure]]:
    for name, document in kept().items():
        yield from ((name, figure) for figure in from_document(document)[0])


def bundles() -> str:
    """Which function is shipped with what, as the code has it, and how large that was when it was
    measured.
    """
    measured = {figure.name: shown(figure.value, figure.unit) for _, figure in _figures()}
    rows = [
        (
            ", ".join(_NEED[need] for need in sorted(needs)) or "nothing beside AWS",
            ", ".join(f"`{name}`" for name, of in sorted(NEEDS.items()) if of == needs),
            measured.get(bundle_figure(needs), "not measured yet"),
        )
        for needs in sorted(set(NEEDS.values()), key=sorted)
    ]
    return _table(("needs", "functions", "unzipped, with bytecode"), rows)


def tables() -> str:
    """A section for each bench, and which were never run."""
    documents = kept()
    without = ", ".join(f"`{name}`" for name in BENCHES if name not in documents)
    sections = [_section(name, document) for name, document in documents.items()]
    return "\n".join([*sections, *([f"Not measured yet: {without}.\n"] if without else [])])


def _section(name: str, document: dict[str, Any]) -> str:
    figures, breakdowns = from_document(document)
    parts = [f"## {name}\n\n{_when(document)}\n\n", _table(HEAD, [row(each) for each in figures])]
    return "".join([*parts, *(_folded(each) for each in breakdowns)])


def _folded(breakdown: Breakdown) -> str:
    table = _table(breakdown.head, breakdown.rows)
    return f"\n<details><summary>{breakdown.title}</summary>\n\n{table}\n</details>\n"


def _when(document: dict[str, Any]) -> str:
    machine = document["machine"]
    return (
        f"Measured on {machine['measured_on']} in {document['seconds']:.0f} s, on "
        f"{_machine(machine)}."
    )


def _machine(machine: dict[str, Any]) -> str:
    processor = machine["cpu"] or machine["architecture"]
    return (
        f"{machine['cores']} cores of {processor} ({machine['system']}, Python {machine['python']})"
    )


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
