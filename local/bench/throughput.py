"""Sessions a second, over the bare executions and conditional writes that they are made of.

The same callers, the same emulator, in turn: some sessions, as many bare ones, again. What a
session is made of is counted at the emulator's door. And where the processor's time went.
"""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from operator import itemgetter

from local import crowd
from local.bench.figure import Breakdown, Figure, of_seconds
from local.bench.held import until_held
from local.bench.place import Place
from local.bench.processes import processor_times, spent
from local.bench.rounds import timed
from local.bridges.counting import Called, counted, read_counted
from local.cast import Cast, NotSeenError, Person, until

LEDGER = "core-ledger-admin"
_BLOCKS, _SESSIONS, _IN_FLIGHT = 5, 24, 12
_PATIENCE = 240.0
"""Seconds."""
_QUIET = 2.0
"""Seconds without a call, after which what a session sets going is over."""
_WRITES = frozenset(
    {
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:TransactWriteItems",
    }
)
_LATER = "paint_slack"
"""Goes on at Slack's pace when all else has come to rest: none of what is measured waits for it,
and its writes are none of the reference's.
"""


def bench(place: Place) -> Iterator[Figure | Breakdown]:
    cast = place.cast
    people = crowd.Crowd(crowd.engineers(cast))
    many(partial(live, cast, people))  # what is measured is warm
    calls = _calls_of_one(place, people)
    writes = writes_of(calls, cast.handlers)
    sessions, recorded, bares = [], [], []
    taken: dict[str, float] = {}
    for _ in range(_BLOCKS):
        before = processor_times(place.state, cast.handlers)
        sessions.append(timed(partial(many, partial(live, cast, people))) / _SESSIONS)
        recorded.append(sessions[-1] + _come_to_rest(place) / _SESSIONS)
        for name, seconds in spent(before, processor_times(place.state, cast.handlers)).items():
            taken[name] = taken.get(name, 0.0) + seconds / (_BLOCKS * _SESSIONS)
        bares.append(timed(partial(many, partial(_bare, place, writes))) / _SESSIONS)
    bare = f"a bare execution and {writes} bare conditional writes, as many in flight"
    yield of_seconds(
        "one session of many: request, two votes, lease, end",
        sessions,
        bare,
        bares,
        note=f"{_IN_FLIGHT} in flight, blocks of {_SESSIONS}; {_rate(sessions)}",
    )
    yield of_seconds(
        "the same, until all of it is carried and watched",
        recorded,
        bare,
        bares,
        note=f"{_rate(recorded)}, sustained",
    )
    yield _breakdown(cast, taken, calls)


def writes_of(calls: Iterable[Called], handlers: Mapping[str, str]) -> int:
    """How many conditional writes the reference makes: those of the functions that are measured."""
    return sum(each.action in _WRITES for each in of_now(calls, handlers))


def of_now(calls: Iterable[Called], handlers: Mapping[str, str]) -> list[Called]:
    """Without what is painted later. `handlers` says of a function's name whose code it has."""
    return [each for each in calls if handlers.get(each.function) != _LATER]


def _rate(seconds: list[float]) -> str:
    return f"{1 / statistics.median(seconds):.1f} a second"


def live(cast: Cast, people: crowd.Crowd) -> None:
    """A whole session of prod."""
    first, second, _ = crowd.approvers(cast)
    with people.turn() as engineer:
        session = engineer.request(LEDGER)
        session_id = str(session["session_id"])
        first.approve(session_id)
        second.approve(session_id)
        until_held(cast, session["execution_arn"])
        engineer.lease(session_id)
        _end(engineer, session_id)


def _end(engineer: Person, session_id: str) -> None:
    answer = engineer.post("/pam/end", {"session_id": session_id})
    if answer.body.get("status") != "ENDED":
        message = f"{session_id} did not end: {answer.body}"
        raise NotSeenError(message)


def _bare(place: Place, writes: int) -> None:
    execution = place.bare.start()
    until(lambda: place.bare.is_over(execution) or None, "the bare execution to succeed")
    for _ in range(writes):
        place.bare.put()


def many(one: Callable[[], None]) -> None:
    """Does it for a whole block, so many at a time."""
    with ThreadPoolExecutor(_IN_FLIGHT) as pool:
        for done in [pool.submit(one) for _ in range(_SESSIONS)]:
            done.result()


def _calls_of_one(place: Place, people: crowd.Crowd) -> list[Called]:
    """All that any function asks of AWS for one session, its records carried included."""
    _come_to_rest(place)
    with counted(place.state):
        live(place.cast, people)
        until(partial(_rest, place, time.time()), "the last call for the session")
        return read_counted(place.state)


def _come_to_rest(place: Place) -> float:
    """Waits until no function calls AWS any more. Seconds until the last one did."""
    began = time.time()
    with counted(place.state):
        rest = partial(_rest, place, began)
        return until(rest, "the functions to come to rest", _PATIENCE) - began


def _rest(place: Place, began: float) -> float | None:
    """When AWS was called last, if that was a while ago."""
    last = last_call(read_counted(place.state), place.cast.handlers, began)
    return last if time.time() - last > _QUIET else None


def last_call(calls: Iterable[Called], handlers: Mapping[str, str], began: float) -> float:
    """Seconds since the epoch; `began` if none was made since, but for what is painted later."""
    return max((each.at for each in of_now(calls, handlers)), default=began)


def _breakdown(cast: Cast, taken: dict[str, float], calls: list[Called]) -> Breakdown:
    """Milliseconds of processor time a session, and the calls that each function makes for it."""
    made = Counter(cast.handlers.get(call.function, call.function) for call in calls)
    total = sum(taken.values())
    rows = [
        (name, f"{1000 * seconds:.0f} ms", f"{seconds / total:.0%}", str(made[name] or "-"))
        for name, seconds in sorted(taken.items(), key=itemgetter(1), reverse=True)
        if seconds > total / 1000
    ]
    return Breakdown(
        title="processor time of one session, by process",
        head=("process", "a session", "share", "calls of AWS"),
        rows=(*rows, ("all", f"{1000 * total:.0f} ms", "100 %", str(len(calls)))),
    )
