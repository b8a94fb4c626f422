"""Puts the parts together: one Identity Center, called as `sso-admin` and `identitystore`."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.model import OperationModel

from local.identity_center import shapes
from local.identity_center.accounts import Accounts, NoAccounts
from local.identity_center.acts import Acts
from local.identity_center.assignments import Assignments
from local.identity_center.directory import IDENTITY_STORE, INSTANCE, Directory
from local.identity_center.errors import (
    AnswerLostError,
    DownError,
    ServiceError,
    invalid,
    not_found,
)
from local.identity_center.faults import Faults, Knobs
from local.identity_center.identity_store import IdentityStore
from local.identity_center.people import directory_at_first
from local.identity_center.permission_sets import PermissionSets
from local.identity_center.portal import Live, Portal
from local.identity_center.provisioning import Provisioning
from local.identity_center.running import Running

Json = dict[str, Any]
Verb = Callable[[Json, datetime], Json]

__all__ = ["AnswerLostError", "Call", "DownError", "IdentityCenter", "ServiceError", "now_utc"]

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the API, as it was answered: `error` is its code, or None."""

    at: datetime
    service: str
    operation: str
    params: Json
    error: str | None


def now_utc() -> datetime:
    return datetime.now(UTC)


class IdentityCenter:
    """`clock` tells an aware instant. Safe to be called by many threads: one call at a time."""

    def __init__(
        self,
        clock: Callable[[], datetime] = now_utc,
        *,
        accounts: Accounts | None = None,
        directory: Directory | None = None,
        knobs: Knobs | None = None,
        recorded: Callable[[Call], None] | None = None,
    ) -> None:
        self._clock, self._lock = clock, threading.RLock()
        self._recorded = recorded
        self.faults = Faults(knobs=knobs or Knobs())
        self.calls: list[Call] = []
        self.directory = directory or directory_at_first(clock())
        accounts = accounts or NoAccounts()
        provisioning = Provisioning(self.directory, accounts)
        self.running = Running(self.faults)
        self.portal = Portal(self.directory, accounts)
        self._acts = Acts(self.directory, provisioning, clock)
        parts = (self.directory, self.faults, self.running, provisioning)
        self._verbs: dict[str, tuple[object, ...]] = {
            "sso-admin": (Assignments(*parts), PermissionSets(*parts)),
            "identitystore": (IdentityStore(self.directory, self.faults),),
        }

    @property
    def knobs(self) -> Knobs:
        return self.faults.knobs

    def call(self, service: str, operation: str, params: Json) -> Json:
        """The answer, with instants as datetimes. Raises ServiceError, DownError, and
        AnswerLostError: then it was done.
        """
        with self._now() as now:
            try:
                answer = self._answer(service, operation, params, now)
            except (ServiceError, DownError, AnswerLostError) as error:
                code = error.code if isinstance(error, ServiceError) else type(error).__name__
                self._record(now, service, operation, params, code)
                raise
            self._record(now, service, operation, params, None)
            return answer

    def act(self, name: str, /, **arguments: Any) -> Json:
        """What somebody does there by hand, by its name in `acts.py`. Raises ValueError and
        LookupError if nobody can.
        """
        with self._now():
            found: Callable[..., Json] = getattr(self._acts, name)
            return found(**arguments)

    def sign_in(self, name: str, **where: str) -> Live:
        """As `portal.Portal.sign_in`, now."""
        with self._now() as now:
            return self.portal.sign_in(name, now, **where)

    def refuses(self, live: Live) -> bool:
        """As `portal.Portal.refuses`, now."""
        with self._now() as now:
            return self.portal.refuses(live, now)

    def _answer(self, service: str, operation: str, params: Json, now: datetime) -> Json:
        asked = shapes.operation(service, operation)
        verb = self._verb(service, operation)
        if asked is None or verb is None:
            raise ServiceError("UnknownOperationException", f"{service} has no {operation} here")
        try:
            self.faults.meet(service, operation, now)
            self._check(asked, params)
            answer = verb(params, now)
        except ServiceError as error:
            shapes.check_error(asked, error.code)
            raise
        shapes.check_answer(asked, answer)
        self.faults.part(operation)
        return answer

    def _verb(self, service: str, operation: str) -> Verb | None:
        name = _WORDS.sub("_", operation).lower()
        for part in self._verbs.get(service, ()):
            found: Verb | None = getattr(part, name, None)
            if found is not None:
                return found
        return None

    def _check(self, asked: OperationModel, params: Json) -> None:
        """That they are as AWS wants them, and that instance and store are ours."""
        wrong = shapes.faults_of_request(asked, params)
        if wrong:
            raise invalid("; ".join(wrong))
        if params.get("InstanceArn", INSTANCE) != INSTANCE:
            raise not_found("Instance", params["InstanceArn"])
        if params.get("IdentityStoreId", IDENTITY_STORE) != IDENTITY_STORE:
            raise not_found("IDENTITY_STORE", params["IdentityStoreId"])

    def _record(
        self, now: datetime, service: str, operation: str, params: Json, error: str | None
    ) -> None:
        call = Call(at=now, service=service, operation=operation, params=params, error=error)
        self.calls.append(call)
        if self._recorded is not None:
            self._recorded(call)

    @contextmanager
    def _now(self) -> Iterator[datetime]:
        with self._lock:
            now = self._clock()
            self.running.settle(now)
            yield now
