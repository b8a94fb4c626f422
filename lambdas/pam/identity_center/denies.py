"""The inline policy of a permission set that is PAM's: the denies that end sessions, nothing else.

Each session has a statement of its own. It denies the person from the end on, in whatever session
of the role: it was armed before there was access, and asks for no time at which a token was issued.
Once the assignment is seen to be gone, the statement is narrowed with the next write: it then
denies what was issued before that instant, so that the person's next session works. The narrowed
ones of an account lie together, because a policy has room for about 37 statements.

The policy is always rendered from what is stored. What stands there is only ever compared with it.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from pam.identity_center.statements import Statement, written

LONGEST = 10_240
"""Characters of an inline policy of a role, white space not counted (IAM and STS quotas)."""


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
    made: bool = False
    """Whether the assignment was seen to stand."""
    over: bool = False
    """Whether its end has begun: from then on no assignment is asked for."""
    late: bool = False
    """Whether it was seen not to stand, and written anew, when it should have denied already."""
    undone_at: datetime | None = None
    """When it was last seen to be gone or changed, although it had stood."""
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


def rendered(denies: Iterable[Deny]) -> str:
    """The policy. It is never empty: AWS takes no empty one, and to delete it is another right."""
    return written(_statements(list(denies)))


def has_room(denies: Iterable[Deny]) -> bool:
    """An end never needs more room than the session had: what is over is shorter."""
    return len("".join(rendered(denies).split())) <= LONGEST


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


def stood_before(statements: Sequence[Statement], deny: Deny) -> bool:
    """Whether it stands as it was when the assignment was seen to be gone: for the person's next
    session it denies more, once that is written.
    """
    return deny.gone_at is not None and covers(
        statements, replace(deny, issued_before=deny.gone_at)
    )


def outdone(denies: Iterable[Deny], before: datetime) -> set[str]:
    """Ids of the sessions that were gone before then, save each person's last: what the others
    denied, that one denies for longer. Whoever borrows for a second again and again fills nothing.
    """
    gone = sorted((at, deny.session_id, deny) for deny in denies if (at := deny.gone_at))
    last = {deny.holder: deny for _, _, deny in gone}
    return {
        session_id
        for at, session_id, deny in gone
        if at < before and deny is not last[deny.holder] and deny.undone_at is None
    }


def superfluous(statements: Iterable[Statement], denies: Sequence[Deny]) -> bool:
    """Whether something stands there that no stored deny explains, or that keeps out somebody whose
    session lives.
    """
    return any(not _explained(each, denies) for each in statements)


def bars(statements: Iterable[Statement], denies: Sequence[Deny]) -> bool:
    """Whether what no stored deny explains is about somebody whose session lives."""
    live = {deny.holder for deny in denies if deny.live}
    return any(
        (each.account, user_id) in live
        for each in statements
        for user_id in each.user_ids
        if not _explained(each, denies)
    )


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
    statement: Statement, denies: Sequence[Deny], live: AbstractSet[tuple[str, str]]
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
        if known is None or known.issued_before is None or known.issued_before < deny.issued_before:
            newest[deny.holder] = deny
    return newest
