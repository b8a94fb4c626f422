"""The prices, the counts and what comes of them: for people, and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from deployment import cost, rivals, slack_cost
from deployment.cost import Template
from deployment.counted import (
    COLD_SECONDS,
    CPU,
    Count,
    Counted,
    Line,
    of,
    total,
)
from deployment.prices import AS_OF, PRICES, REGION, Price

COLD = (0.5, 1.0, COLD_SECONDS, 2.0)
HOUR, HALF_AN_HOUR = 3600, 1800
_MENDED = 0.10
"""A count that differs by more from the one that stood is told."""
Templates = Mapping[str, Template]
_NOTHING: Mapping[str, Templates] = {}


def text(
    env_name: str,
    templates: Templates,
    counted: Counted,
    stood: Counted,
    slack: Mapping[str, Templates] = _NOTHING,
) -> str:
    lines = [f"Prices of {AS_OF}, {REGION}, in US dollars; no free tier", ""]
    lines += [
        f"  {price.usd:<12g} {_per(price):<36} aws.amazon.com/{price.page}"
        for price in PRICES.values()
    ]
    for title, part in parts(env_name, templates, counted, slack):
        lines += ["", title, f"  {'USD':>10}  {'quantity':>12}"]
        lines += [
            f"  {line.usd:>10.6f}  {_quantity(line.quantity):>12}  {line.item}" for line in part
        ]
        lines.append(f"  {total(part):>10.6f}  in all")
    lines += ["", "a session, by what a cold start adds to a run"]
    for kind in counted.sessions:
        by_seconds = ", ".join(
            f"{s} s: {session_usd(templates, counted, kind, s):.6f}" for s in COLD
        )
        lines.append(f"  {kind}: {by_seconds}")
    lines += ["", *_changes(counted, stood), "", *_beside(templates, counted)]
    mail = PRICES["mail"].of(1)
    return "\n".join(
        [*lines, "", f"Each mail that a subscription sends: {mail:.5f}. More: docs/cost.md"]
    )


def parts(
    env_name: str,
    templates: Templates,
    counted: Counted,
    slack: Mapping[str, Templates] = _NOTHING,
) -> list[tuple[str, Sequence[Line]]]:
    """Each part with its title, as lines that add up."""
    return [
        (f"{env_name}, idle, a month, without keys", cost.idle(templates, counted)),
        ("keys, a month", cost.keys(templates)),
        ("beside it", cost.beside(templates)),
        *(
            (f"in Slack by {way}: a month more, without the network", in_slack(slack, way, counted))
            for way in slack
            if way != slack_cost.NONE
        ),
        *(
            (
                f"one session: {kind} ({each.resource}; {several(each.approvals, 'approval')}, "
                f"{several(each.leases, 'lease')}), counted {counted.on}, with {cost.LOOKS} looks "
                "and the warning before its end",
                cost.session(templates, counted, kind),
            )
            for kind, each in counted.sessions.items()
        ),
        ("an hour of --wait", cost.waiting(templates, counted, HOUR)),
        ("1,000 acts recorded, a hundred at a time", cost.acts(templates, counted)),
        ("1,000 acts recorded, each alone", cost.acts(templates, counted, alone=True)),
    ]


def in_slack(slack: Mapping[str, Templates], way: str, counted: Counted) -> list[Line]:
    return cost.more(slack[way], slack[slack_cost.NONE], counted)


def document(
    env_name: str,
    templates: Templates,
    counted: Counted,
    slack: Mapping[str, Templates] = _NOTHING,
) -> dict[str, Any]:
    """`{env, prices_as_of, region, counted_on, currency, parts: {title: {usd, lines}}}`."""
    return {
        "env": env_name,
        "prices_as_of": AS_OF,
        "region": REGION,
        "counted_on": counted.on,
        "currency": "USD",
        "parts": {
            title: {
                "usd": total(part),
                "lines": [
                    {"item": line.item, "quantity": line.quantity, "usd": line.usd} for line in part
                ],
            }
            for title, part in parts(env_name, templates, counted, slack)
        },
        "cold_starts": {
            kind: {str(s): session_usd(templates, counted, kind, s) for s in COLD}
            for kind in counted.sessions
        },
        "a_month": {name: usd for name, usd, _ in organisation(templates, counted)},
    }


def organisation(templates: Templates, counted: Counted) -> list[tuple[str, float | None, str]]:
    idle = total(cost.idle(templates, counted)) + total(cost.keys(templates))
    dearest = max(session_usd(templates, counted, kind) for kind in counted.sessions)
    waited = total(cost.waiting(templates, counted, HALF_AN_HOUR))
    acts = total(cost.acts(templates, counted)) / 10
    own = idle + rivals.SESSIONS * (dearest + waited + acts)
    why = (
        f"idle and keys {idle:.2f}; {rivals.SESSIONS:,} times the dearest session {dearest:.5f}, "
        f"half an hour of `--wait` {waited:.5f} and 100 acts {acts:.5f}. Not in it: mails, a "
        "network for databases, CloudTrail"
    )
    others = [(each.name, each.usd_a_month, each.rests_on) for each in rivals.rivals()]
    return [("PAM", own, why), *others]


def _beside(templates: Templates, counted: Counted) -> list[str]:
    lines = [f"{rivals.ENGINEERS} engineers, {rivals.SESSIONS:,} sessions a month"]
    for name, usd, why in organisation(templates, counted):
        lines.append(f"  {'not published' if usd is None else f'{usd:,.2f}':>13}  {name}: {why}")
    return lines


def _changes(counted: Counted, stood: Counted) -> list[str]:
    """What was counted otherwise than it stood, by more than a tenth; time of processors apart,
    which is this machine's.
    """
    told = []
    for kind, each in counted.sessions.items():
        before: Count = stood.sessions[kind].count if kind in stood.sessions else {}
        for what in sorted({word for _, word in {*each.count, *before}} - {CPU}):
            was, is_now = of(before, what), of(each.count, what)
            if abs(is_now - was) > _MENDED * max(was, is_now):
                told.append(f"  {kind}: {what}: stood {was:g}, counted {is_now:g}")
    if counted is stood:
        return [f"counts of {stood.on}, as they stand in docs/cost.json"]
    if not told:
        return [f"counted as it stood since {stood.on}, within {_MENDED:.0%}"]
    return [f"counted otherwise than it stood since {stood.on}, and mended:", *told]


def session_usd(
    templates: Templates, counted: Counted, kind: str, cold_seconds: float = COLD_SECONDS
) -> float:
    return total(cost.session(templates, counted, kind, cold_seconds=cold_seconds))


def several(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _per(price: Price) -> str:
    return f"{price.unit}" if price.per == 1 else f"{price.per:,} x {price.unit}"


def _quantity(number: float) -> str:
    """With as many digits as it needs to be more than nothing."""
    if number == int(number):
        return f"{number:,.0f}"
    return f"{number:,.4f}" if number >= 0.01 else f"{number:.7f}"  # noqa: PLR2004
