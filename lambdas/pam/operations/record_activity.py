"""What a session did goes into its own chain; what none may have done, or what outlasts it, is a
finding.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from pam.domain import new_records
from pam.domain.activity import (
    DARK,
    OPENED,
    WHILE_IT_ENDED,
    Activity,
    while_it_ended,
    why_dark,
    why_open,
)
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import StaleSession
from pam.domain.people import Actor, ActorKind
from pam.ids import new_id
from pam.operations.match_sessions import match_sessions
from pam.operations.retrying import OF_WHO_TAKES_NOTE, until_won
from pam.ports.sessions import Once, SessionStore

REMEMBERED = timedelta(days=7)
"""How long a repeated delivery is known; nobody delivers for more than two days."""
MOST_AT_ONCE = 45
"""A transaction has a hundred items: the session, and of each activity its record and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """`told`: why each that is new on record, or may be, is dark access (empty: it is none), by its
    id. `failed`: ids of those that have to be brought again, with the fault.
    """

    told: dict[str, str] = field(default_factory=dict)
    failed: dict[str, Exception] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Each try reads the clock, because a record must not be older than the one before it.
    `resources`: what the catalogue lends, by the place where its use shows.
    """

    clock: Callable[[], datetime]
    store: SessionStore
    resources: Mapping[str, str]
    policy_version: str

    def record_all(
        self, activities: Sequence[Activity], has_time: Callable[[], bool] = lambda: True
    ) -> Recorded:
        """Those of one session together, in the order in which they happened, so that a flood of
        one session's calls is a few writes of it. What cannot be recorded keeps back no other; nor
        does what there is no time for.
        """
        done = Recorded()
        for some in _together(self._matched(activities, done)):
            if not has_time():
                done.failed.update({each.activity_id: TimeoutError("no time") for each in some})
                continue
            try:
                self._record_until_won(some, done.told)
            except Exception as fault:  # noqa: BLE001 - each is given back with its activity
                if len(some) == 1:
                    done.failed[some[0].activity_id] = fault
                    continue
                self._one_by_one(some, has_time, done)
        return done

    def _matched(self, activities: Sequence[Activity], done: Recorded) -> list[Activity]:
        """Each with its session, those of one person together."""
        of_people: dict[str, list[Activity]] = {}
        for each in activities:
            of_people.setdefault(each.person, []).append(each)
        matched: list[Activity] = []
        for some in of_people.values():
            try:
                matched += match_sessions(some, self.store)
            except Exception as fault:  # noqa: BLE001 - each is given back with its activity
                done.failed.update({each.activity_id: fault for each in some})
        return matched

    def _one_by_one(
        self, activities: Sequence[Activity], has_time: Callable[[], bool], done: Recorded
    ) -> None:
        """So that one which cannot be recorded takes none with it."""
        for each in activities:
            alone = self.record_all([each], has_time)
            done.told.update(alone.told)
            done.failed.update(alone.failed)

    def record(self, activities: Sequence[Activity]) -> dict[str, str]:
        """Some of one session, or one of none: each once, whatever the session's status, which it
        leaves as it is. Returns why each that is new is dark access. Raises StaleSession if others
        kept winning.
        """
        told: dict[str, str] = {}
        self._record_until_won(match_sessions(activities, self.store), told)
        return told

    def _record_until_won(self, activities: Sequence[Activity], told: dict[str, str]) -> None:
        lost = f"session {activities[0].session_id} is being changed by too many at once; try again"
        until_won(lambda: self._record(activities, told), lost=lost, pauses=OF_WHO_TAKES_NOTE)

    def _record(self, activities: Sequence[Activity], told: dict[str, str]) -> None:
        """Puts into `told` what it has put on record, even if it raises then; and what it may have:
        where an answer was lost, a retry finds nothing new, and nobody would be told.
        """
        now = self.clock()
        onces = {
            each.activity_id: Once(key=each.activity_id, until=now + REMEMBERED)
            for each in activities
        }
        new = [each for each in activities if not self.store.is_done(onces[each.activity_id])]
        if not new:
            return
        session_id = activities[0].session_id
        session = self.store.get(session_id) if session_id else None
        whys = {each.activity_id: why_dark(each, session) for each in new}
        entries = [
            _entry(
                each,
                WHILE_IT_ENDED if while_it_ended(each, session) else "",
                whys[each.activity_id],
                self.policy_version,
            )
            for each in new
        ]
        if session is not None:
            after, records = new_records.chain(session, tuple(entries), now=now, new_id=new_id)
            once = tuple(onces[each] for each in whys)
            _told(lambda: self.store.save(session, after, records, once), whys, told)
            return
        for each, entry in zip(new, entries, strict=True):
            resource = self.resources.get(each.place, "")
            record = new_records.finding(entry=entry, resource=resource, now=now, new_id=new_id)
            why = {each.activity_id: whys[each.activity_id]}
            add = partial(self.store.add_finding, record, onces[each.activity_id])
            _told(add, why, told)


def _told(write: Callable[[], None], whys: Mapping[str, str], told: dict[str, str]) -> None:
    """Rather twice than never. Who lost a race has surely written nothing."""
    try:
        write()
    except StaleSession:
        raise
    except Exception:
        told.update(whys)
        raise
    told.update(whys)


def record_activity(
    activity: Activity,
    *,
    clock: Callable[[], datetime],
    store: SessionStore,
    resources: Mapping[str, str],
    policy_version: str,
) -> str | None:
    """Records one. Returns why it is dark access, empty if it is none, and None if it had been
    recorded before. Raises as `Recorder.record` does.
    """
    recorder = Recorder(
        clock=clock, store=store, resources=resources, policy_version=policy_version
    )
    return recorder.record([activity]).get(activity.activity_id)


def _together(activities: Sequence[Activity]) -> list[list[Activity]]:
    """Each once. What belongs to no session stands alone."""
    once = {each.activity_id: each for each in activities}
    of_sessions: dict[str, list[Activity]] = {}
    for each in sorted(once.values(), key=lambda activity: activity.at):
        of_sessions.setdefault(each.session_id or f"none {each.activity_id}", []).append(each)
    return [
        some[first : first + MOST_AT_ONCE]
        for some in of_sessions.values()
        for first in range(0, len(some), MOST_AT_ONCE)
    ]


def _entry(activity: Activity, late: str, why: str, policy_version: str) -> Entry:
    opened = why_open(activity)
    described = f"{late}{activity.described}"
    if why:
        outcome, detail = Outcome.FAILURE, f"{DARK}{why}: {described}"
    elif opened:
        outcome, detail = Outcome.FAILURE, f"{OPENED}{opened}: {described}"
    else:
        outcome = Outcome.REFUSED if activity.error else Outcome.SUCCESS
        detail = described
    return Entry(
        type=RecordType.ACTIVITY,
        actor=Actor(
            principal=activity.principal,
            kind=ActorKind.PERSON,
            source_ip=activity.source_ip,
            user_agent=activity.user_agent,
        ),
        outcome=outcome,
        detail=detail,
        policy_version=policy_version,
        request_id=activity.activity_id,
        access_key_id=activity.access_key_id,
    )
