"""What a bill is made of, counted at the emulator's door.

`metered(state)` turns it on for a running stack, and off again however its body ends; the switch
and the counts are files in the state folder's scratch. A line is written for each thing that AWS
charges for: a call of AWS by a function, what it consumed of a table, a function's run, log lines,
a call of the request API. What people call, and what AWS's services call for nothing, is not there.

DynamoDB's units are the emulator's own answer (`ReturnConsumedCapacity`), which holds a
transaction's double price and each index's entries. For reads it does not look at the size of what
was read: that is put right here.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psutil

from local.bridges import functions
from local.bridges.patching import existing
from local.state import State

_KEY = re.compile(r"Credential=([^/]+)/")
_LINE_OVERHEAD = 26
"""AWS: bytes that CloudWatch Logs charges for each line beside its text."""
_READ_PAGE = 4096
_READS = frozenset({"GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"})
_HAS_RUN = "pam_has_run"
"""Attribute of a function's process: its first run is a cold start, whoever loaded its code."""
_by: ContextVar[str] = ContextVar("by", default="")
"""The function that calls, by name; empty for everybody else."""


@contextmanager
def metered(state: State) -> Iterator[None]:
    """Counts from here to the end of the body; what was counted before is forgotten."""
    state.metered.unlink(missing_ok=True)
    state.metering.touch()
    try:
        yield
    finally:
        state.metering.unlink(missing_ok=True)


def read_meter(state: State) -> list[dict[str, Any]]:
    """What was counted since it was last turned on, in order."""
    if not state.metered.exists():
        return []
    # The last line may be one that is being written.
    whole, _, _ = state.metered.read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def build(state: State) -> None:
    """To be called once the emulator's front is loaded: all calls of AWS pass through there."""
    on = state.metering.exists

    def note(what: str, by: str, **more: Any) -> None:
        if not on():
            return
        with state.metered.open("a") as seen:
            seen.write(json.dumps({"what": what, "by": by, **more}) + "\n")

    _calls_of_functions(note, on)
    _capacity_of_tables(note, on)
    _runs_of_functions(note, on)
    _bytes_of_logs(note, on)
    _calls_of_the_api(note)


def _calls_of_functions(note: Any, on: Callable[[], bool]) -> None:
    from ministack import app
    from ministack.core import iam_actions

    dispatch = existing(app, "_dispatch_service_request")
    detect = existing(app, "detect_service")
    params = existing(app, "_routing_params")
    action_of = existing(iam_actions, "extract_iam_action")

    async def dispatch_service_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any, *rest: Any
    ) -> Any:
        by = _function_of(headers) if on() else ""
        if not by:
            return await dispatch(method, path, headers, body, query, *rest)
        mark = _by.set(by)
        try:
            answer = await dispatch(method, path, headers, body, query, *rest)
        finally:
            _by.reset(mark)
        routing = params(method, path, headers, body, query)
        service = str(detect(method, path, headers, routing))
        action = str(action_of(service, method, path, headers, body, routing) or service)
        note("call", by, action=action, status=answer[0], entries=_entries(action, body))
        return answer

    app._dispatch_service_request = dispatch_service_request


def _capacity_of_tables(note: Any, on: Callable[[], bool]) -> None:
    """The emulator tells what a call consumed only to who asks; here it is always asked."""
    from ministack import app
    from ministack.services import dynamodb

    handlers = existing(app, "SERVICE_HANDLERS")
    handle = handlers["dynamodb"]
    size_of = existing(dynamodb, "_item_size_bytes")

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Any:
        by = _by.get()
        if not by or not on():
            return await handle(method, path, headers, body, query)
        data = json.loads(body or b"{}")
        asking = json.dumps({**data, "ReturnConsumedCapacity": "INDEXES"}).encode()
        answer = await handle(method, path, headers, asking, query)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        units = _units(operation, data, json.loads(answer[2] or b"{}"), size_of)
        note("table", by, operation=operation, status=answer[0], **units)
        return answer

    handlers["dynamodb"] = handle_request


def _runs_of_functions(note: Any, on: Callable[[], bool]) -> None:
    from ministack.core import lambda_runtime

    worker = existing(lambda_runtime, "Worker")
    invoke = existing(worker, "invoke")

    def noted(self: Any, event: Any, *given: Any, **named: Any) -> Any:
        if not on():
            setattr(self, _HAS_RUN, True)
            return invoke(self, event, *given, **named)
        cold = self._proc is None or not getattr(self, _HAS_RUN, False)
        before = 0.0 if self._proc is None else _cpu(self)
        message = str(event.get("message", "")) if isinstance(event, dict) else ""
        try:
            return invoke(self, event, *given, **named)
        finally:
            setattr(self, _HAS_RUN, True)
            used = max(0.0, _cpu(self) - before)
            note("run", self.func_name, message=message, cold=cold, cpu=used)

    worker.invoke = noted


