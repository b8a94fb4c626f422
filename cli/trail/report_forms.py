"""A report as people and spreadsheets read it: cells that no spreadsheet computes and no terminal
obeys.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import IO, Any

from cli.text import clean, inert, short_principal, shorten
from pam.domain.lifecycle import Status

Told = Mapping[str, Any]
"""A line as JSON has it: `Line.document()`."""

_SHORT = {Status.PENDING_APPROVAL: "pending"}
_WIDE = 200


def votes_of(line: Told, *, short: bool = False) -> str:
    """`arn:...user/bob approve, arn:...user/carol deny`; what was struck says so."""
    return ", ".join(_vote(vote, short=short) for vote in line["votes"])


def _vote(vote: Told, *, short: bool) -> str:
    who = short_principal(vote["approver"]) if short else str(vote["approver"])
    by = f" by {vote['surface']}" if vote["surface"] not in {"", "api"} else ""
    return f"{who} {vote['decision']}{by}{'' if vote['counts'] else ' (struck)'}"


def review_of(line: Told) -> str:
    """`justified (bob, carol)`, `open, due ...`, or nothing where none is owed."""
    review = line["review"]
    if review is None:
        return ""
    looks = ", ".join(f"{short_principal(who)}: {said}" for who, said in review["looks"])
    outcome = review["outcome"]
    if not outcome:
        outcome = f"open, due {review['due_at']}" if review["due_at"] else "open"
    return f"{outcome} ({looks})" if looks else str(outcome)


def _receipt(name: str) -> Callable[[Told], object]:
    return lambda line: "" if line["ending"] is None else line["ending"][name]


def _plain(name: str) -> Callable[[Told], object]:
    return lambda line: "" if line[name] is None else line[name]


def _yes(said: object) -> str:
    return {True: "yes", False: "no"}.get(said, str(said)) if isinstance(said, bool) else str(said)


COLUMNS: Mapping[str, Callable[[Told], object]] = {
    **{
        name: _plain(name)
        for name in (
            "session_id", "requester", "person", "resource", "environment", "domain", "asked_at",
            "from", "to", "status", "ended_by",
        )
    },
    "votes": votes_of,
    "reason": _plain("reason"),
    "ticket": _plain("ticket"),
    "receipt_method": _receipt("method"),
    "receipt_evidence": _receipt("evidence"),
    "receipt_proven": _receipt("proven"),
    "acts": _plain("acts"),
    "refusals": _plain("refusals"),
    "risk": _plain("risk"),
    "break_glass": _plain("break_glass"),
    "review": review_of,
}  # fmt: skip
"""Of the CSV form, in this order; `proof` comes last."""


def write_csv(lines: Iterable[Told], verdict: str, output: IO[str]) -> None:
    """With a header row. All cells are quoted: a separator in a text begins no cell. Each row says
    what the head says of the proof, or that this very line is not proven, because rows are copied
    without their head.
    """
    rows = csv.writer(output, quoting=csv.QUOTE_ALL, lineterminator="\n")
    rows.writerow([*COLUMNS, "proof"])
    for line in lines:
        proof = "NOT PROVEN" if line["fault"] else verdict
        rows.writerow([*(inert(_yes(cell(line))) for cell in COLUMNS.values()), proof])


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    width: int
    cell: Callable[[Told], str]


def _from(line: Told) -> str:
    """`03-01 12:00`, UTC; the head has the year. A bar where there was no access."""
    return str(line["from"])[5:16].replace("T", " ") or "-"


def _to(line: Told) -> str:
    """`03-01 12:10`; a bar while the session is open."""
    return str(line["to"])[5:16].replace("T", " ") or "-"


def _to_short(line: Told) -> str:
    """`12:10`, or `+1d` where that is another day."""
    began, ended = str(line["from"] or line["asked_at"])[:10], str(line["to"])
    if not ended:
        return "-"
    days = (date.fromisoformat(ended[:10]) - date.fromisoformat(began)).days
    return f"{days:+}d" if days else ended[11:16]


def _ended(line: Told) -> str:
    status = str(line["status"])
    return _SHORT.get(Status(status), status.lower()) + ("?" if line["fault"] else "")


def _flag(line: Told) -> str:
    """`!` for break-glass, `!?` while its review is not finished."""
    if not line["break_glass"]:
        return ""
    review = line["review"]
    return "!" if review and review["outcome"] else "!?"


def _counted(line: Told) -> str:
    """How many approved and denied, where there is no room for names: `2+0-`."""
    said = [vote["decision"] for vote in line["votes"] if vote["counts"]]
    return f"{said.count('approve')}+{said.count('deny')}-"


def _named(line: Told) -> str:
    return votes_of(line, short=True)


def _texted(name: str) -> Callable[[Told], str]:
    return lambda line: str(line[name])


def _method(line: Told) -> str:
    return str(_receipt("method")(line))


_ACTS, _FLAG = _Column("ACTS", 4, _texted("acts")), _Column("BG", 2, _flag)
_SESSION, _FROM = _Column("SESSION", 12, _texted("session_id")), _Column("FROM", 11, _from)
_TO, _ENDED = _Column("TO", 11, _to), _Column("ENDED", 11, _ended)
_WHO, _WHAT = _texted("person"), _texted("resource")
_LAYOUTS: Mapping[int, Sequence[_Column]] = {
    0: (_SESSION, _FROM, _Column("WHO", 7, _WHO), _Column("RESOURCE", 14, _WHAT), _ENDED),
    80: (
        _SESSION,
        _FROM,
        _Column("TO", 6, _to_short),
        _Column("WHO", 7, _WHO),
        _Column("RESOURCE", 14, _WHAT),
        _Column("VOTES", 5, _counted),
        _ENDED,
        _ACTS,
        _FLAG,
    ),
    120: (
        _SESSION,
        _FROM,
        _TO,
        _Column("WHO", 8, _WHO),
        _Column("RESOURCE", 18, _WHAT),
        _Column("VOTES", 20, _named),
        _ENDED,
        _Column("RECEIPT", 14, _method),
        _ACTS,
        _FLAG,
    ),
    _WIDE: (
        _Column("SESSION", 26, _texted("session_id")),
        _FROM,
        _TO,
        _Column("WHO", 12, _WHO),
        _Column("RESOURCE", 24, _WHAT),
        _Column("VOTES", 30, _named),
        _ENDED,
        _Column("RECEIPT", 16, _method),
        _ACTS,
        _FLAG,
        _Column("REVIEW", 12, review_of),
        _Column("REASON", 0, _texted("reason")),
    ),
}
"""By the width from which on they fit. A column of width 0 is the last, and takes what is left."""
_GIVE_WAY = ("RECEIPT", "VOTES", "TO", "BG", "ACTS", "WHO", "FROM")
"""What is left out where ids need its room, the first one first."""
UNBOUNDED = 100_000
"""The width of a file or a pipe."""


def table(lines: Iterable[Told], width: int) -> Iterator[str]:
    """A line a session, none wider than `width`. Ids, by which `lines` are in order, are cut to a
    beginning that no other of them has. `lines` are gone through twice.
    """
    columns = _LAYOUTS[max(least for least in _LAYOUTS if least <= width)]
    columns = _fitting(columns, _telling(str(line["session_id"]) for line in lines), width)
    yield _row(columns, [column.title for column in columns], width)
    for line in lines:
        yield _row(columns, [clean(column.cell(line)) for column in columns], width)
    if width < _WIDE:
        yield "a wider terminal, or --format csv, has more columns"


def _telling(session_ids: Iterable[str]) -> int:
    """How many characters tell each of these, which are in order, from the next."""
    before, longest = "", 0
    for session_id in session_ids:
        pairs = enumerate(zip(before, session_id, strict=False))
        alike = next((at for at, (one, other) in pairs if one != other), len(before))
        before, longest = session_id, max(longest, alike)
    return longest + 1


def _fitting(columns: Sequence[_Column], telling: int, width: int) -> Sequence[_Column]:
    """With ids as long as they must be, and without what there is no room for then."""
    first = replace(columns[0], width=max(columns[0].width, telling))
    kept = [first, *columns[1:]]
    for title in _GIVE_WAY:
        if sum(column.width + 1 for column in kept) - 1 <= width:
            break
        kept = [column for column in kept if column.title != title]
    return kept


def _row(columns: Sequence[_Column], cells: Sequence[str], width: int) -> str:
    parts = [_cut(cell, column) for column, cell in zip(columns, cells, strict=True)]
    return shorten(" ".join(parts).rstrip(), width)


def _cut(cell: str, column: _Column) -> str:
    if not column.width:
        return cell
    # An id is typed as it stands, so no mark stands for what was cut.
    cut = cell[: column.width] if column.title == "SESSION" else shorten(cell, column.width)
    return cut.ljust(column.width)
