"""The inline policy of a permission set that is PAM's: the denies that end sessions, nothing else.

Each session has a statement of its own. It denies the person from the end on, in whatever session
of the role: it was armed before there was access, and asks for no time at which a token was issued.
Once the assignment is seen to be gone, the statement is narrowed with the next write: it then
denies what was issued before that instant, so that the person's next session works. The narrowed
ones of an account lie together, because a policy has room for about 37 statements.

The policy is always rendered from what is stored. What stands there is only ever compared with it.
"""

import json
import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pam.domain import timestamps

LONGEST = 10_240
"""Characters of an inline policy of a role, white space not counted (IAM and STS quotas)."""
_USER, _ACCOUNT = "identitystore:userId", "aws:PrincipalAccount"
_FROM, _BEFORE = "aws:CurrentTime", "aws:TokenIssueTime"
_SESSION_SID = re.compile(r"Pam([0-9A-Z]{26})", re.ASCII)
_MOST_TOLD, _LONGEST_TOLD = 3, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """What ends one session. All instants are whole seconds."""

    session_id: str
    user_id: str
    account: str
    armed_at: datetime
    begins: datetime
    """From when the session's time runs."""
    end: datetime
    """From when on it denies."""
    version: int = 0
    """Of the policy, the first that has this deny as it is."""
    begun: bool = False
    """Whether the assignment may have been asked for."""
    over: bool = False
    """Whether its end has begun: from then on no assignment is asked for."""
    gone_at: datetime | None = None
    """When the assignment was seen to be gone."""
    issued_before: datetime | None = None
    """From then on: what was issued before is denied. Later than that if the person has had a
    session since, by when that began."""

    @property
    def holder(self) -> tuple[str, str]:
        return self.account, self.user_id

    @property
    def live(self) -> bool:
        """Whether an assignment may stand by it, now or later."""
        return self.gone_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement as PAM writes it: `start` or `before`, never both."""

    session_id: str
    """Empty for one of several sessions that are over."""
    account: str
    user_ids: tuple[str, ...]
    start: datetime | None = None
    before: datetime | None = None


def rendered(denies: Iterable[Deny]) -> str:
    """The policy. It is never empty: AWS takes no empty one, and to delete it is another right."""
    statements = [_raw(each) for each in _statements(list(denies))] or [_NOBODY]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def has_room(denies: Iterable[Deny]) -> bool:
    """An end never needs more room than the session had: what is over is shorter."""
    return len("".join(rendered(denies).split())) <= LONGEST


def same(one: str, other: str) -> bool:
    """Whether both say the same, however they are spaced."""
    return _parsed(one) == _parsed(other)


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


def covers(statements: Sequence[Statement], deny: Deny) -> bool:
    """Whether what it is there for is denied by what stands there."""
    own = [each for each in statements if each.session_id == deny.session_id]
    exact = any(
        (each.account, each.user_ids) == (deny.account, (deny.user_id,))
        and each.start is not None
        and each.start == deny.end
        for each in own
    )
    if exact or deny.issued_before is None:
        return exact
    return any(
        each.account == deny.account
        and deny.user_id in each.user_ids
        and each.before is not None
        and each.before >= deny.issued_before
        for each in statements
    )


def superfluous(statements: Iterable[Statement], denies: Sequence[Deny]) -> bool:
    """Whether something stands there that no stored deny explains, or that keeps out somebody whose
    session lives.
    """
    return any(not _explained(each, denies) for each in statements)


def told(others: Sequence[str]) -> str:
    """For an error's text."""
    more = f" and {len(others) - _MOST_TOLD} more" if len(others) > _MOST_TOLD else ""
    return "; ".join(others[:_MOST_TOLD]) + more


def _explained(statement: Statement, denies: Sequence[Deny]) -> bool:
    live = {deny.holder for deny in denies if deny.live}
    if not statement.session_id:
        return _explained_together(statement, denies, live)
    deny = next((each for each in denies if each.session_id == statement.session_id), None)
    if deny is None or (statement.account, statement.user_ids) != (deny.account, (deny.user_id,)):
        return False
    if statement.before is not None:
        return deny.issued_before is not None and statement.before <= deny.issued_before
    return deny.live or deny.holder not in live


def _explained_together(
    statement: Statement, denies: Sequence[Deny], live: Set[tuple[str, str]]
) -> bool:
    here = [
        deny
        for deny in denies
        if deny.account == statement.account and deny.holder not in live and deny.issued_before
    ]
    latest = max((deny.issued_before for deny in here if deny.issued_before), default=None)
    if latest is None or statement.before is None or statement.before > latest:
        return False
    return set(statement.user_ids) <= {deny.user_id for deny in here}


def _statements(denies: list[Deny]) -> list[Statement]:
    live = {deny.holder for deny in denies if deny.live}
    found = [
        Statement(
            session_id=deny.session_id,
            account=deny.account,
            user_ids=(deny.user_id,),
            start=deny.end,
        )
        for deny in denies
        if deny.live
    ]
    latest = _latest_over(denies)
    found += [
        Statement(
            session_id=deny.session_id,
            account=deny.account,
            user_ids=(deny.user_id,),
            before=deny.issued_before,
        )
        for holder, deny in latest.items()
        if holder in live
    ]
    found.sort(key=lambda each: each.session_id)
    # Who has no session now can be denied all that is older than any of these ends.
    for account in sorted({account for account, _ in latest.keys() - live}):
        over = [deny for holder, deny in latest.items() if holder not in live]
        here = [deny for deny in over if deny.account == account]
        found.append(
            Statement(
                session_id="",
                account=account,
                user_ids=tuple(sorted(deny.user_id for deny in here)),
                before=max(deny.issued_before for deny in here if deny.issued_before),
            )
        )
    return found


def _latest_over(denies: Iterable[Deny]) -> dict[tuple[str, str], Deny]:
    """Of what is over, the newest of each person and account: it denies what the others did."""
    newest: dict[tuple[str, str], Deny] = {}
    for deny in denies:
        if deny.issued_before is None:
            continue
        known = newest.get(deny.holder)
        if known is None or known.issued_before is None:
            newest[deny.holder] = deny
        elif known.issued_before < deny.issued_before:
            newest[deny.holder] = deny
    return newest


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
        return found if found.user_ids and _raw(found) == raw else None
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
