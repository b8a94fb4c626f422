"""The denies on one target role, by which sessions are ended.

Each session gets a policy of its own, so that no two ends can overwrite each other. A role has room
for about 50 of them. Before that, they are gathered into packs: a pack is written and read back
before the single policies that it stands for go, so that at no time one of its sessions is let in
again. Only when even that is not enough, every credential of the role that
was issued before now is denied; those whose sessions go on have to fetch new ones. The inline quota
of a lent role is PAM's: if others have filled it, what they keep there makes way for an end.

What stands under a name denies at least the sessions that it is named for, for as long as it
stands, whoever dies in between; nobody else relies on it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.domain import timestamps
from pam.domain.errors import IssuerUnavailable
from pam.names import SESSION_TAG

LONGEST_LEASE = timedelta(seconds=1800)
"""A role chained from a function's role lasts an hour at most; half of that bounds what a deny that
could not be written would leave, and how long a pack must stay."""
GRACE = timedelta(minutes=1)
"""How much longer than the last lease a deny stays, for clocks that differ."""

_TAG = f"aws:PrincipalTag/{SESSION_TAG}"
_SINGLE = re.compile(r"pam-revoke-([0-9A-Z]{26})", re.ASCII)
_UNTIL = re.compile(r"pam-revoke-(?:pack|older)-([0-9]{10})(?:-[0-9a-f]{16})?", re.ASCII)
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

    def deny(self, session_id: str) -> tuple[str, bool]:
        """What stands on the role now, for the receipt; and whether it was full."""
        removed: list[str] = []
        for _ in range(_TRIES):
            try:
                evidence, full = self._deny(session_id)
            except ClientError as error:
                # Others end sessions as well. They took the room that was made; or before this deny
                # was read back, they put one of all that is older in its place.
                if _code(error) not in {"LimitExceeded", "NoSuchEntity"}:
                    raise
                if _code(error) == "LimitExceeded":
                    removed += self._make_others_go()
            else:
                return _told(evidence, removed), full or bool(removed)
        message = "the target role is gone, or has no room for a deny"
        raise IssuerUnavailable(message)

    def missing(self, ended: Mapping[str, datetime]) -> set[str]:
        """Which of these sessions nothing here denies, although each has ended. `ended`: when that
        was decided. A deny that does not read as PAM writes it counts as none.
        """
        gone = self._not_denied(ended)
        # A pack may have been written after the list, and the denies that it stands for removed.
        return self._not_denied({each: ended[each] for each in gone}) if gone else gone

    def _deny(self, session_id: str) -> tuple[str, bool]:
        try:
            evidence = self._put(name_of(session_id), deny_of([session_id]))
        except ClientError as error:
            if _code(error) != "LimitExceeded":
                raise
            return self._deny_older(), True
        # The end is in force; room for later ones is made now, or by the next end.
        with suppress(ClientError, BotoCoreError, IssuerUnavailable):
            self._gather(session_id)
        return evidence, False

    def forget(self, session_id: str, now: datetime) -> None:
        """Removes the session's own policy, and whatever else has done its time."""
        self._delete(name_of(session_id))
        self.tidy(now)

    def tidy(self, now: datetime) -> None:
        """Removes packs whose sessions' last lease would have ended by now."""
        for name in self._names():
            until = _until(name)
            if until is not None and until <= now:
                self._delete(name)

    def sessions(self) -> list[str]:
        """Those that have a policy of their own here."""
        return [single[1] for name in self._names() if (single := _SINGLE.fullmatch(name))]

    def _not_denied(self, ended: Mapping[str, datetime]) -> set[str]:
        names = set(self._names())
        gone = {
            session_id
            for session_id in ended
            if name_of(session_id) not in names
            or self._read(name_of(session_id)) != deny_of([session_id])
        }
        for name in sorted(names):
            if not gone:
                break
            if _is_ours(name):
                gone -= _denied_by(self._read(name), {each: ended[each] for each in gone})
        return gone

    def _make_others_go(self) -> list[str]:
        """The largest first, until there is room for two denies. Names what was removed."""
        sizes = {
            name: len("".join(json.dumps(self._read(name)).split()))
            for name in self._names()
            if not _is_ours(name)
        }
        removed, freed = [], 0
        for name in sorted(sizes, key=lambda each: sizes[each], reverse=True):
            if freed >= _ROOM_FOR_TWO:
                break
            self._delete(name)
            removed.append(name)
            freed += sizes[name]
        return removed

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
            self._delete(name_of(gathered))

    def _deny_older(self) -> str:
        ours = [name for name in self._names() if _is_ours(name)]
        # By the clock of after the list: whoever has a deny in it gets no lease any more, so every
        # lease of theirs was issued before this, however long ago the end at hand was asked for.
        before = timestamps.parse(
            timestamps.whole_second_at_or_after(self._clock() + timedelta(seconds=1))
        )
        until = before + LONGEST_LEASE + GRACE
        # The same name is the same document, so two at once do not weaken each other.
        own_name = f"pam-revoke-older-{int(until.timestamp())}"
        superseded = [name for name in ours if name != own_name and not _outlasts(name, until)]
        evidence = self._squeeze_in(own_name, _older(before), superseded)
        for name in superseded:
            self._delete(name)
        return evidence

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


