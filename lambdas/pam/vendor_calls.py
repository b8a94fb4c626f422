"""What the functions with a vendor's power have in common: who asks, how long it may take, and what
is answered. Each has one of the two powers, and its handler says which.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pam import clock, wiring
from pam.aws import vendor_answers
from pam.aws.vendor_answers import Done
from pam.domain import messages, timestamps
from pam.domain.errors import IssuerUnavailable
from pam.domain.messages import TargetAct
from pam.domain.resource import Target
from pam.operations import act_at_vendor
from pam.operations.prove_session import Gate
from pam.ports.sessions import SessionStore
from pam.ports.targets import StandingTarget
from pam.settings import (
    IdentityCenterSettings,
    IssueIdentityCenterSettings,
    IssueOktaSettings,
    OktaSettings,
)

_TO_ANSWER = timedelta(seconds=1)
TargetOf = Callable[[Callable[[], float]], StandingTarget]
"""The target of one call, which may ask for how many seconds it can go on."""


def issue(
    event: object,
    context: Any,
    *,
    kind: str,
    settings: IssueIdentityCenterSettings | IssueOktaSettings,
    target_of: TargetOf,
) -> dict[str, Any]:
    """Raises UnknownEvent. Whatever else fails is answered (`vendor_answers`)."""
    asked = messages.read(event, messages.MakeAccess, messages.SeeAccess)
    store = wiring.sessions(settings.tables)
    act: Callable[[], Done]
    match asked:
        case messages.MakeAccess():
            act = partial(
                act_at_vendor.make_access,
                asked,
                kind,
                now=clock.now(),
                store=store,
                checkouts=wiring.checkouts(settings.tables),
                gate=Gate(wiring.verifier(settings)),
                target=target_of(_until(context, asked.until)),
            )
        case messages.SeeAccess(session_id=session_id):
            target = target_of(_until(context))
            act = partial(act_at_vendor.see_access, session_id, kind, store=store, target=target)
    return vendor_answers.answer(act)


def revoke(
    event: object,
    context: Any,
    *,
    kind: str,
    settings: IdentityCenterSettings | OktaSettings,
    target_of: TargetOf,
) -> dict[str, Any]:
    """As `issue`."""
    asked = messages.read(
        event,
        messages.UnmakeAccess,
        messages.ClearAccess,
        messages.AtTarget,
    )
    store, target, now = wiring.sessions(settings.tables), target_of(_until(context)), clock.now()
    act: Callable[[], Done]
    match asked:
        case messages.UnmakeAccess(session_id=session_id):
            act = partial(
                act_at_vendor.unmake_access,
                session_id,
                kind,
                now=now,
                store=store,
                checkouts=wiring.checkouts(settings.tables),
                target=target,
            )
        case messages.ClearAccess(session_id=session_id):
            act = partial(
                act_at_vendor.clear_access, session_id, kind, now=now, store=store, target=target
            )
        case messages.AtTarget(act=name, target=label):
            act = partial(_at_target, name, label, kind, settings, store, target, now)
    return vendor_answers.answer(act)


def _at_target(
    name: str,
    label: str,
    kind: str,
    home: IdentityCenterSettings | OktaSettings,
    store: SessionStore,
    target: StandingTarget,
    now: datetime,
) -> Done:
    lent = _lent(kind, home).get(label) or _had(label, kind, store)
    if lent is None:
        message = "no resource of the catalogue lends this target, and no session has it"
        raise IssuerUnavailable(message)
    match name:
        case TargetAct.SESSIONS:
            return target.sessions_at(lent)
        case TargetAct.STANDING:
            return target.standing_at(lent)
        case TargetAct.STRANGERS:
            return target.strangers(lent, now)
        case TargetAct.KEEP:
            return target.keep(lent, now)
        case TargetAct.UNDONE:
            return target.undone_at(lent)
        case TargetAct.TIDY:
            target.tidy(lent, now)
            return None
        case _:
            message = f"nothing is known by the name of {name!r}"
            raise messages.UnknownEvent(message)


def _lent(kind: str, home: IdentityCenterSettings | OktaSettings) -> Mapping[str, Target]:
    """By label, with the settings of the catalogue."""
    targets = (
        each.target(account=home.account, region=home.region)
        for each in wiring.compiled_policy().resources
        if each.issuer_kind == kind
    )
    return {target.label: target for target in targets}


def _had(label: str, kind: str, store: SessionStore) -> Target | None:
    """What the catalogue lends no more, as a session has it that may have access there."""
    of_sessions = (
        session.target for session in store.open_sessions() if session.activating_at is not None
    )
    return next((each for each in of_sessions if (each.kind, each.label) == (kind, label)), None)


def _until(context: Any, until: str = "") -> Callable[[], float]:
    """For how many seconds the call may go on: Lambda ends it, or whoever asked waits no more."""
    ends = clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis())
    if until:
        try:
            ends = min(ends, timestamps.parse(until))
        except ValueError:
            ends = clock.now()
    last = ends - _TO_ANSWER

    def seconds_left() -> float:
        return (last - clock.now()).total_seconds()

    return seconds_left
