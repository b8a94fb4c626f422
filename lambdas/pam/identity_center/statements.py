"""A permission set's inline policy: statements as PAM writes them, and what of one reads so."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pam.domain import timestamps

_USER, _ACCOUNT = "identitystore:userId", "aws:PrincipalAccount"
_FROM, _BEFORE = "aws:CurrentTime", "aws:TokenIssueTime"
_SESSION_SID = re.compile(r"Pam([0-9A-Z]{26})", re.ASCII)
_MOST_TOLD, _LONGEST_TOLD = 3, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement as PAM writes it: `start` or `before`, never both."""

    session_id: str
    """Empty for one of several sessions that are over."""
    account: str
    user_ids: tuple[str, ...]
    start: datetime | None = None
    before: datetime | None = None


def written(statements: Sequence[Statement]) -> str:
    raw = [_raw(each) for each in statements] or [_NOBODY]
    return json.dumps({"Version": "2012-10-17", "Statement": raw}, separators=(",", ":"))


def same(one: str, other: str) -> bool:
    """Whether both say the same, however they are spaced."""
    return bool(_parsed(one) == _parsed(other))


def digest(text: str) -> str:
    """The same of all that say the same."""
    canonical = json.dumps(_parsed(text), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def read(text: str) -> tuple[list[Statement], list[str]]:
    """What of it reads as PAM writes it, to the letter; and short texts that name the rest."""
    if not text:
        return [], []
    document = _parsed(text)
    if not isinstance(document, dict) or set(document) != {"Version", "Statement"}:
        return [], ["a policy that is not written as PAM does"]
    listed = document["Statement"]
    ours: list[Statement] = []
    others: list[str] = []
    for raw in listed if isinstance(listed, list) else [listed]:
        statement = _statement(raw)
        if statement is not None:
            ours.append(statement)
        elif raw != _NOBODY:
            others.append(_named(raw))
    return ours, others


def told(others: Sequence[str]) -> str:
    """For an error's text."""
    more = f" and {len(others) - _MOST_TOLD} more" if len(others) > _MOST_TOLD else ""
    return "; ".join(others[:_MOST_TOLD]) + more


def _raw(statement: Statement) -> dict[str, Any]:
    users: str | list[str] = list(statement.user_ids)
    if statement.session_id:
        users = statement.user_ids[0]
    condition: dict[str, Any] = {"StringEquals": {_USER: users, _ACCOUNT: statement.account}}
    if statement.start is not None:
        condition["DateGreaterThanEquals"] = {_FROM: _second(statement.start)}
    elif statement.before is not None:
        condition["DateLessThan"] = {_BEFORE: _second(statement.before)}
    sid = f"Pam{statement.session_id}" if statement.session_id else f"PamOver{statement.account}"
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": condition,
    }


def _statement(raw: Any) -> Statement | None:
    """None if it is not to the letter as PAM writes one."""
    try:
        condition = raw["Condition"]
        users = condition["StringEquals"][_USER]
        named = _SESSION_SID.fullmatch(raw["Sid"])
        found = Statement(
            session_id=named[1] if named else "",
            account=condition["StringEquals"][_ACCOUNT],
            user_ids=(users,) if isinstance(users, str) else tuple(users),
            start=_instant(condition.get("DateGreaterThanEquals", {}).get(_FROM)),
            before=_instant(condition.get("DateLessThan", {}).get(_BEFORE)),
        )
        dated = (found.start is None) != (found.before is None)
        return found if dated and found.user_ids and _raw(found) == raw else None
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def _instant(text: str | None) -> datetime | None:
    return None if text is None else timestamps.parse(text)


def _second(instant: datetime) -> str:
    return timestamps.whole_second_at_or_before(instant)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _named(raw: Any) -> str:
    sid = raw.get("Sid") if isinstance(raw, dict) else None
    if not isinstance(sid, str) or not sid.isascii() or not sid.isalnum():
        return "a statement without a name"
    return f"statement {sid[:_LONGEST_TOLD]}"


_NOBODY = {
    "Sid": "PamEndsSessionsHere",
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"DateLessThan": {_BEFORE: "2000-01-01T00:00:00Z"}},
}
"""Denies nothing that exists: what stands there while no session has to end."""
