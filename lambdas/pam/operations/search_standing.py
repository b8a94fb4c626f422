"""Compares every minute what stands at the targets of vendors with the sessions.

What ends sessions there is written again where it is gone; access that no session explains is told,
and left as it is; access that is missing is told, and not made anew; and what a closed session left
is removed, as far as PAM's own notes say that it was made for that session.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pam.domain import new_records, timestamps
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import IssuerUnavailable, NotFound, StaleSession
from pam.domain.free_text import named
from pam.domain.lifecycle import Status
from pam.domain.people import CLOCK
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.ids import new_id
from pam.operations.search_targets import (
    Search,
    Tell,
    each_once,
    record_missing,
    remove_left,
    to_nobody,
)
from pam.operations.transition import Step, transition
from pam.ports.sessions import Once, SessionStore
from pam.ports.targets import StandingIssuer, StandingIssuers
from pam.side_by_side import outcomes

_REMEMBERED = timedelta(days=2)
_AT_ONCE = 4
"""Targets. The calls of more would come so fast that vendors throttle ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Search):
    """`undone` are sessions of which what ends them was gone, told now; `strangers` are texts,
    those that were not told today.
    """

    undone: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


def search_standing(
    targets: Mapping[str, Target],
    *,
    now: datetime,
    store: SessionStore,
    issuers: StandingIssuers,
    has_time: Callable[[], bool] = lambda: True,
    tell: Tell = to_nobody,
) -> Found:
    """Looks at each of these targets (by resource id), and at each that an ACTIVE session has, of
    the kinds that there are issuers of: at a few side by side, so that one which takes all the time
    keeps most others from nothing.
    """
    active = [session for session in store.open_sessions() if session.status is Status.ACTIVE]
    lent = each_once([*targets.values(), *(session.target for session in active)])
    looking = _Looking(
        names={target.label: resource for resource, target in targets.items()},
        active=active,
        now=now,
        store=store,
        has_time=has_time,
        tell=tell,
    )

    def look(target: Target) -> None:
        looking.at(target, issuers[target.kind])

    _, errors = outcomes(look, [it for it in lent if it.kind in issuers], at_once=_AT_ONCE)
    for error in errors:
        raise error
    return looking.found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looking:
    """What the looks at all targets of one search share. `names`: resource ids by label."""

    names: Mapping[str, str]
    active: Sequence[Session]
    now: datetime
    store: SessionStore
    has_time: Callable[[], bool]
    tell: Tell
    found: Found = field(default_factory=Found)

    def at(self, target: Target, issuer: StandingIssuer) -> None:
        if not self._may_go_on(target):
            return
        try:
            # First what keeps people out: nothing that fails after it holds that up.
            self._keep(target, issuer)
            issuer.tidy(target, self.now)
            noted = issuer.sessions_at(target)
            others = self._not_of_this_target(noted, target)
            self._tell_strangers(target, [_explained_by(each) for each in others])
            ours = [each for each in noted if each not in others]
            of_kind = {target.kind: issuer}
            remove_left(
                ours,
                target,
                self.found,
                self.now,
                self.store,
                of_kind,
                self.has_time,
                self.tell,
            )
            self._find_missing(target, issuer)
            # Last: there may be ten thousand.
            self._find_strangers(target, issuer)
        except IssuerUnavailable:
            self.found.unreached.append(target.label)

    def _may_go_on(self, target: Target) -> bool:
        if target.label not in self.found.postponed and not self.has_time():
            self.found.postponed.append(target.label)
        return target.label not in self.found.postponed

    def _keep(self, target: Target, issuer: StandingIssuer) -> None:
        """What was undone is told whether or not it could be written again."""
        try:
            undone = issuer.keep(target, self.now)
        except IssuerUnavailable:
            self._tell_undone(issuer.undone_at(target), target)
            raise
        self._tell_undone(undone, target)

    def _tell_undone(self, undone: Mapping[str, datetime], target: Target) -> None:
        for session_id, seen_at in undone.items():
            if _record_undone(session_id, seen_at, target, self.now, self.store, self.tell):
                self.found.undone.append(session_id)

    def _not_of_this_target(self, noted: Sequence[str], target: Target) -> list[str]:
        """Only PAM's own notes name sessions here, and a session is stored before anything is made
        for it: any other was written there by somebody, and would explain whose access it is.
        """
        return [
            each
            for each in noted
            if (session := self.store.get(each)) is None
            or (session.target.kind, session.target.label) != (target.kind, target.label)
        ]

    def _find_missing(self, target: Target, issuer: StandingIssuer) -> None:
        """One question to the vendor, however many sessions there are."""
        if not self._may_go_on(target):
            return
        here = [session for session in self.active if session.target == target]
        for session_id, why in issuer.missing(target, here).items():
            if not self._may_go_on(target):
                return
            if record_missing(session_id, f"{why} ({target.label})", self.now, self.store):
                self.tell("missing")
                self.found.missing.append(session_id)

    def _find_strangers(self, target: Target, issuer: StandingIssuer) -> None:
        if target.label in self.found.postponed:
            return
        for stranger in issuer.strangers(target, self.now):
            if not self._may_go_on(target):
                return
            self._tell_strangers(target, [stranger])

    def _tell_strangers(self, target: Target, strangers: Sequence[str]) -> None:
        resource = self.names.get(target.label, "")
        for each in strangers:
            if _record_stranger(each, target, resource, self.now, self.store, self.tell):
                self.found.strangers.append(f"{target.label}: {each}")


def _explained_by(session_id: str) -> str:
    return f"PAM's notes explain access by {named(session_id)}, which is no session of this target"


def _record_undone(
    session_id: str,
    seen_at: datetime,
    target: Target,
    now: datetime,
    store: SessionStore,
    tell: Tell,
) -> bool:
    """Whether it was told now: once each time that it was seen, whichever search comes to it."""
    once = Once(key=f"undone/{session_id}/{timestamps.render(seen_at)}", until=now + _REMEMBERED)
    if store.is_done(once) or store.get(session_id) is None:
        return False
    tell("undone")
    entry = Entry(
        type=RecordType.DRIFT,
        actor=CLOCK,
        outcome=Outcome.FAILURE,
        detail=(
            f"undone: what ends this session was gone or changed at {target.label}; "
            "PAM writes it again"
        ),
    )
    told = False

    def decide(stored: Session) -> Step | None:
        nonlocal told
        told = not store.is_done(once)
        return Step(stored, (entry,)) if told else None

    try:
        transition(store, session_id, decide, now=now, once=once)
    except (NotFound, StaleSession):
        return False
    return told


def _record_stranger(
    stranger: str, target: Target, resource: str, now: datetime, store: SessionStore, tell: Tell
) -> bool:
    """Whether it was told now: once a day. It belongs to no session."""
    # With the day: an item's time to live says when it may go, and not when it does.
    what = hashlib.sha256(f"{target.label}\n{stranger}".encode()).hexdigest()
    once = Once(key=f"stranger/{now:%Y-%m-%d}/{what}", until=now + _REMEMBERED)
    if store.is_done(once):
        return False
    tell("strangers")
    entry = Entry(
        type=RecordType.DRIFT,
        actor=CLOCK,
        outcome=Outcome.FAILURE,
        detail=f"stranger: at {target.label} there is access that no session explains: {stranger}",
    )
    record = new_records.finding(entry=entry, resource=resource, now=now, new_id=new_id)
    try:
        store.add_finding(record, once)
    except StaleSession:
        # Another search told it in between.
        return False
    return True
