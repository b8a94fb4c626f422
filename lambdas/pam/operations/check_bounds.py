"""Sees that every role that is lent is bound as its leases are, and tells of one that is not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pam.domain import new_records
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import IssuerUnavailable, StaleSession
from pam.domain.people import CLOCK
from pam.domain.resource import Target
from pam.ids import new_id
from pam.operations.search_targets import Tell, to_nobody
from pam.ports.sessions import Once, SessionStore
from pam.ports.targets import Keepers

_TOLD_AGAIN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """ARNs of roles: `unbounded` is each that is not bound as it should be, told before or not."""

    unbounded: list[str] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)


def check_bounds(
    targets: Mapping[str, Target],
    *,
    now: datetime,
    store: SessionStore,
    keepers: Keepers,
    has_time: Callable[[], bool] = lambda: True,
    tell: Tell = to_nobody,
) -> Bounds:
    """`targets` by resource id. A boundary that is gone is put on record once a week, with no
    session: it concerns all. Nothing is mended: the boundary is its owner's, like the role, and
    each lease is fenced in by its own session policy all the same.
    """
    found = Bounds()
    for resource, target in targets.items():
        if not target.row.keeps_ends:
            continue
        if not has_time():
            found.postponed.append(target.label)
            continue
        try:
            why = keepers[target.kind].unbounded(target)
        except IssuerUnavailable:
            found.unreached.append(target.label)
            continue
        if why:
            tell("unbounded")
            found.unbounded.append(target.label)
            _record(resource, target, why, now, store)
    return found


def _record(resource: str, target: Target, why: str, now: datetime, store: SessionStore) -> None:
    once = Once(key=f"unbounded/{target.label}", until=now + _TOLD_AGAIN_AFTER)
    if store.is_done(once):
        return
    entry = Entry(
        type=RecordType.DRIFT,
        actor=CLOCK,
        outcome=Outcome.FAILURE,
        detail=f"unbounded: {target.label}: {why}",
    )
    record = new_records.finding(entry=entry, resource=resource, now=now, new_id=new_id)
    try:
        store.add_finding(record, once)
    except StaleSession:
        # Another search told it in between.
        return
