"""What a session did goes into its own chain; what none may have done, or what outlasts it, is a
finding.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pam.domain import audit_record
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
from pam.domain.people import Actor, ActorKind
from pam.ids import new_id
from pam.operations.retrying import OF_WHO_TAKES_NOTE, until_won
from pam.ports.sessions import Once, SessionStore

REMEMBERED = timedelta(days=7)
"""How long a repeated delivery is known; nobody delivers for more than two days."""


def record_activity(
    activity: Activity,
    *,
    clock: Callable[[], datetime],
    store: SessionStore,
    resources: Mapping[str, str],
    policy_version: str,
) -> str | None:
    """Records it once, whatever the session's status, which it leaves as it is.

    Each try reads the clock, because a record must not be older than the one before it. Returns why
    it is dark access, empty if it is none, and None if it had been recorded before. Raises
    StaleSession if others kept winning.
    """

    def attempt() -> str | None:
        return _record(
            activity,
            now=clock(),
            store=store,
            resource=resources.get(activity.place, ""),
            policy_version=policy_version,
        )

    lost = f"session {activity.session_id} is being changed by too many at once; try again"
    return until_won(attempt, lost=lost, pauses=OF_WHO_TAKES_NOTE)


def _record(
    activity: Activity, *, now: datetime, store: SessionStore, resource: str, policy_version: str
) -> str | None:
    once = Once(key=activity.activity_id, until=now + REMEMBERED)
    if store.is_done(once):
        return None
    session = store.get(activity.session_id) if activity.session_id else None
    why = why_dark(activity, session)
    late = WHILE_IT_ENDED if while_it_ended(activity, session) else ""
    entry = _entry(activity, f"{late}{activity.described}", why, policy_version)
    if session is None:
        record = audit_record.finding(entry=entry, resource=resource, now=now, new_id=new_id)
        store.add_finding(record, once)
    else:
        after, records = audit_record.chain(session, (entry,), now=now, new_id=new_id)
        store.save(session, after, records, once)
    return why


def _entry(activity: Activity, described: str, why: str, policy_version: str) -> Entry:
    opened = why_open(activity)
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
