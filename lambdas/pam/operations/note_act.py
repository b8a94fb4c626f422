"""Remembers in which offices a person acts, and tells when one acts in two that must be apart.

What the identities file lists is checked before it is deployed. Who is in which permission set only
Identity Center knows; so it is seen here, from who signs.
"""

from datetime import datetime

from pam.domain import audit_record
from pam.domain.apart import NOTED_EVERY, Act, clash
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import StaleSession
from pam.domain.people import Caller
from pam.ids import new_id
from pam.policy.cedar import CedarPolicy
from pam.ports.sessions import Once, SessionStore


def note_act(caller: Caller, *, now: datetime, store: SessionStore, policy: CedarPolicy) -> bool:
    """Reads once a call, writes once an hour for each set of groups. Returns whether it is told.

    A day with acts in two such offices is told once for each pair, as a `Drift` of no session.
    """
    person = caller.person
    if person is None or not person.roles:
        return False
    act = Act(
        person=person.name,
        principal=person.principal,
        groups=tuple(sorted(person.groups)),
        roles=tuple(sorted(person.roles)),
        at=now,
    )
    acts = {each.groups: each for each in store.acts_of(person.name)}
    earlier = acts.pop(act.groups, None)
    if earlier is not None and now < earlier.at + NOTED_EVERY:
        return False
    # Noted before the others are looked at again: of two first acts at once one sees the other.
    store.note_act(act)
    others = [each for each in store.acts_of(person.name) if each.groups != act.groups]
    told = [_told(act, other, caller, now, store, policy) for other in others if other.recent(now)]
    return any(told)


def _told(
    act: Act,
    other: Act,
    caller: Caller,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
) -> bool:
    together = clash((*act.roles, *other.roles), policy.apart)
    if not together:
        return False
    entry = Entry(
        type=RecordType.DRIFT,
        actor=caller.actor,
        outcome=Outcome.FAILURE,
        detail=(
            f"{act.person} acted as {' and '.join(together)} within a day, which must be apart: "
            f"by {other.principal} ({', '.join(other.groups)}) and by {act.principal} "
            f"({', '.join(act.groups)})"
        ),
        policy_version=policy.version,
        request_id=caller.request_id,
    )
    record = audit_record.about_person(
        entry=entry, requester=act.principal, resource="", now=now, new_id=new_id
    )
    pair = "+".join(sorted([",".join(act.groups), ",".join(other.groups)]))
    once = Once(key=f"APART#{act.person}#{pair}#{now:%Y-%m-%d}", until=now + 2 * NOTED_EVERY * 24)
    try:
        store.add_finding(record, once)
    except StaleSession:
        return False
    return True
