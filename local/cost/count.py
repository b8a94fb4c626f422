"""Counts one session of each kind, and what else is paid for, on a running stack.

A count is a slice of what the emulator's door saw, without what the clock would have done anyway.
On a stack that others use at the same time, what they do is in it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from deployment.counted import API as CALLS
from deployment.counted import NOBODY, QUEUED, Count, Counted, of, plus, times
from local.bridges.metering import metered
from local.cast import Cast, NotSeenError, until
from local.cost import trail
from local.cost.meter import MATCHES, Meter
from local.cost.sessions import Stage, count_session, granted, resources, role_of, warm_up
from local.stack import down, is_current, up
from local.state import State, default_state_dir
from pam.domain.kinds import Source, kind_of
from pam.domain.resource import Resource

Tell = Callable[[str], None]
ACTS = 1000
_LOOKS, _ALONE = 20, 5
_WARNED = 302
"""Seconds: a session that is a little longer than the warning before its end."""
_WARNED_WITHIN = 90.0
_MATCHED_WITHIN = 180.0
_TRIES = 8


def count(tell: Tell) -> Counted:
    """On the stack of `make up`, or on one of its own that ends with this."""
    with _stack(tell) as state_dir:
        cast = Cast(state_dir)
        with metered(State(state_dir)):
            return _count(Stage(cast), Meter(cast, State(state_dir)), tell)


@contextmanager
def _stack(tell: Tell) -> Iterator[Path]:
    running = default_state_dir().resolve()
    if is_current(running):
        tell("counting on the stack that runs: what others do on it meanwhile is counted as well")
        yield running
        return
    own = running / "cost"
    up(own, tell=tell, hand_over=False)
    try:
        yield own
    finally:
        down(own)


def _count(stage: Stage, meter: Meter, tell: Tell) -> Counted:
    lent = resources()
    tell("warming up")
    warm_up(stage, lent.values())
    for message in meter.clock:
        meter.call(message)
    for message in meter.clock:
        tell(f"an idle run: {message}")
        meter.idle[message] = count_idle(meter, message)
    began, sessions = meter.mark(), {}
    for kind, resource in lent.items():
        tell(f"a session: {kind}, {resource.resource_id}")
        sessions[kind] = count_session(stage, meter, resource)
    role = next(each for each in lent.values() if _shows_in_trail(each))
    tell("looks, a notice")
    look, notice = count_looks(stage, meter, role), count_notice(stage, meter, role)
    tell(f"{ACTS} acts of a borrower")
    acts, lone_act = count_acts(stage, meter, role)
    tell("calls of the API, matched with the gateway's log")
    return Counted(
        on=datetime.now(UTC).date().isoformat(),
        sessions=sessions,
        look=look,
        matched=count_matching(meter, began),
        notice=notice,
        acts=acts,
        lone_act=lone_act,
        clock=meter.idle,
    )


def count_idle(meter: Meter, message: str) -> Count:
    """One run of it, with what it causes, while nothing else goes on. Raises NotSeenError."""
    for _ in range(_TRIES):
        meter.quiet()
        mark = meter.mark()
        meter.call(message)
        meter.quiet()
        lines = meter.since(mark)
        if meter.runs_of_the_clock(lines) == {message: 1}:
            return meter.count(lines)
    failure = f"{message} never ran alone"
    raise NotSeenError(failure)


def count_looks(stage: Stage, meter: Meter, resource: Resource) -> Count:
    requester = stage.requester(resource)
    session_id = str(requester.request(resource.resource_id)["session_id"])
    meter.quiet()
    mark = meter.mark()
    for _ in range(_LOOKS):
        requester.session(session_id)
    meter.quiet()
    looks = times(meter.beside_the_clock(mark), 1 / _LOOKS)
    requester.post("/pam/end", {"session_id": session_id})
    return looks


def count_notice(stage: Stage, meter: Meter, resource: Resource) -> Count:
    """The warning before an end, from the tick that finds it due."""
    session_id = granted(stage, resource, _WARNED)
    meter.quiet()
    mark, deadline = meter.mark(), time.monotonic() + _WARNED_WITHIN
    while not any(
        each["what"] == "call" and each["action"] == "sns:Publish" for each in meter.since(mark)
    ):
        if time.monotonic() > deadline:
            message = "nobody was warned of an end"
            raise NotSeenError(message)
        meter.call("Tick")
        meter.quiet()
    warned = meter.beside_the_clock(mark)
    stage.requester(resource).post("/pam/end", {"session_id": session_id})
    return warned


def count_acts(stage: Stage, meter: Meter, resource: Resource) -> tuple[Count, Count]:
    """A thousand that come fast, and one that comes alone."""
    session_id, role = granted(stage, resource, 900), role_of(stage, resource)
    meter.quiet()
    mark = meter.mark()
    for _ in range(ACTS // trail.BATCH):
        trail.tell(stage.cast, [trail.act(role, session_id) for _ in range(trail.BATCH)])
    meter.quiet()
    stage.cast.checkpoint()
    meter.quiet()
    fast = plus(meter.beside_the_clock(mark), {(NOBODY, QUEUED): float(ACTS)})
    mark = meter.mark()
    for _ in range(_ALONE):
        trail.tell(stage.cast, [trail.act(role, session_id)])
        meter.quiet()
    stage.cast.checkpoint()
    meter.quiet()
    alone = plus(meter.beside_the_clock(mark), {(NOBODY, QUEUED): float(_ALONE)})
    stage.requester(resource).post("/pam/end", {"session_id": session_id})
    return fast, times(alone, 1 / _ALONE)


def count_matching(meter: Meter, began: int) -> Count:
    """By each call of the API since `began`, once all of them were matched."""

    def matched() -> bool | None:
        return meter.call(MATCHES)["waiting"] == 0 or None

    until(matched, "all calls of the API to be matched", _MATCHED_WITHIN)
    meter.quiet()
    calls = of(meter.count(meter.since(began)), CALLS)
    return times(meter.matching(began), 1 / calls)


def _shows_in_trail(resource: Resource) -> bool:
    shown = kind_of(resource.issuer_kind).shown
    return shown is not None and shown.source is Source.CLOUDTRAIL
