"""The denies on one target role, by which sessions are ended early.

Each session gets a policy of its own, so that no two ends can overwrite each other. A role has room
for about 60 of them. Before that, they are gathered into packs, which are never changed: a pack is
written and read back before the single policies that it stands for go, so that at no time one of
its sessions is let in again. Only when even that is not enough, every credential of the role that
was issued before now is denied; those whose sessions go on have to fetch new ones.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from contextlib import suppress
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

_SINGLE = re.compile(r"pam-revoke-([0-9A-Z]{26})", re.ASCII)
_UNTIL = re.compile(r"pam-revoke-(?:pack|older)-([0-9]{10})(?:-[0-9A-Z]{8})?", re.ASCII)
_GATHERED_FROM = 15
"""With packs of so many, some 180 ends within half an hour fit on a role."""


class RoleDenies:
    """`client` is IAM as the revoker of `role_name`. Raises what boto3 raises, and
    IssuerUnavailable if a policy does not read back as written.
    """

    def __init__(self, client: Any, role_name: str) -> None:
        self._client = client
        self._role = role_name

    def deny(self, session_id: str, now: datetime) -> tuple[str, bool]:
        """What stands on the role now, for the receipt; and whether it was full."""
        try:
            evidence = self._put(name_of(session_id), deny_of([session_id]))
        except ClientError as error:
            if error.response["Error"]["Code"] != "LimitExceeded":
                raise
            return self._deny_older(now), True
        # The end is in force; room for later ones is made now, or by the next end.
        with suppress(ClientError, BotoCoreError, IssuerUnavailable):
            self._gather(now)
        return evidence, False

    def forget(self, session_id: str, now: datetime) -> None:
        """Removes the session's own policy, and whatever else has done its time."""
        self._delete(name_of(session_id))
        self.tidy(now)

    def tidy(self, now: datetime) -> None:
        """Removes packs whose sessions' last lease would have ended by now."""
        for name in self._names():
            until = _UNTIL.fullmatch(name)
            if until and datetime.fromtimestamp(int(until[1]), UTC) <= now:
                self._delete(name)

    def sessions(self) -> list[str]:
        """Those that have a policy of their own here."""
        return [single[1] for name in self._names() if (single := _SINGLE.fullmatch(name))]

    def _gather(self, now: datetime) -> None:
        session_ids = self.sessions()
        if len(session_ids) < _GATHERED_FROM:
            return
        # None of them gets a lease any more, so no lease of theirs outlives this.
        until = int((now + LONGEST_LEASE + GRACE).timestamp())
        self._put(f"pam-revoke-pack-{until}-{session_ids[0][-8:]}", deny_of(session_ids))
        for session_id in session_ids:
            self._delete(name_of(session_id))

    def _deny_older(self, now: datetime) -> str:
        ours = [name for name in self._names() if _SINGLE.fullmatch(name) or _UNTIL.fullmatch(name)]
        if not ours:
            message = "the target role has no room for a deny, and none of it is PAM's"
            raise IssuerUnavailable(message)
        older = _older(now)
        # It is shorter than any of ours and denies more, so it can take the place of one. That
        # makes the others superfluous, and then there is room for it under its own name.
        place, *others = ours
        self._put(place, older)
        for name in others:
            self._delete(name)
        until = int((now + LONGEST_LEASE + GRACE).timestamp())
        own_name = f"pam-revoke-older-{until}"
        evidence = self._put(own_name, older)
        if place != own_name:
            self._delete(place)
        return evidence

    def _put(self, name: str, document: dict[str, Any]) -> str:
        self._client.put_role_policy(
            RoleName=self._role, PolicyName=name, PolicyDocument=json.dumps(document)
        )
        answer = self._client.get_role_policy(RoleName=self._role, PolicyName=name)
        if answer["PolicyDocument"] != document:
            message = "the deny on the target role does not read back as written"
            raise IssuerUnavailable(message)
        digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
        return f"inline policy {name}, sha256 {digest}"

    def _names(self) -> list[str]:
        pages = self._client.get_paginator("list_role_policies").paginate(RoleName=self._role)
        return [name for page in pages for name in page["PolicyNames"]]

    def _delete(self, name: str) -> None:
        try:
            self._client.delete_role_policy(RoleName=self._role, PolicyName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise


def name_of(session_id: str) -> str:
    return f"pam-revoke-{session_id}"


def deny_of(session_ids: Iterable[str]) -> dict[str, Any]:
    """Ends these sessions and no others, whatever credentials they hold."""
    ids = sorted(session_ids)
    tag = {f"aws:PrincipalTag/{SESSION_TAG}": ids[0] if len(ids) == 1 else ids}
    return _denying({"StringEquals": tag})


def _older(now: datetime) -> dict[str, Any]:
    """Ends every credential of the role issued until now; issue times are whole seconds."""
    instant = timestamps.whole_second_at_or_after(now + timedelta(seconds=1))
    return _denying({"DateLessThan": {"aws:TokenIssueTime": instant}})


def _denying(condition: dict[str, Any]) -> dict[str, Any]:
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}
