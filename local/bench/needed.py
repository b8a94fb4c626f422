"""What an act of PAM takes, over the sum of the bare calls that it needs.

Which calls those are is seen at the emulator's door, in the same run: what the functions on the
act's way asked of AWS until it was done. Then the bare form of each is measured in turn with the
act. What other functions do meanwhile, such as carrying records to the archive, is no part of it.
"""

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

from local.bench.bare import RESUMED, TRANSACTION, Bare, Timed
from local.bench.figure import SECONDS, Breakdown, Figure
from local.bench.rounds import in_turn, timed
from local.bridges.counting import Called, counted, read_counted
from local.cast import Cast
from local.state import State

_INSTEAD = {
    # A vote goes on with its execution: the call, the next state and the function that it invokes.
    "states:SendTaskSuccess": RESUMED,
    # The function that rotates is on the way as well, with all that it calls.
    "secretsmanager:RotateSecret": "secretsmanager:PutSecretValue",
}
SUM_BAR = 3
SUM_BOUND = (
    "Beside its calls an act is what its functions do themselves (reading the event, policy, "
    "making and signing each request), and what the functions behind the table's stream do "
    "meanwhile: they take the same cores and the same emulator."
)
RESISTED_BAR = 3
RESISTED_BOUND = "The borrower's own calls take the same cores and the same emulator."
_COUNTED = 3
"""The fewest of so many: a call that had to be made again is not one that is needed."""

Needed = Counter[str]
"""How often each bare act, by its name in `Bare.acts`."""
Prepared = Callable[[], AbstractContextManager[Callable[[], object]]]
"""Makes everything ready for one run, gives what does it, and puts everything away afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    name: str
    run: Prepared
    on_the_way: tuple[str, ...]
    """The handlers whose calls it waits for."""
    besides: Mapping[str, int]
    """What it needs that no function calls: the way through the API, a login."""
    bar: float | None = None
    note: str = ""
    bound: str = SUM_BOUND
    left_out: frozenset[str] = frozenset()
    """Calls that are seen and stand in `besides` in another form."""
    bare: Mapping[str, Timed] = field(default_factory=dict)
    """Bare forms that no other act needs."""


def measure(
    act: Act, *, cast: Cast, bare: Bare, rounds: int, state: State
) -> tuple[Figure, Breakdown]:
    needed = count(act, cast=cast, state=state)
    forms = {**bare.acts, **act.bare}
    without = needed.keys() - forms.keys()
    if without:
        message = f"{act.name} needs calls that have no bare form yet (bench/bare.py): {without}"
        raise KeyError(message)
    acts = {name: forms[name] for name in needed}
    taken = in_turn({**acts, act.name: partial(_once, act)}, rounds)
    return figure_of(act, taken, needed), breakdown_of(act, taken, needed)


def _once(act: Act) -> float:
    with act.run() as do:
        return timed(do)


def figure_of(act: Act, taken: Mapping[str, Sequence[float]], needed: Needed) -> Figure:
    seconds = taken[act.name]
    return Figure(
        name=act.name,
        value=statistics.median(seconds),
        unit=SECONDS,
        reference=f"its {needed.total()} bare calls, one after the other",
        reference_value=sum(
            count * statistics.median(taken[name]) for name, count in needed.items()
        ),
        bar=act.bar,
        runs=len(seconds),
        slowest=max(seconds),
        note=act.note,
        bound=act.bound,
    )


def breakdown_of(act: Act, taken: Mapping[str, Sequence[float]], needed: Needed) -> Breakdown:
    rows = [
        (name, str(count), f"{1000 * statistics.median(taken[name]):.1f} ms")
        for name, count in sorted(needed.items())
    ]
    return Breakdown(title=act.name, head=("bare call", "times", "one takes"), rows=tuple(rows))


def count(act: Act, *, cast: Cast, state: State) -> Needed:
    """What the act needs."""
    names = {cast.function(handler) for handler in act.on_the_way} | {""}
    seen = []
    for _ in range(_COUNTED):
        with act.run() as do, counted(state):
            do()
            seen.append(needed_of(read_counted(state), names))
    fewest = min(seen, key=Needed.total)
    kept = {name: n for name, n in fewest.items() if name not in act.left_out}
    return Needed(kept) + Needed(act.besides)


def needed_of(calls: Sequence[Called], functions: set[str]) -> Needed:
    return Needed(_name(call) for call in calls if call.function in functions)


def _name(call: Called) -> str:
    if call.action == TRANSACTION:
        return f"{TRANSACTION} of {call.items}"
    return _INSTEAD.get(call.action, call.action)
