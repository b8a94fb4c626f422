"""Whether an act costs more where more is stored: its calls and what they consume, at 100, 10,000
and 100,000 stored sessions. Nothing is deployed for it.

Most sessions are over, of many people and resources. How many are open does not follow from how
many are stored, but from how many are asked for a day and how long they last: here it is forty.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from local.bench.capacity import told, units
from local.bench.figure import Figure
from local.bench.in_process import Deployed, deployed
from local.bench.memory_tables import TABLES, item_at, put
from local.bench.rim import Seen
from pam.ids import new_id

STORED = (100, 10_000, 100_000)
OPEN = 40
_PEOPLE = ("dave", "kim", "load01", "load02", "load03", "load04", "load05", "load06")
_RESOURCES = ("core-ledger-admin", "core-ledger-uat-admin", "kyc-documents-read")
_EVERY = timedelta(minutes=5)
"""How far stored sessions lie apart."""
BAR = 1.05
"""Of capacity at most over that at the fewest sessions; the number of calls may not differ."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one act: how many calls, and the units that they consume by item sizes and by the table's
    own word; of these, those of writes.
    """

    calls: int
    units: float
    told: float
    written: float
    told_written: float


def costs(stored: int) -> dict[str, Cost]:
    """Of each act, with so many sessions stored."""
    with deployed() as pam:
        seed(pam, stored)
        # Once before it is measured, so that every process is warm.
        _acts(pam)
        return {name: _cost(seen) for name, seen in _acts(pam).items()}


def bench(_: object = None, stored: Sequence[int] = STORED) -> Iterator[Figure]:
    """Of each act the units that it consumes with the most sessions, over those with the fewest;
    and of the act whose calls differ most, these.
    """
    measured = [costs(count) for count in stored]
    fewest, most = measured[0], measured[-1]
    calls = {name: sorted({each[name].calls for each in measured}) for name in most}
    for name, cost in most.items():
        yield Figure(
            name=f"{name} at {stored[-1]:,} stored sessions",
            value=cost.units,
            unit="units",
            reference=f"the same at {stored[0]}",
            reference_value=fewest[name].units,
            bar=BAR,
            runs=1,
            note=" and ".join(map(str, calls[name])) + " calls",
            bound="What it reads or writes grows with what is stored.",
        )
    widest = max(calls, key=lambda name: calls[name][-1] / calls[name][0])
    differ = [name for name, numbers in calls.items() if len(numbers) > 1]
    yield Figure(
        name="calls of the act whose number differs most",
        value=calls[widest][-1],
        unit="calls",
        reference=f"the fewest that it made at {', '.join(map(str, stored))}",
        reference_value=calls[widest][0],
        bar=1,
        runs=1,
        note=widest,
        bound=f"Another number of calls: {', '.join(differ)}." if differ else "",
    )


def seed(pam: Deployed, stored: int) -> None:
    """Sessions like real ones, put where the table keeps them."""
    over, waiting = _example_that_is_over(pam), _item(pam.waiting("dave"))
    now = pam.rim.now
    for number in range(stored - 2):
        opened = now - timedelta(days=1) - number * _EVERY
        made = _like(waiting if number < OPEN else over, new_id(opened), number)
        put(TABLES.sessions, made)
    pam.rim.seen.clear()


def _example_that_is_over(pam: Deployed) -> dict[str, Any]:
    session_id = pam.granted("dave")
    pam.lease(session_id, "dave")
    pam.end(session_id, "dave")
    # The deny has gone from its role: nobody looks at it again.
    item = _item(session_id)
    return {name: value for name, value in item.items() if name not in {"open", "due_at"}}


def _item(session_id: str) -> dict[str, Any]:
    key = {"pk": {"S": f"SESSION#{session_id}"}, "sk": {"S": "SESSION"}}
    found = item_at(TABLES.sessions, key)
    if found is None:
        raise KeyError(session_id)
    return found


def _like(item: dict[str, Any], session_id: str, number: int) -> dict[str, Any]:
    person = _PEOPLE[number % len(_PEOPLE)]
    resource = _RESOURCES[number % len(_RESOURCES)]
    said = {"session_id": session_id, "requester_name": person, "resource": resource}
    document = item["document"]["M"] | {
        name: {"S": value} for name, value in said.items() if name in item["document"]["M"]
    }
    beside = {"session_id": session_id, "requester_person": person, "resource": resource}
    return {
        **item,
        "pk": {"S": f"SESSION#{session_id}"},
        **{name: {"S": value} for name, value in beside.items()},
        "document": {"M": document},
    }


def _acts(pam: Deployed) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}

    def act(name: str, do: Callable[[], object]) -> None:
        before = len(pam.rim.seen)
        do()
        found[name] = pam.rim.seen[before:]

    opened: list[str] = []
    act("request", lambda: opened.append(pam.request()))
    (session_id,) = opened
    pam.admit(session_id)
    act("vote", lambda: pam.approve("bob", session_id))
    act("last vote", lambda: pam.approve("carol", session_id))
    act("activation", lambda: pam.activate(session_id))
    act("lease", lambda: pam.lease(session_id))
    act("check", pam.check)
    act("list of a page", lambda: pam.get("/pam/sessions", "ada", limit="50"))
    act("list of one's own", lambda: pam.get("/pam/sessions", "dave", limit="10"))
    act("inbox", lambda: pam.get("/pam/inbox", "bob"))
    act("tick", pam.tick)
    act("search", pam.search_blocked)
    act("end", lambda: pam.end(session_id))
    return found


def _cost(seen: Sequence[Seen]) -> Cost:
    writes = [each for each in seen if each.changes]
    return Cost(
        calls=len(seen),
        units=sum(map(units, seen)),
        told=sum(map(told, seen)),
        written=sum(map(units, writes)),
        told_written=sum(map(told, writes)),
    )