def _bytes_of_logs(note: Any, on: Callable[[], bool]) -> None:
    """Those of a function's run are written when it is over, under the function's name."""
    from ministack.services import cloudwatch_logs, lambda_svc

    append = existing(cloudwatch_logs, "_append_log_events")
    emit = existing(lambda_svc, "_emit_lambda_logs")

    def append_log_events(stream: Any, events: Any) -> Any:
        if on():
            size = sum(len(str(each["message"]).encode()) + _LINE_OVERHEAD for each in events)
            note("log", _by.get(), bytes=size)
        return append(stream, events)

    def emit_lambda_logs(func: Any, *given: Any, **named: Any) -> Any:
        mark = _by.set((func.get("config") or func).get("FunctionName", ""))
        try:
            return emit(func, *given, **named)
        finally:
            _by.reset(mark)

    cloudwatch_logs._append_log_events = append_log_events
    lambda_svc._emit_lambda_logs = emit_lambda_logs


def _calls_of_the_api(note: Any) -> None:
    from ministack.services import apigateway_v1

    handle = existing(apigateway_v1, "handle_execute")

    async def handle_execute(api_id: str, stage: str, method: str, path: str, *rest: Any) -> Any:
        answer = await handle(api_id, stage, method, path, *rest)
        note("api", "", method=method, path=path, status=answer[0])
        return answer

    apigateway_v1.handle_execute = handle_execute


def _function_of(headers: Mapping[str, str]) -> str:
    found = _KEY.search(headers.get("authorization", ""))
    arn = functions._functions.get(found[1], "") if found else ""
    return arn.partition(":function:")[2].partition(":")[0]


def _entries(action: str, body: bytes) -> int:
    """EventBridge charges each event of a call, everybody else the call."""
    return len(json.loads(body).get("Entries", [])) if action == "events:PutEvents" else 1


def _units(operation: str, data: Any, answer: Any, size_of: Any) -> dict[str, float]:
    """`read`, `write` (the table's) and `index` (writes of index entries), in request units."""
    if operation in _READS:
        return {"read": _read(operation, data, answer, size_of), "write": 0, "index": 0}
    consumed = answer.get("ConsumedCapacity")
    if consumed is None:  # refused by a condition, which is charged as well
        return {"read": 0, "write": _refused(operation, data), "index": 0}
    index = total = 0.0
    for each in consumed if isinstance(consumed, list) else [consumed]:
        total += each["CapacityUnits"]
        index += sum(
            one["CapacityUnits"] for one in each.get("GlobalSecondaryIndexes", {}).values()
        )
    return {"read": 0, "write": total - index, "index": index}


def _read(operation: str, data: Any, answer: Any, size_of: Any) -> float:
    """AWS: half a unit for each 4 kB begun, a whole one if consistent, two in a transaction. A
    query rounds the sum of its items, a batch each of them; nothing found costs the same as least.
    """
    consistent = data.get("ConsistentRead", False)
    match operation:
        case "GetItem":
            pages = _pages(size_of(answer.get("Item") or {}))
        case "Query" | "Scan":
            size = sum(size_of(each) for each in answer.get("Items", ()))
            shown = max(1, len(answer.get("Items", ())))
            scanned = max(1, answer.get("ScannedCount", 0)) / shown
            pages = _pages(size * scanned)
        case "BatchGetItem":
            asked = data["RequestItems"].values()
            found = [one for some in answer.get("Responses", {}).values() for one in some]
            missing = sum(len(each["Keys"]) for each in asked) - len(found)
            pages = sum(_pages(size_of(each)) for each in found) + max(0, missing)
            consistent = any(each.get("ConsistentRead") for each in asked)
        case _:
            found = [each.get("Item") or {} for each in answer.get("Responses", ())]
            return 2.0 * sum(_pages(size_of(each)) for each in found)
    return pages * (1.0 if consistent else 0.5)


def _pages(size: float) -> int:
    return max(1, math.ceil(size / _READ_PAGE))


def _refused(operation: str, data: Any) -> float:
    if operation == "TransactWriteItems":
        return 2.0 * len(data["TransactItems"])
    return 1.0 if operation in {"PutItem", "UpdateItem", "DeleteItem"} else 0.0


def _cpu(worker: Any) -> float:
    """Seconds of processor that the function's process has used in its life."""
    try:
        times = psutil.Process(worker._proc.pid).cpu_times()
    except (psutil.NoSuchProcess, AttributeError):
        return 0.0
    return float(times.user + times.system)
