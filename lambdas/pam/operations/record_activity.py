"""What a session did goes into its own chain; what no session may have done is a finding."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from pam.domain import audit_record
from pam.domain.activity import Activity, why_dark
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import StaleSession
from pam.domain.people import Actor, ActorKind
from pam.domain.session import Session
from pam.ids import new_id
from pam.operations.transition import YIELDING, Step, transition
from pam.ports import Once, SessionStore

REMEMBERED = timedelta(days=7)
"""How long a repeated delivery is known; EventBridge and Lambda give up after a day."""


def record_activity(
    activity: Activity,
    *,
    now: datetime,
    store: SessionStore,
    resources: Mapping[str, str],
    policy_version: str,
) -> str | None:
    """Records it once, whatever the session's status, which it leaves as it is.

    Returns why it is dark access, empty if it is none, and None if it had been recorded before.
    """
    once = Once(key=activity.activity_id, until=now + REMEMBERED)
    session = store.get(activity.session_id) if activity.session_id else None
    if session is None:
        return _record_alone(
            activity,
            once,
            now=now,
            store=store,
            resource=resources.get(activity.place, ""),
            policy_version=policy_version,
        )
    why: str | None = None

    def unchanged(session: Session) -> Step | None:
        nonlocal why
        why = None if store.is_done(once) else why_dark(activity, session)
        return None if why is None else Step(session, (_entry(activity, why, policy_version),))

    transition(store, session.session_id, unchanged, now=now, once=once, patience=YIELDING)
    return why


def _record_alone(
    activity: Activity,
    once: Once,
    *,
    now: datetime,
    store: SessionStore,
    resource: str,
    policy_version: str,
) -> str | None:
    why = why_dark(activity, None)
    entry = _entry(activity, why, policy_version)
    record = audit_record.finding(entry=entry, resource=resource, now=now, new_id=new_id)
    try:
        store.add_finding(record, once)
    except StaleSession:
        if store.is_done(once):
            return None
        raise
    return why


def _entry(activity: Activity, why: str, policy_version: str) -> Entry:
    if why:
        outcome, detail = Outcome.FAILURE, f"dark access: {why}: {activity.told}"
    else:
        outcome = Outcome.REFUSED if activity.error else Outcome.SUCCESS
        detail = activity.told
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
