"""The priced parts of docs/cost.md, each between `<!-- priced: NAME -->` and `<!-- end -->`.

`make cost` makes them anew, for the one environment whose figures the page has.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from cli import polling
from deployment import cost, slack_cost
from deployment.cost_report import (
    COLD,
    HOUR,
    Templates,
    in_slack,
    organisation,
    session_usd,
    several,
)
from deployment.counted import (
    API,
    INDEX,
    READ,
    TRANSITIONS,
    WRITE,
    Counted,
    Line,
    by_these,
    functions,
    of,
    total,
)

SHOWN = "prod"
_PAGE = Path(__file__).resolve().parent.parent / "docs" / "cost.md"
_PART = re.compile(r"(<!-- priced: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page(
    page_text: str, templates: Templates, counted: Counted, slack: Mapping[str, Templates]
) -> str:
    """The page with its priced parts made anew. Raises KeyError for a part that nobody makes."""
    made = {
        "idle": _idle_table,
        "slack": lambda _, counted: _slack_table(slack, counted),
        "sessions": _sessions_table,
        "lines": _lines_table,
        "cold": _cold_table,
        "by-use": _by_use_table,
        "beside": _beside_table,
    }
    return _PART.sub(
        lambda found: found[1] + made[found[2]](templates, counted) + found[3], page_text
    )


def rewrite_page(templates: Templates, counted: Counted, slack: Mapping[str, Templates]) -> None:
    text = page(_PAGE.read_text(encoding="utf-8"), templates, counted, slack)
    _PAGE.write_text(text, encoding="utf-8")


def _idle_table(templates: Templates, counted: Counted) -> str:
    idle, keys = cost.idle(templates, counted), cost.keys(templates)
    rows = [(line.item, f"{line.quantity:,.0f}", f"{line.usd:.2f}") for line in idle]
    rows.append(("**in all, without keys**", "", f"**{total(idle):.2f}**"))
    rows.append((keys[0].item, f"{keys[0].quantity:.0f}", f"{total(keys):.2f}"))
    return _table(("item", "quantity", "USD"), rows)


def _slack_table(slack: Mapping[str, Templates], counted: Counted) -> str:
    ways = [way for way in slack if way != slack_cost.NONE]
    by_way = {way: {line.item: line for line in in_slack(slack, way, counted)} for way in ways}
    items = dict.fromkeys(item for lines in by_way.values() for item in lines)
    rows = [(item, *(_usd(by_way[way].get(item)) for way in ways)) for item in items]
    sums = (f"**{total(by_way[way].values()):.2f}**" for way in ways)
    return _table(
        ("USD a month for", *(f"`{way}`" for way in ways)), [*rows, ("**in all**", *sums)]
    )


def _usd(line: Line | None) -> str:
    return "" if line is None else f"{line.usd:.2f}"


def _sessions_table(templates: Templates, counted: Counted) -> str:
    head = (
        *("kind", "counted", "API calls", "function runs", "transitions"),
        *("write units, of indexes", "read units", "USD"),
    )
    # The stack on which it is counted is in Slack and has a witness; this deployment may not.
    deployed = cost.memory(templates)
    by_kind = {kind: by_these(each.count, deployed) for kind, each in counted.sessions.items()}
    return _table(
        head,
        [
            (
                f"`{kind}`",
                f"{several(each.approvals, 'approval')}, {several(each.leases, 'lease')}",
                f"{of(by_kind[kind], API):.0f}",
                f"{sum(functions(by_kind[kind]).values()):.0f}",
                f"{of(by_kind[kind], TRANSITIONS):.0f}",
                f"{of(by_kind[kind], WRITE):.0f}, {of(by_kind[kind], INDEX):.0f}",
                f"{of(by_kind[kind], READ):.0f}",
                f"{session_usd(templates, counted, kind):.5f}",
            )
            for kind, each in counted.sessions.items()
        ],
    )


def _lines_table(templates: Templates, counted: Counted) -> str:
    by_kind = {kind: cost.session(templates, counted, kind) for kind in counted.sessions}
    items = list(dict.fromkeys(_plain(line) for lines in by_kind.values() for line in lines))
    rows = []
    for item in items:
        of_item = [
            sum(line.usd for line in lines if _plain(line) == item) for lines in by_kind.values()
        ]
        rows.append((item, *(f"{usd:.6f}" for usd in of_item)))
    return _table(("USD for", *(f"`{kind}`" for kind in by_kind)), rows)


def _cold_table(templates: Templates, counted: Counted) -> str:
    return _table(
        ("a cold start adds", *(f"{seconds} s" for seconds in COLD)),
        [
            (f"`{kind}`", *(f"{session_usd(templates, counted, kind, s):.5f}" for s in COLD))
            for kind in counted.sessions
        ],
    )


def _by_use_table(templates: Templates, counted: Counted) -> str:
    hour = total(cost.waiting(templates, counted, HOUR))
    fast, alone = (total(cost.acts(templates, counted, alone=each)) for each in (False, True))
    look = total(cost.waiting(templates, counted, 0.5))
    return _table(
        ("what", "USD"),
        [
            (f"an hour of `--wait` or `--watch`: {polling.looks(HOUR)} looks", f"{hour:.4f}"),
            ("one look", f"{look:.6f}"),
            ("1,000 acts of one session recorded, a hundred at a time", f"{fast:.4f}"),
            ("1,000 acts recorded, each by itself", f"{alone:.4f}"),
        ],
    )


def _beside_table(templates: Templates, counted: Counted) -> str:
    rows = [
        (name, "not published" if usd is None else f"{usd:,.2f}", why)
        for name, usd, why in organisation(templates, counted)
    ]
    return _table(("what", "USD a month", "rests on"), rows)


def _plain(line: Line) -> str:
    """Without the number of cold starts, which differs by kind."""
    return re.sub(r"^\d+ (?=cold)", "", line.item)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
