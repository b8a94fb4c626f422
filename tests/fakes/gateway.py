"""A door, and the gateway that writes a line of every call that came through it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pam.domain.handled_call import Door, HandledCall, LogLine
from pam.operations.match_calls import Matched, match_calls
from tests.fakes.story import NOON, arn
from tests.fakes.world import FakeCalls, FakeStore

AFTER = timedelta(minutes=15)
CALL = HandledCall(
    request_id="JKJaXmPLvHcESHA=",
    door=Door.REQUEST_API,
    principal=arn("alice"),
    method="POST",
    path="/v1/pam/request",
    noted_at=NOON,
    status=202,
)
LINE = LogLine(
    request_id=CALL.request_id,
    principal=CALL.principal,
    method=CALL.method,
    path=CALL.path,
    status=202,
)


@dataclass
class FakeLog:
    written: list[LogLine] = field(default_factory=list)
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)

    def lines(self, since: datetime, until: datetime) -> Iterator[LogLine]:
        self.asked.append((since, until))
        return iter(self.written)


@dataclass
class Gateway:
    """A door, its gateway's log, and whoever compares them."""

    calls: FakeCalls = field(default_factory=FakeCalls)
    log: FakeLog = field(default_factory=FakeLog)
    store: FakeStore = field(default_factory=FakeStore)
    told: list[str] = field(default_factory=list)

    def handled(self, call: HandledCall = CALL) -> None:
        self.calls.note(replace(call, status=None))
        if call.status is not None:
            self.calls.answered(call, call.status)

    def compare(self, now: datetime = NOON, *, has_time: bool = True) -> Matched:
        return match_calls(
            now=now,
            after=AFTER,
            calls=self.calls,
            log=self.log,
            store=self.store,
            policy_version="v",
            has_time=lambda: has_time,
            tell=self.told.append,
        )


def line_text(**changes: str) -> str:
    fields = {
        "extended_request_id": CALL.request_id,
        "principal": CALL.principal,
        "method": "POST",
        "path": CALL.path,
        "status": "202",
    } | changes
    return "{" + ", ".join(f'"{name}": "{value}"' for name, value in fields.items()) + "}"
