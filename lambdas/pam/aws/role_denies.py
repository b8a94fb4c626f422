"""The denies on one target role, which end sessions.

Each session gets a policy of its own, so that no two ends can overwrite each other. A role has room
for about 50 of them. Before that, they are gathered into packs: a pack is written and read back
before the single policies that it stands for go, so that at no time one of its sessions is let in
again. Only when even that is not enough, every credential of the role that
was issued before now is denied; those whose sessions go on have to fetch new ones. The inline quota
of a lent role is PAM's: if others have filled it, what they keep there makes way for an end.

A policy denies at least the sessions that its name says, for as long as it stands, even if a call
dies in between. Nobody else relies on it.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.aws.role_deny_documents import (
    SINGLE,
    denial_of_older,
    denied_by,
    deny_of,
    is_genuine,
    is_ours,
    issued_before,
    name_of,
    outlasts,
    until_of,
)
from pam.domain import timestamps
from pam.domain.errors import IssuerUnavailable

LONGEST_LEASE = timedelta(seconds=1800)
"""A role chained from a function's role lasts an hour at most; half of that bounds what a deny that
could not be written would leave, and how long a pack must stay."""
GRACE = timedelta(minutes=1)
"""How much longer than the last lease a deny stays, for clocks that differ."""
_CLOCKS_DIFFER = timedelta(minutes=1)
"""By so much another's deny may outlast one of now."""

_GATHERED_FROM = 15
"""With packs of so many, some 180 ends within half an hour fit on a role."""
_TRIES = 5
_ROOM_FOR_TWO = 500
"""Characters."""
_MOST_TOLD, _LONGEST_NAME_TOLD = 5, 64


