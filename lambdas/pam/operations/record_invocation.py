"""That somebody called one of PAM's functions by hand, told with the caller's name."""

from collections.abc import Callable
from datetime import datetime, timedelta

from pam.domain import new_records, timestamps
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import StaleSession
from pam.domain.invocation import Invocation
from pam.domain.people import Actor, ActorKind
from pam.ids import new_id
from pam.ports.sessions import Once, SessionStore

_REMEMBERED = timedelta(days=7)


def record_invocation(
    invocation: Invocation,
    *,
    now: datetime,
    store: SessionStore,
    policy_version: str,
    tell: Callable[[], None] = lambda: None,
) -> bool:
    """Recorded once, outside any session; False for a repeated delivery. Told just before, because
    whoever dies after it finds it recorded.
    """
    entry = Entry(
        type=RecordType.DARK_CALL,
        actor=Actor(
            principal=invocation.principal,
            kind=ActorKind.PERSON,
            source_ip=invocation.source_ip,
            user_agent=invocation.user_agent,
        ),
        outcome=Outcome.FAILURE,
        detail=f"dark call: {invocation.what} of {invocation.function} by neither an AWS service "
        f"nor PAM: {timestamps.render(invocation.at)}",
        policy_version=policy_version,
        request_id=invocation.event_id,
    )
    record = new_records.finding(entry=entry, resource="", now=now, new_id=new_id)
    once = Once(key=f"invocation/{invocation.event_id}", until=now + _REMEMBERED)
    if store.is_done(once):
        return False
    tell()
    try:
        store.add_finding(record, once)
    except StaleSession:
        return False
    return True
