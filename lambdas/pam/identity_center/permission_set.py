"""What PAM knows of one permission set: whose sessions end there, which version of its policy each
account was given, and who may write it now. Every change is one conditional write of the whole.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from pam.domain import timestamps
from pam.identity_center.denies import Deny, covers, stood_before
from pam.identity_center.keeping import (
    deny_of_kept,
    instant_of_kept,
    kept_deny,
    kept_instant,
    kept_undone,
)
from pam.identity_center.statements import Statement

LONGEST_ROLE_SESSION = timedelta(hours=1)
"""Of a permission set that PAM lends (PT1H): as long a deny stays."""
_LONGEST_OF_AWS = timedelta(hours=12)
"""Of any permission set."""
_CLOCKS_DIFFER = timedelta(minutes=1)
_NEVER_BEGUN = timedelta(minutes=30)
"""After so long no start goes on with what it armed."""
LOCKED_FOR = timedelta(seconds=30)
_TOLD_OF_FOR = timedelta(days=1)
_UNDER_WAY = timedelta(minutes=10)
"""A start is given up after that."""
_MOST_SAID = 8
"""Of which one may stand there yet: what is sent may not land."""
_FIRST_TOOK = 5
_LONGEST_TOOK = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioning:
    """An account is being given a version; `request_id` is Identity Center's."""

    request_id: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionSet:
    """`wanted` is the version that is stored here, `written` the one that each account was seen to
    have. `sent`: the last version of which a policy was sent, `given`: the one that each account
    was last provisioned with. A writer has the lock with this `fence` until `locked_until`; a later
    one has a higher. `took`: in seconds, by account, how long the last assignment took from its
    arming. `longer_until`: role sessions may live till then, because the set was seen to give
    longer ones than PAM lends. `said`: digests of the policies that were sent last; None as an
    earlier version of PAM kept it.
    """

    denies: tuple[Deny, ...] = ()
    wanted: int = 0
    written: Mapping[str, int] = field(default_factory=dict)
    sent: int = 0
    given: Mapping[str, int] = field(default_factory=dict)
    provisioning: Mapping[str, Provisioning] = field(default_factory=dict)
    took: Mapping[str, int] = field(default_factory=dict)
    fence: int = 0
    locked_until: datetime | None = None
    longer_until: datetime | None = None
    said: tuple[str, ...] | None = ()

    def deny_of(self, session_id: str) -> Deny | None:
        return next((each for each in self.denies if each.session_id == session_id), None)

    def at(self, account: str) -> tuple[Deny, ...]:
        return tuple(each for each in self.denies if each.account == account)

    def has_written(self, account: str, version: int) -> bool:
        return self.written.get(account, 0) >= version

    def is_armed(self, deny: Deny) -> bool:
        """Whether it was seen to stand at its account."""
        return self.has_written(deny.account, deny.version)

    @property
    def is_armed_at_all(self) -> bool:
        return any(self.is_armed(each) for each in self.denies)

    def not_covered(self, there: Sequence[Statement]) -> frozenset[str]:
        """Of which sessions the deny was seen to stand at its account, and is not in what stands
        there now.
        """
        return frozenset(
            deny.session_id
            for deny in self.denies
            if self.is_armed(deny) and not covers(there, deny)
            # What waits to be written denies more, for the person's next session.
            if self.has_written(deny.account, self.wanted) or not stood_before(there, deny)
        )

    def owes(self, account: str) -> bool:
        """Whether somebody who has, or had, access there is not seen to be denied yet: it is being
        written, or whoever wrote it did not come to its end.
        """
        return any(each.begun and not self.is_armed(each) for each in self.at(account))

    def undone(self, account: str, now: datetime) -> dict[str, datetime]:
        """Whose deny was seen to be gone or changed, within the last day, and when; by session."""
        return {
            each.session_id: each.undone_at
            for each in self.at(account)
            if each.undone_at is not None and now - each.undone_at < _TOLD_OF_FOR
        }

    def is_inhabited(self, account: str) -> bool:
        """Whether PAM has, or may have, assigned it there: then the account has a role of it."""
        return any(each.begun and each.live for each in self.at(account))

    @property
    def is_in_use(self) -> bool:
        """Whether PAM has, or may have, assigned it in any account."""
        return any(each.begun and each.live for each in self.denies)

    def is_succeeded(self, session_id: str) -> bool:
        """Whether its assignment was seen to be gone, and the person has a later session: what is
        assigned now is that one's.
        """
        deny = self.deny_of(session_id)
        if deny is None or deny.live:
            return False
        return any(each.begun and each.live and each.holder == deny.holder for each in self.denies)

    def had_by(self, deny: Deny) -> str | None:
        """By which other session its user has the access, or may have."""
        return next(
            (
                each.session_id
                for each in self.denies
                if each.begun and each.live and each.holder == deny.holder
                if each.session_id != deny.session_id
            ),
            None,
        )

    def is_being_inhabited(self, account: str, now: datetime) -> bool:
        """Whether an assignment there may be under way, which gives the account its role."""
        return any(
            each.begun and each.live and not each.made and now < each.armed_at + _UNDER_WAY
            for each in self.at(account)
        )

    def begins_after(self, account: str) -> timedelta:
        """How long it will take from now until a start is done. Those that are at it share writes,
        and wait for each other where Identity Center takes so many at a time.
        """
        crowd = sum(1 for each in self.denies if each.live and not each.begun)
        return timedelta(seconds=min(_LONGEST_TOOK, self.took.get(account, _FIRST_TOOK) + crowd))

    # What becomes of it.

    def armed(self, deny: Deny) -> Self:
        """With this deny, in the place of the session's earlier one. What the person had before is
        denied up to now.
        """
        version = self.wanted + 1
        others = (
            replace(each, issued_before=max(each.issued_before, _second(deny.armed_at)))
            if each.holder == deny.holder and each.issued_before is not None
            else each
            for each in self.denies
            if each.session_id != deny.session_id
        )
        return replace(self, denies=(*others, replace(deny, version=version)), wanted=version)

    def begun(self, session_id: str) -> Self | None:
        """None if it is not armed, or its end has begun."""
        deny = self.deny_of(session_id)
        if deny is None or deny.over or not deny.live or not self.is_armed(deny):
            return None
        if not deny.begun and self.had_by(deny) is not None:
            return None
        return self.with_deny(replace(deny, begun=True))

    def made(self, session_id: str, took: timedelta) -> Self | None:
        """With its assignment seen, the first time that this is said, and how long that took."""
        deny = self.deny_of(session_id)
        if deny is None or deny.made:
            return None
        known = self.with_deny(replace(deny, made=True))
        return known.learned(deny.account, took) or known

    def ended(self, session_id: str, at: datetime) -> Self | None:
        """With a deny from then on, if it is not from before; None without one. Of one that was
        seen to be gone that counts no more: who made it late may have come through since. It may
        be narrowed by now, so what it was is not seen to stand.
        """
        deny = self.deny_of(session_id)
        if deny is None:
            return None
        narrowed = deny.gone_at is not None
        deny = replace(deny, gone_at=None, issued_before=None)
        if deny.end <= at:
            late = deny.late or not (deny.over or self.is_armed(deny))
            deny = replace(deny, over=True, late=late)
            if not narrowed:
                return self.with_deny(deny)
            version = self.wanted + 1
            return replace(self.with_deny(replace(deny, version=version)), wanted=version)
        now = replace(deny, over=True, end=_second(at), version=self.wanted + 1)
        return replace(self.with_deny(now), wanted=self.wanted + 1)

    def stands(self, deny: Deny, version: int) -> Self | None:
        """With this deny as one that was written with an earlier version, because it was seen
        there; None if that is known, or it has changed since.
        """
        if deny.version == version or self.deny_of(deny.session_id) != deny:
            return None
        return self.with_deny(replace(deny, version=version))

    def gone(self, session_id: str, at: datetime) -> Self | None:
        """With its assignment seen to be gone, the first time that this is said since `ended`. The
        next policy is another by that, and has another version; nobody waits for it.
        """
        deny = self.deny_of(session_id)
        if deny is None or deny.gone_at is not None:
            return None
        known = self.with_deny(replace(deny, over=True, gone_at=at, issued_before=at))
        return replace(known, wanted=self.wanted + 1)

    def without(self, session_ids: Collection[str]) -> Self | None:
        kept = tuple(each for each in self.denies if each.session_id not in session_ids)
        return None if kept == self.denies else replace(self, denies=kept, wanted=self.wanted + 1)

    def doubted(self, account: str, now: datetime, undone: Collection[str] = ()) -> Self:
        """All of that account has to be written anew, although it was; `undone`: because of these
        sessions.
        """
        version = self.wanted + 1
        of_account = [each.session_id for each in self.at(account)]
        denies = _to_be_written(self.denies, of_account, version, now)
        return replace(self, denies=_noted_undone(denies, undone, now), wanted=version)

    def lost(self, session_id: str, now: datetime) -> Self:
        """Its deny was seen to be gone or changed, and has to be written anew."""
        version = self.wanted + 1
        denies = _to_be_written(self.denies, {session_id}, version, now)
        return replace(self, denies=_noted_undone(denies, {session_id}, now), wanted=version)

    def learned(self, account: str, took: timedelta) -> Self | None:
        seconds = min(_LONGEST_TOOK, max(2, round(took.total_seconds()) + 1))
        if self.took.get(account) == seconds:
            return None
        return replace(self, took={**self.took, account: seconds})

    def has_done_its_time(self, deny: Deny, now: datetime) -> bool:
        """Whether no role session of it can live; or no start goes on with what it armed."""
        if deny.gone_at is None:
            return not deny.begun and deny.armed_at + _NEVER_BEGUN <= now
        longer = self.longer_until is not None and now < self.longer_until
        return not longer and deny.gone_at + LONGEST_ROLE_SESSION + _CLOCKS_DIFFER <= now

    def gives_longer(self, now: datetime) -> Self:
        return replace(self, longer_until=_second(now + _LONGEST_OF_AWS))

    # The writer.

    def locked(self, now: datetime) -> Self | None:
        """None while another has the lock."""
        if self.is_being_written(now):
            return None
        return replace(self, fence=self.fence + 1, locked_until=now + LOCKED_FOR)

    def is_being_written(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until

    def is_held(self, fence: int, now: datetime) -> bool:
        return self.fence == fence and self.is_being_written(now)

    def sending(
        self, fence: int, now: datetime, version: int, digest: str, undone: Collection[str] = ()
    ) -> Self | None:
        """Before a policy is sent, over one in which these sessions' denies are gone or changed;
        None after another took the lock.
        """
        if not self.is_held(fence, now):
            return None
        before = tuple(each for each in self.said or () if each != digest)
        # Another account may have that version, and needs one that it has not.
        had = [each for each in self.denies if self.has_written(each.account, version)]
        again = {each.session_id for each in had if each.session_id in undone}
        # One that an end has moved since does not stand yet, and is not late by that.
        stood = {each.session_id for each in self.denies if self.is_armed(each)}
        denies = _to_be_written(self.denies, stood.intersection(undone), version, now)
        denies = _to_be_written(denies, again, version + 1, now)
        return replace(
            self,
            denies=_noted_undone(denies, undone, now),
            wanted=max(self.wanted, version + 1) if again else self.wanted,
            sent=version,
            said=(*before, digest)[-_MOST_SAID:],
        )

    def has_said(self, digest: str) -> bool:
        return self.said is None or digest in self.said

    def unlocked(self, fence: int) -> Self | None:
        return replace(self, locked_until=None) if self.fence == fence else None

    def provisions(self, fence: int, account: str, what: Provisioning) -> Self | None:
        if self.fence != fence:
            return None
        return replace(self, provisioning={**self.provisioning, account: what})

    def provisioned(self, account: str, what: Provisioning, *, done: bool) -> Self:
        """Its end, whoever looks. `done`: the account has it."""
        others = {
            name: each
            for name, each in self.provisioning.items()
            if (name, each) != (account, what)
        }
        newest = max(what.version if done else 0, self.given.get(account, 0))
        return replace(self, provisioning=others, given={**self.given, account: newest})

    def wrote(self, fence: int, account: str, version: int, now: datetime) -> Self | None:
        """With what was seen to stand there, and the lock free; None after another took it."""
        if self.fence != fence:
            return None
        newest = max(version, self.written.get(account, 0))
        denies = tuple(
            replace(each, late=each.late or self._is_late(each, now))
            if each.account == account
            else each
            for each in self.denies
        )
        written = {**self.written, account: newest}
        return replace(self, denies=denies, written=written, locked_until=None)

    def _is_late(self, deny: Deny, now: datetime) -> bool:
        """Of what is seen to stand only now: whether it should have denied by itself already."""
        return deny.begun and not deny.over and deny.end <= now and not self.is_armed(deny)

    def with_deny(self, deny: Deny) -> Self:
        """In the place of the session's."""
        kept = (deny if each.session_id == deny.session_id else each for each in self.denies)
        return replace(self, denies=tuple(kept))

    # As it is kept.

    def as_text(self) -> str:
        return json.dumps(
            {
                "denies": [kept_deny(each) for each in self.denies],
                "undone": kept_undone(self.denies),
                "wanted": self.wanted,
                "written": dict(self.written),
                "sent": self.sent,
                "given": dict(self.given),
                "provisioning": {
                    name: [each.request_id, each.version]
                    for name, each in self.provisioning.items()
                },
                "took": dict(self.took),
                "fence": self.fence,
                "locked_until": kept_instant(self.locked_until),
                "longer_until": kept_instant(self.longer_until),
                "said": self.said,
            },
            separators=(",", ":"),
        )

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Of an empty text: nothing is known yet."""
        if not text:
            return cls()
        kept = json.loads(text)
        undone = kept.get("undone", {})
        return cls(
            denies=tuple(
                deny_of_kept({"undone_at": undone.get(each["session_id"]), **each})
                for each in kept["denies"]
            ),
            wanted=kept["wanted"],
            written=kept["written"],
            sent=kept["sent"],
            given=kept["given"],
            provisioning={
                name: Provisioning(request_id=each[0], version=each[1])
                for name, each in kept["provisioning"].items()
            },
            took=kept["took"],
            fence=kept["fence"],
            locked_until=instant_of_kept(kept["locked_until"]),
            longer_until=instant_of_kept(kept["longer_until"]),
            said=None if kept.get("said") is None else tuple(kept["said"]),
        )


Change = Callable[[PermissionSet], PermissionSet | None]
"""None: nothing is to be changed."""


def _to_be_written(
    denies: Sequence[Deny], session_ids: Collection[str], version: int, now: datetime
) -> tuple[Deny, ...]:
    """With these as what nobody has seen to stand: late if they should deny already."""
    return tuple(
        replace(each, version=version, late=each.late or each.end <= now)
        if each.session_id in session_ids
        else each
        for each in denies
    )


def _noted_undone(
    denies: Sequence[Deny], session_ids: Collection[str], now: datetime
) -> tuple[Deny, ...]:
    at = _second(now)
    return tuple(
        replace(each, undone_at=at) if each.session_id in session_ids else each for each in denies
    )


def _second(instant: datetime) -> datetime:
    return timestamps.parse(timestamps.whole_second_at_or_before(instant))
