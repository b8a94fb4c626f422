"""Remembers in which offices a person acts, and tells when one acts in two that must be apart.

What the identities file lists is checked before it is deployed. Who is in which permission set only
Identity Center knows; so it is seen here, from who signs.
"""

from datetime import datetime

from pam.domain import new_records
from pam.domain.apart import NOTED_EVERY, Act, clash
from pam.domain.audit_record import Outcome, RecordType
from pam.domain.errors import StaleSession
from pam.ids import new_id
from pam.operations.call import Call
from pam.ports.sessions import Once

_MOST_REMEMBERED = 10_000


class NotedActs:
    """What this process knows to be noted, so that it does not look again within the hour. It holds
    back nothing but that look: what is noted stays noted for longer.
    """

    def __init__(self) -> None:
        self._at: dict[tuple[str, tuple[str, ...], str], datetime] = {}

    def is_fresh(self, act: Act) -> bool:
        at = self._at.get(_whose(act))
        return at is not None and act.at < at + NOTED_EVERY

    def remember(self, act: Act) -> None:
        if len(self._at) >= _MOST_REMEMBERED:
            self._at.clear()
        self._at[_whose(act)] = act.at


def _whose(act: Act) -> tuple[str, tuple[str, ...], str]:
    return act.person, act.groups, act.principal


def note_act(call: Call, noted: NotedActs) -> bool:
    """Reads and writes once an hour for each principal. Returns whether it is told.

    A day with acts in two such offices is told once for each pair, as a `Drift` of no session.
    """
    person = call.caller.person
    if person is None or not person.roles:
        return False
    act = Act(
        person=person.name,
        principal=person.principal,
        groups=tuple(sorted(person.groups)),
        roles=tuple(sorted(person.roles)),
        at=call.now,
    )
    if noted.is_fresh(act):
        return False
    acts = {(each.groups, each.principal): each for each in call.store.acts_of(person.name)}
    earlier = acts.get((act.groups, act.principal))
    if earlier is not None and call.now < earlier.at + NOTED_EVERY:
        noted.remember(earlier)
        return False
    # Noted before the others are looked at again: of two first acts at once one sees the other.
    call.store.note_act(act)
    others = [each for each in call.store.acts_of(person.name) if each.groups != act.groups]
    told = [_tell_if_apart(act, other, call) for other in others if other.recent(call.now)]
    noted.remember(act)
    return any(told)


def _tell_if_apart(act: Act, other: Act, call: Call) -> bool:
    together = clash((*act.roles, *other.roles), call.policy.apart)
    if not together:
        return False
    entry = call.entry(
        RecordType.DRIFT,
        outcome=Outcome.FAILURE,
        detail=(
            f"{act.person} acted as {' and '.join(together)} within a day, which must be apart: "
            f"by {other.principal} ({', '.join(other.groups)}) and by {act.principal} "
            f"({', '.join(act.groups)})"
        ),
    )
    record = new_records.about_person(
        entry=entry, requester=act.principal, resource="", now=call.now, new_id=new_id
    )
    pair = "+".join(sorted([",".join(act.groups), ",".join(other.groups)]))
    once = Once(
        key=f"APART#{act.person}#{pair}#{call.now:%Y-%m-%d}", until=call.now + 2 * NOTED_EVERY * 24
    )
    try:
        call.store.add_finding(record, once)
    except StaleSession:
        return False
    return True
