"""A target role as IAM has it, with the denies that PAM writes on it."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from pam.aws.role_denies import LONGEST_LEASE, RoleDenies
from pam.domain import timestamps
from pam.domain.session import Session
from pam.ids import new_id
from tests.fakes.story import NOON

ROLE = "pam-target-core-ledger-admin"


QUOTA = 10_240
Listing = Callable[[Iterable[str]], list[str]]


@dataclass(frozen=True)
class Lease:
    issued: datetime = NOON
    ends: datetime = NOON + LONGEST_LEASE


class Role:
    """IAM as the revoker has it, with the quota; `seen` is called after every change, so that a
    test can look at each state in between.
    """

    def __init__(self, *, foreign: int = 0, listed: Listing = list) -> None:
        self.policies: dict[str, dict[str, Any]] = {}
        self.most = 0
        self.foreign, self.listed = foreign, listed
        self._quota = QUOTA - foreign
        self.lock = threading.Lock()
        self.expected: dict[str, Lease] = {}
        """Sessions that must be refused in every state in which their lease is not over."""
        self.now = NOON

    def put_role_policy(self, *, RoleName: str, PolicyName: str, PolicyDocument: str) -> None:  # noqa: N803
        del RoleName
        with self.lock:
            after = {**self.policies, PolicyName: json.loads(PolicyDocument)}
            if sum(map(_size, after.values())) > self._quota:
                error = {"Error": {"Code": "LimitExceeded", "Message": "x"}}
                raise ClientError(error, "PutRolePolicy")
            self.policies = after
            self.most = max(self.most, len(after))
            self.check()

    def get_role_policy(self, *, RoleName: str, PolicyName: str) -> dict[str, Any]:  # noqa: N803
        del RoleName
        if PolicyName not in self.policies:
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "x"}}, "GetRolePolicy")
        return {"PolicyDocument": self.policies[PolicyName]}

    def delete_role_policy(self, *, RoleName: str, PolicyName: str) -> None:  # noqa: N803
        del RoleName
        with self.lock:
            if PolicyName not in self.policies:
                error = {"Error": {"Code": "NoSuchEntity", "Message": "x"}}
                raise ClientError(error, "DeleteRolePolicy")
            self.policies = {n: d for n, d in self.policies.items() if n != PolicyName}
            self.check()

    def get_paginator(self, _: str) -> "Role":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        names = self.listed(self.policies)
        return [{"PolicyNames": names[at : at + 5]} for at in range(0, len(names) + 1, 5)]

    def refuses(self, session_id: str, issued: datetime = NOON) -> bool:
        """Whether a lease of the session, issued then, is denied."""
        sessions, older = self._denied()
        return session_id in sessions or _second(issued) < older

    def check(self) -> None:
        sessions, older = self._denied()
        let_in = {
            session_id
            for session_id, lease in self.expected.items()
            if self.now < lease.ends
            and session_id not in sessions
            and _second(lease.issued) >= older
        }
        assert not let_in, "let in again in between"

    def _denied(self) -> tuple[set[str], str]:
        """The sessions that are denied by name, and before which second any lease is that was
        issued earlier; no lease is before the empty one.
        """
        sessions: set[str] = set()
        older = ""
        for document in self.policies.values():
            (statement,) = document.get("Statement") or [{}]
            if statement.get("Effect") != "Deny" or "Condition" not in statement:
                continue
            condition = statement["Condition"]
            before = condition.get("DateLessThan", {}).get("aws:TokenIssueTime")
            if before is not None:
                older = max(older, before)
                continue
            named = condition["StringEquals"]["aws:PrincipalTag/pam:session_id"]
            sessions.update(named if isinstance(named, list) else [named])
        return sessions, older


def _size(document: dict[str, Any]) -> int:
    return len("".join(json.dumps(document).split()))


@lru_cache(maxsize=10_000)
def _second(issued: datetime) -> str:
    """STS tells whole seconds."""
    return timestamps.whole_second_at_or_before(issued)


def denies_on(role: Role, client: Any = None) -> RoleDenies:
    return RoleDenies(client or role, "role", lambda: role.now)


def ids(count: int) -> list[str]:
    return [new_id(NOON + timedelta(milliseconds=number)) for number in range(count)]


def never_full(session: Session) -> None:
    raise AssertionError(session.session_id)


def noon() -> datetime:
    return NOON


def in_moto(service: str, **arguments: Any) -> Any:
    return boto3.client(service, **{"region_name": "eu-west-1"} | arguments)
