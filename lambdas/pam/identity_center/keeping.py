"""Denies and instants as JSON keeps them."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from pam.domain import timestamps
from pam.identity_center.denies import Deny

_FIELDS = frozenset(each.name for each in fields(Deny))
"""What a later version of PAM keeps besides is left alone: both may run at once."""


def kept_deny(deny: Deny) -> dict[str, Any]:
    """The fields of the first version, which reads no other; `kept_undone` has what came later."""
    return {
        "session_id": deny.session_id,
        "user_id": deny.user_id,
        "account": deny.account,
        "armed_at": kept_instant(deny.armed_at),
        "begins": kept_instant(deny.begins),
        "end": kept_instant(deny.end),
        "version": deny.version,
        "begun": deny.begun,
        "made": deny.made,
        "over": deny.over,
        "late": deny.late,
        "gone_at": kept_instant(deny.gone_at),
        "issued_before": kept_instant(deny.issued_before),
    }


def deny_of_kept(kept: dict[str, Any]) -> Deny:
    instants = {name: timestamps.parse(kept[name]) for name in ("armed_at", "begins", "end")}
    optional = ("undone_at", "gone_at", "issued_before")
    later = {name: instant_of_kept(kept.get(name)) for name in optional}
    known = {name: each for name, each in kept.items() if name in _FIELDS}
    return Deny(**{**known, **instants, **later})


def kept_undone(denies: Iterable[Deny]) -> dict[str, str | None]:
    return {it.session_id: kept_instant(it.undone_at) for it in denies if it.undone_at}


def kept_instant(instant: datetime | None) -> str | None:
    return None if instant is None else timestamps.render(instant)


def instant_of_kept(text: str | None) -> datetime | None:
    return None if text is None else timestamps.parse(text)