def name_of(session_id: str) -> str:
    return f"pam-revoke-{session_id}"


def _is_ours(name: str) -> bool:
    return _SINGLE.fullmatch(name) is not None or _until(name) is not None


def _told(evidence: str, removed: list[str]) -> str:
    if not removed:
        return evidence
    shown = ", ".join(each[:_LONGEST_NAME_TOLD] for each in removed[:_MOST_TOLD])
    return f"{evidence}; {len(removed)} inline polic(ies) of others made way for it: {shown}"


def _denied_by(document: dict[str, Any], ended: Mapping[str, datetime]) -> set[str]:
    """Those of the sessions that this document denies, if it is one of PAM's to the letter."""
    try:
        condition = document["Statement"][0]["Condition"]
        if "StringEquals" in condition:
            ids = condition["StringEquals"][_TAG]
            pack = isinstance(ids, list) and document == deny_of(ids)
            return set(ended) & set(ids) if pack else set()
        before = timestamps.parse(condition["DateLessThan"]["aws:TokenIssueTime"])
    except (LookupError, TypeError, ValueError):
        return set()
    if document != _older(before):
        return set()
    # No lease is given once an end is decided.
    return {session_id for session_id, decided_at in ended.items() if decided_at < before}


def deny_of(session_ids: Iterable[str]) -> dict[str, Any]:
    """Ends these sessions and no others, whatever credentials they hold."""
    ids = sorted(session_ids)
    if len(ids) > 1:
        return _denying({"StringEquals": {_TAG: ids}})
    # Says what it is to whoever finds it on their role; and is what makes it so much longer than
    # `_older` that in the place of four there is room for a fifth.
    return _denying({"StringEquals": {_TAG: ids[0]}}, Sid="PamEndedThisSession")


def _older(before: datetime) -> dict[str, Any]:
    """Ends every credential of the role issued before then; issue times are whole seconds."""
    instant = timestamps.whole_second_at_or_before(before)
    return _denying({"DateLessThan": {"aws:TokenIssueTime": instant}})


def _denying(condition: dict[str, Any], **more: str) -> dict[str, Any]:
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [{**more, **statement}]}


def _until(name: str) -> datetime | None:
    """How long a pack, or a deny of all that is older, has to stay. None for a single deny."""
    found = _UNTIL.fullmatch(name)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def _outlasts(name: str, until: datetime) -> bool:
    """Whether another's clock, ahead of this one, wrote it: it may cover more than this can."""
    own = _until(name)
    return own is not None and own > until


@contextmanager
def _tolerated(code: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if _code(error) != code:
            raise


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
