"""What can go wrong there, each thing a knob; and how AWS behaves where nobody could measure it."""

from collections import defaultdict, deque
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from local.identity_center.errors import AnswerLostError, DownError, ServiceError

Json = dict[str, Any]

_SECOND = timedelta(seconds=1)


class UnknownKnobError(ValueError):
    """There is no such knob, or it does not take this."""


@dataclass(slots=True, kw_only=True)
class Knobs:
    """`polls`, `seconds`: an operation is over once it was asked after so often, or so long after
    it began, whichever comes first; until then it is IN_PROGRESS and has done nothing.
    `outstanding`: assignment operations that may run at once; None: as many as you like.
    `calls_per_second`: of each service; None: as many as you like.
    `page_size`: at most so many on a page, however many were asked for; None: as AWS.
    `listing_lag`: seconds by which listings of assignments are behind.
    `down`: every call is answered 503.
    `from_management_account`: whether the callers are there; a delegated administrator may not call
    ListAccountAssignmentsForPrincipal.
    `existing`: what creating an assignment that is there does: `succeeds` or `conflict`.
    `missing`: what deleting one that is not there does: `fails`, `not_found` or `succeeds`.
    `deleted_principal`: what deleting the assignment of a deleted user does: `fails`, `succeeds`.
    """

    polls: int = 1
    seconds: float = 3.0
    outstanding: int | None = 10
    calls_per_second: int | None = None
    page_size: int | None = None
    listing_lag: float = 0.0
    down: bool = False
    from_management_account: bool = False
    existing: str = "succeeds"
    missing: str = "not_found"
    deleted_principal: str = "fails"

    def turn(self, changes: Json) -> None:
        """Raises UnknownKnobError, and then turns none."""
        known = {it.name for it in fields(self)}
        for name, value in changes.items():
            wanted = _TAKES.get(name, ())
            if name not in known or (wanted and value not in wanted) or not _is_fit(name, value):
                message = f"{name}={value!r}"
                raise UnknownKnobError(message)
        for name, value in changes.items():
            setattr(self, name, value)

    def as_json(self) -> Json:
        return asdict(self)


_TAKES: dict[str, tuple[str, ...]] = {
    "existing": ("succeeds", "conflict"),
    "missing": ("fails", "not_found", "succeeds"),
    "deleted_principal": ("fails", "succeeds"),
}
_MAY_BE_NONE = {"outstanding", "calls_per_second", "page_size"}
_YES_OR_NO = {"down", "from_management_account"}


def _is_fit(name: str, value: object) -> bool:
    if name in _TAKES:
        return True
    if name in _YES_OR_NO:
        return isinstance(value, bool)
    if value is None:
        return name in _MAY_BE_NONE
    least = 1 if name in _MAY_BE_NONE else 0
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= least


@dataclass(slots=True, kw_only=True)
class _Next:
    """What befalls the next `times` calls of an operation."""

    code: str = ""
    message: str = ""
    times: int = 1


_Queues = defaultdict[str, deque[_Next]]
"""By operation."""


def _queues() -> _Queues:
    return defaultdict(deque)


@dataclass(slots=True, kw_only=True)
class Faults:
    """`knobs` are as everything begins, and as `forget` brings them back. Of an operation, what was
    asked for first goes wrong first.
    """

    knobs: Knobs = field(default_factory=Knobs)
    _at_first: Json = field(init=False)
    _refused: _Queues = field(default_factory=_queues)
    _failing: _Queues = field(default_factory=_queues)
    _lost: _Queues = field(default_factory=_queues)
    _called: dict[str, deque[datetime]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._at_first = self.knobs.as_json()

    def refuse(self, operation: str, code: str, *, times: int = 1) -> None:
        """The next calls of it are answered that error, and nothing is done."""
        refused = _Next(code=code, message="as was asked for", times=times)
        self._refused[operation].append(refused)

    def accept(self, operation: str) -> None:
        """Its next calls are refused no more."""
        self._refused[operation].clear()

    def fail(self, operation: str, reason: str, *, times: int = 1) -> None:
        """The next operations of that name are taken, run, and end FAILED for that reason."""
        self._failing[operation].append(_Next(message=reason, times=times))

    def lose_answers(self, operation: str, *, times: int = 1) -> None:
        """The next calls of it do what they do, and the caller does not hear of it."""
        self._lost[operation].append(_Next(times=times))

    def forget(self) -> None:
        self.knobs.turn(self._at_first)
        for each in (self._refused, self._failing, self._lost, self._called):
            each.clear()

    def meet(self, service: str, operation: str, now: datetime) -> None:
        """What befalls a call before anybody looks at it. Raises DownError, ServiceError."""
        if self.knobs.down:
            raise DownError
        self._throttle(service, now)
        refused = _take(self._refused, operation)
        if refused is not None:
            raise ServiceError(refused.code, refused.message)

    def reason_to_fail(self, operation: str) -> str | None:
        failing = _take(self._failing, operation)
        return failing.message if failing else None

    def part(self, operation: str) -> None:
        """What befalls the answer. Raises AnswerLostError."""
        if _take(self._lost, operation) is not None:
            raise AnswerLostError

    def _throttle(self, service: str, now: datetime) -> None:
        called = self._called.setdefault(service, deque())
        while called and called[0] <= now - _SECOND:
            called.popleft()
        most = self.knobs.calls_per_second
        if most is not None and len(called) >= most:
            raise ServiceError("ThrottlingException", "Rate exceeded")
        called.append(now)


def _take(from_: _Queues, operation: str) -> _Next | None:
    queue = from_[operation]
    if not queue:
        return None
    found = queue[0]
    found.times -= 1
    if found.times <= 0:
        queue.popleft()
    return found