class RoleDenies:
    """`client` is IAM as the revoker of `role_name`. Raises what boto3 raises, and
    IssuerUnavailable if a policy does not read back as written.
    """

    def __init__(self, client: Any, role_name: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._role = role_name
        self._clock = clock

    def deny(self, session_id: str, tell_full: Callable[[], None] = lambda: None) -> str:
        """What stands on the role now, for the receipt. `tell_full` hears at once if there was no
        room: what is removed to make some is gone when a later try comes to write.
        """
        removed: list[str] = []
        try:
            evidence = self._denied(session_id, removed, tell_full)
        except (BotoCoreError, ClientError, IssuerUnavailable) as error:
            if not removed:
                raise
            message = f"the deny could not be written on the target role: {_reason(error)}"
            raise IssuerUnavailable(_with_removed(message, removed)) from error
        return _with_removed(evidence, removed)

    def _denied(self, session_id: str, removed: list[str], tell_full: Callable[[], None]) -> str:
        for _ in range(_TRIES):
            try:
                return self._deny(session_id, tell_full)
            except ClientError as error:
                # Others end sessions as well. They took the room that was made; or before this deny
                # was read back, they put one of all that is older in its place.
                if _code(error) not in {"LimitExceeded", "NoSuchEntity"}:
                    raise
                if _code(error) == "LimitExceeded":
                    self._make_others_go(removed)
        message = "the target role is gone, or has no room for a deny"
        raise IssuerUnavailable(message)

    def missing(self, ended: Mapping[str, datetime]) -> set[str]:
        """Which of these sessions nothing here denies, although each has ended. `ended`: when that
        was decided. A deny that does not read as PAM writes it counts as none.
        """
        gone = self._not_denied(ended)
        # A pack may have been written after the list, and the denies that it stands for removed.
        return self._not_denied({each: ended[each] for each in gone}) if gone else gone

    def _deny(self, session_id: str, tell_full: Callable[[], None]) -> str:
        try:
            evidence = self._put(name_of(session_id), deny_of([session_id]))
        except ClientError as error:
            if _code(error) != "LimitExceeded":
                raise
            tell_full()
            return self._deny_older()
        # The end is in force; room for later ones is made now, or by the next end.
        with suppress(ClientError, BotoCoreError, IssuerUnavailable):
            self._gather(session_id)
        return evidence

    def forget(self, session_id: str, now: datetime) -> None:
        """Removes the session's own policy, and every other whose time is over."""
        self._delete(name_of(session_id))
        self.tidy(now)

    def tidy(self, now: datetime) -> None:
        """Removes packs whose sessions' last lease would have ended by now."""
        for name in self._names():
            until = until_of(name)
            if until is not None and until <= now:
                self._delete(name)

    def sessions(self) -> list[str]:
        """Those that have a policy of their own here."""
        return [single[1] for name in self._names() if (single := SINGLE.fullmatch(name))]

    def _not_denied(self, ended: Mapping[str, datetime]) -> set[str]:
        names = set(self._names())
        # One that was changed counts as undone, whatever else denies the session meanwhile.
        own = {each: self._read(name_of(each)) if name_of(each) in names else {} for each in ended}
        changed = {each for each, it in own.items() if _is_changed(it, each)}
        gone = {each for each, it in own.items() if it != deny_of([each])} - changed
        for name in sorted(names):
            if not gone:
                break
            if is_ours(name):
                gone -= denied_by(self._read(name), {each: ended[each] for each in gone})
        return gone | changed

    def _make_others_go(self, removed: list[str]) -> None:
        """The largest first, until there is room for two denies. Adds the names to `removed`."""
        until = self._clock() + LONGEST_LEASE + GRACE + _CLOCKS_DIFFER
        documents = {name: self._read(name) for name in self._names()}
        sizes = {
            name: len("".join(json.dumps(document).split()))
            for name, document in documents.items()
            if not is_genuine(name, document, until)
        }
        freed = 0
        for name in sorted(sizes, key=lambda each: sizes[each], reverse=True):
            if freed >= _ROOM_FOR_TWO:
                break
            removed.append(name)
            self._delete(name)
            freed += sizes[name]

    def _gather(self, session_id: str) -> None:
        session_ids = sorted(self.sessions())
        # Of several ends at once, one gathers; packs that overlap would only take up room.
        mine = session_ids[-1:] == [session_id] or len(session_ids) >= 2 * _GATHERED_FROM
        if len(session_ids) < _GATHERED_FROM or not mine:
            return
        # None of them gets a lease any more, so no lease of theirs outlives this.
        until = int((self._clock() + LONGEST_LEASE + GRACE).timestamp())
        oldest = session_ids[:_GATHERED_FROM]
        # Named by what it holds: two that gather at once write the same pack, or two packs, and
        # neither can take the place of another.
        digest = hashlib.sha256("".join(oldest).encode()).hexdigest()[:16]
        self._put(f"pam-revoke-pack-{until}-{digest}", deny_of(oldest))
        for gathered in oldest:
            # One that somebody changed stays, so that the search of the minute sees and tells it.
            if not _is_changed(self._read(name_of(gathered)), gathered):
                self._delete(name_of(gathered))

    def _deny_older(self) -> str:
        ours = self._without_repeated([name for name in self._names() if is_ours(name)])
        # By the clock after the list was read: a session with a deny in it gets no lease any more,
        # so its leases were all issued before this, even if the end at hand is an old one.
        before = timestamps.parse(
            timestamps.whole_second_at_or_after(self._clock() + timedelta(seconds=1))
        )
        until = before + LONGEST_LEASE + GRACE
        # The same name is the same document, so two at once do not weaken each other.
        own_name = f"pam-revoke-older-{int(until.timestamp())}"
        superseded = [name for name in ours if name != own_name and not outlasts(name, until)]
        evidence = self._squeeze_in(own_name, denial_of_older(before), superseded)
        for name in superseded:
            self._delete(name)
        return evidence

    def _without_repeated(self, ours: list[str]) -> list[str]:
        """Removes what denies no more than one of all that is older, which stands at least as long:
        somebody died after writing that one and before tidying up. They are of one size, so there
        would be no room for another.
        """
        older = {
            name: before for name in ours if (before := issued_before(self._read(name))) is not None
        }
        named = [name for name in older if "-older-" in name]
        if not named:
            return ours
        strongest = max(named, key=lambda name: (older[name], name))
        repeated = [
            name
            for name, before in older.items()
            if name != strongest and before <= older[strongest]
        ]
        for name in repeated:
            self._delete(name)
        return [name for name in ours if name not in repeated]

    def _squeeze_in(self, own_name: str, older: dict[str, Any], superseded: list[str]) -> str:
        """Nothing goes before the new deny was read back. Room for it comes of writing it in the
        place of others, one after the other: it is shorter than they are and denies more.
        """
        for place in [name for name in superseded if "-older-" not in name]:
            with _tolerated("LimitExceeded"):
                return self._put(own_name, older)
            # If another removed it meanwhile, there may be no room for it, and need not be.
            with _tolerated("LimitExceeded"):
                self._write(place, older)
        return self._put(own_name, older)

    def _put(self, name: str, document: dict[str, Any]) -> str:
        self._write(name, document)
        answer = self._client.get_role_policy(RoleName=self._role, PolicyName=name)
        if answer["PolicyDocument"] != document:
            message = "the deny on the target role does not read back as written"
            raise IssuerUnavailable(message)
        digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
        return f"inline policy {name}, sha256 {digest}"

    def _read(self, name: str) -> dict[str, Any]:
        """Empty if it is gone."""
        with _tolerated("NoSuchEntity"):
            answer = self._client.get_role_policy(RoleName=self._role, PolicyName=name)
            return dict(answer["PolicyDocument"])
        return {}

    def _write(self, name: str, document: dict[str, Any]) -> None:
        self._client.put_role_policy(
            RoleName=self._role, PolicyName=name, PolicyDocument=json.dumps(document)
        )

    def _names(self) -> list[str]:
        pages = self._client.get_paginator("list_role_policies").paginate(RoleName=self._role)
        return [name for page in pages for name in page["PolicyNames"]]

    def _delete(self, name: str) -> None:
        with _tolerated("NoSuchEntity"):
            self._client.delete_role_policy(RoleName=self._role, PolicyName=name)


def _is_changed(document: dict[str, Any], session_id: str) -> bool:
    """Whether somebody else wrote what stands as the session's own. On a full role PAM puts one of
    all that is older in the place of others (`_squeeze_in`), and may die over that.
    """
    own = document == deny_of([session_id]) or issued_before(document) is not None
    return bool(document) and not own


def _with_removed(evidence: str, removed: list[str]) -> str:
    if not removed:
        return evidence
    shown = ", ".join(each[:_LONGEST_NAME_TOLD] for each in removed[:_MOST_TOLD])
    return f"{evidence}; {len(removed)} inline polic(ies) of others made way for it: {shown}"


@contextmanager
def _tolerated(code: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if _code(error) != code:
            raise


def _reason(error: BotoCoreError | ClientError | IssuerUnavailable) -> str:
    match error:
        case ClientError():
            return _code(error)
        case IssuerUnavailable():
            return error.detail
    return type(error).__name__


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
