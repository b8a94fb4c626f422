"""Finds the calls of doors that did not come through the gateway.

Whoever may invoke a door can hand it any event, and so be anybody. The gateway writes a line of
each call that it passed on; a call that a door handled and that has no line, or another one, is
dark. The lines are read from the log group itself, never from whoever calls.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from pam.domain import new_records, timestamps
from pam.domain.activity import one_line
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.batches import batches
from pam.domain.errors import StaleSession
from pam.domain.handled_call import HandledCall, LogLine, why_dark
from pam.domain.people import Actor, ActorKind
from pam.ids import id_of, new_id
from pam.ports.calls import AccessLog, UnmatchedCalls
from pam.ports.sessions import Once, SessionStore
from pam.side_by_side import in_order

MOST_PER_RUN = 20_000
_AT_ONCE = 500
"""After so many the clock is looked at, and what was found is settled, side by side."""
_SKEW = timedelta(minutes=2)
"""By how much the gateway's time of a call may differ from the door's."""
_REMEMBERED = timedelta(days=7)
_LONGEST_DETAIL, _LONGEST_NAME = 1000, 300
UNKNOWN = "unknown"
"""The actor of a call that names whom it likes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """`matched` calls have their line, `waiting` ones may still get it; the rest is dark."""

    dark: list[str] = field(default_factory=list)
    matched: int = 0
    waiting: int = 0


def match_calls(
    *,
    now: datetime,
    after: timedelta,
    calls: UnmatchedCalls,
    log: AccessLog,
    store: SessionStore,
    policy_version: str,
    has_time: Callable[[], bool] = lambda: True,
    tell: Callable[[str], None] = lambda _: None,
) -> Matched:
    """Looks at each call that is not matched yet. `after` is for how long a line may be on its way.

    Safe to repeat: a finding is recorded once, and told (its request id) before the call is
    settled; rather twice than never.
    """
    open_calls = calls.unmatched(MOST_PER_RUN)
    if not open_calls:
        return Matched()
    since = min(call.noted_at for call in open_calls) - _SKEW
    lines = {line.request_id: line for line in log.lines(since, now + _SKEW)}
    dark: list[str] = []
    matched = waiting = 0
    for some in batches(open_calls, _AT_ONCE):
        done = []
        for call in some:
            line = None if call.again else lines.get(call.request_id)
            why = why_dark(call, line)
            may_still_come = not call.again and line is None and now < call.noted_at + after
            if may_still_come or not has_time():
                waiting += 1
                continue
            if why:
                _record(call, line, why, now=now, store=store, policy_version=policy_version)
                tell(call.request_id)
                dark.append(call.request_id)
            matched += 0 if why else 1
            done.append(call)
        in_order(calls.settled, done)
    return Matched(dark=dark, matched=matched, waiting=waiting)


def _record(
    call: HandledCall,
    line: LogLine | None,
    why: str,
    *,
    now: datetime,
    store: SessionStore,
    policy_version: str,
) -> None:
    """Unless it was recorded before, by a run that died before it could settle the call.

    That it was, only its record says: a mark alone could be anybody's, who knows the request id.
    """
    entry = _entry(call, line, why, policy_version)
    own_id = id_of(f"{call.request_id}/{call.again}", call.noted_at)
    for event_id in (own_id, new_id(now)):
        record = new_records.about_person(
            entry=entry,
            requester=one_line(call.principal, _LONGEST_NAME),
            resource="",
            now=now,
            new_id=partial(_this, event_id),
        )
        try:
            store.add_finding(record, Once(key=f"dark-call/{event_id}", until=now + _REMEMBERED))
        except StaleSession:
            there = store.record(f"NONE#{event_id}", 0) or {}
            if all(there.get(name) == record[name] for name in ("type", "detail", "request_id")):
                return
        else:
            return


def _this(event_id: str, _: datetime) -> str:
    return event_id


def _entry(call: HandledCall, line: LogLine | None, why: str, policy_version: str) -> Entry:
    answered = "no answer" if call.status is None else f"answered {call.status}"
    told = f"{call.what}, {answered}, {timestamps.render(call.noted_at)}"
    if line is not None:
        told += f"; the line: {line.method} {line.path} as {line.principal}, {line.status}"
    return Entry(
        type=RecordType.DARK_CALL,
        # Not the principal in whose name it came: all that is known of the caller is that it was
        # somebody else, or somebody else's way.
        actor=Actor(principal=UNKNOWN, kind=ActorKind.PERSON),
        outcome=Outcome.FAILURE,
        detail=one_line(f"dark call: {why}: {told}", _LONGEST_DETAIL),
        policy_version=policy_version,
        request_id=one_line(call.request_id, _LONGEST_NAME),
    )
