"""Operations that AWS takes at once and does later: IN_PROGRESS, then SUCCEEDED or FAILED."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from local.identity_center.directory import Principal
from local.identity_center.errors import ServiceError, conflict, not_found
from local.identity_center.faults import Faults

Json = dict[str, Any]
Effect = Callable[[datetime], None]


class Kind(StrEnum):
    """By the call that asks for it."""

    CREATION = "CreateAccountAssignment"
    DELETION = "DeleteAccountAssignment"
    PROVISIONING = "ProvisionPermissionSet"


class Status(StrEnum):
    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"
    SUCCEEDED = "SUCCEEDED"


class FailedError(Exception):
    """An operation that was taken cannot be done; the message is its FailureReason."""


@dataclass(slots=True, kw_only=True)
class Operation:
    """`principal` None: a provisioning. `account` None: of all accounts that have the set."""

    kind: Kind
    permission_set: str
    account: str | None
    principal: Principal | None
    began: datetime
    effect: Effect
    request_id: str
    status: Status = Status.IN_PROGRESS
    reason: str | None = None
    asked: int = 0

    @property
    def is_of_assignments(self) -> bool:
        return self.kind is not Kind.PROVISIONING

    def brief(self) -> Json:
        return {"Status": self.status, "RequestId": self.request_id, "CreatedDate": self.began}

    def as_json(self) -> Json:
        told = {**self.brief(), "PermissionSetArn": self.permission_set}
        if self.reason is not None:
            told["FailureReason"] = self.reason
        if self.principal is None:
            return told | ({"AccountId": self.account} if self.account else {})
        return told | {
            "TargetId": self.account,
            "TargetType": "AWS_ACCOUNT",
            "PrincipalType": self.principal.type,
            "PrincipalId": self.principal.id,
        }


class Running:
    """All operations of one Identity Center, the oldest first."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._operations: dict[str, Operation] = {}

    def begin(
        self,
        kind: Kind,
        *,
        permission_set: str,
        account: str | None,
        principal: Principal | None = None,
        effect: Effect,
        now: datetime,
    ) -> Operation:
        """Raises ServiceError: another one of the same runs, or too many run."""
        operation = Operation(
            kind=kind,
            permission_set=permission_set,
            account=account,
            principal=principal,
            began=now,
            effect=effect,
            request_id=str(uuid.uuid4()),
        )
        if any(_meet(operation, other) for other in self.in_progress()):
            message = "There is a conflicting operation in process. Please try again later."
            raise conflict(message)
        self._hold_the_limit(operation)
        reason = self._faults.reason_to_fail(kind)
        if reason is not None:
            operation.effect = partial(_fail, reason)
        self._operations[operation.request_id] = operation
        return operation

    def in_progress(self) -> list[Operation]:
        return [it for it in self._operations.values() if it.status is Status.IN_PROGRESS]

    def settle(self, now: datetime) -> None:
        """Ends those that have run long enough."""
        for operation in self.in_progress():
            if (now - operation.began).total_seconds() >= self._faults.knobs.seconds:
                _end(operation, now)

    def ask(self, kind: Kind, request_id: str, now: datetime) -> Operation:
        """Raises ServiceError."""
        operation = self._operations.get(request_id)
        if operation is None or operation.kind is not kind:
            raise not_found("Request", request_id)
        if operation.status is Status.IN_PROGRESS:
            if operation.asked >= self._faults.knobs.polls:
                _end(operation, now)
            operation.asked += 1
        return operation

    def listed(self, kind: Kind, status: str | None) -> list[Operation]:
        """The newest first."""
        found = [it for it in self._operations.values() if it.kind is kind]
        return [it for it in reversed(found) if status in {None, it.status}]

    def _hold_the_limit(self, operation: Operation) -> None:
        most = self._faults.knobs.outstanding
        count = sum(it.is_of_assignments for it in self.in_progress())
        if most is None or not operation.is_of_assignments or count < most:
            return
        # Only the creation has an error for it in AWS's model.
        code = "ServiceQuotaExceededException"
        if operation.kind is Kind.DELETION:
            code = "ThrottlingException"
        raise ServiceError(code, f"More than {most} account assignment operations are in progress")


def _meet(one: Operation, other: Operation) -> bool:
    """Whether AWS does not do both at once."""
    accounts = {one.account, other.account}
    apart = len(accounts) > 1 and None not in accounts
    if one.permission_set != other.permission_set or apart:
        return False
    if one.is_of_assignments and other.is_of_assignments:
        return one.principal == other.principal
    return not one.is_of_assignments and not other.is_of_assignments


def _end(operation: Operation, now: datetime) -> None:
    try:
        operation.effect(now)
    except FailedError as error:
        operation.status, operation.reason = Status.FAILED, str(error)
    else:
        operation.status = Status.SUCCEEDED


def _fail(reason: str, _now: datetime) -> None:
    raise FailedError(reason)
