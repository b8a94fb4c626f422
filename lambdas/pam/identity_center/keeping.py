"""Denies and instants as JSON keeps them."""

from datetime import datetime
from typing import Any

from pam.domain import timestamps
from pam.identity_center.denies import Deny


def kept_deny(deny: Deny) -> dict[str, Any]:
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
        "undone_at": kept_instant(deny.undone_at),
        "gone_at": kept_instant(deny.gone_at),
        "issued_before": kept_instant(deny.issued_before),
    }


def deny_of_kept(kept: dict[str, Any]) -> Deny:
    instants = {name: timestamps.parse(kept[name]) for name in ("armed_at", "begins", "end")}
    # An earlier version of PAM kept no `undone_at`.
    optional = ("undone_at", "gone_at", "issued_before")
    later = {name: instant_of_kept(kept.get(name)) for name in optional}
    return Deny(**{**kept, **instants, **later})


def kept_instant(instant: datetime | None) -> str | None:
    return None if instant is None else timestamps.render(instant)


def instant_of_kept(text: str | None) -> datetime | None:
    return None if text is None else timestamps.parse(text)
