"""What AWS answers to PAM's functions while they run in this process, with each call to it seen:
tables are the emulator's, in memory; keys, roles, the log, topics and the workflow answer here.
"""

import base64
import hmac
import io
import itertools
import json
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from botocore.session import Session

from local.bench.memory_tables import ask, item_at

Function = Callable[[dict[str, Any]], Any]
Answer = dict[str, Any]
Change = tuple[Answer | None, Answer | None]
_OF_HTTP = {"_path", "_headers"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A call to AWS: by which function, of what, on which tables, and what came of it. `beside`:
    the groups of calls that went side by side of which it is one, the outermost first; each with
    the number of its way in the group.
    """

    function: str
    call: str
    on: str
    beside: tuple[tuple[int, int], ...]
    asked: Answer
    answer: Answer = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    """Of a write: each item before it and after it, None for none."""


@dataclass
class Rim:
    """A listener of botocore's: it answers whatever it knows, and nothing goes further."""

    functions: dict[str, Function] = field(default_factory=dict)
    """What `Invoke` reaches, by the name in the settings."""
    seen: list[Seen] = field(default_factory=list)
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    _policies: dict[str, str] = field(default_factory=dict)
    _executions: dict[str, str] = field(default_factory=dict)
    _streams: set[str] = field(default_factory=set)
    _running: list[str] = field(default_factory=list)
    groups: int = 0
    beside: tuple[tuple[int, int], ...] = ()
    """Of the call that is made next: as of `Seen`."""

    def session(self) -> Session:
        made = Session()
        made.set_credentials("in-process", "in-process")
        made.get_component("event_emitter").register("before-call", self._asked)
        return made

    def run(self, name: str, event: dict[str, Any]) -> Any:
        """The deployed function, as Lambda calls it."""
        self._running.append(name)
        outer, self.beside = self.beside, ()
        try:
            return self.functions[name](event)
        finally:
            self.beside = outer
            self._running.pop()

    def execution_of(self, session_id: str) -> str:
        (arn,) = (each for each in self._executions if each.endswith(f":{session_id}"))
        return arn

    def pool(self, _: int) -> "_Grouped":
        """In place of a pool of threads: the calls go one after the other, and are marked."""
        return _Grouped(self)

    def _asked(self, model: Any, params: dict[str, Any], **_: Any) -> Any:
        asked = _arguments(params)
        service = model.service_model.service_name
        call = f"{service}:{model.name}"
        place = len(self.seen)
        made = Seen(self._running[-1], call, _on(asked), self.beside, asked)
        self.seen.append(made)
        changes: tuple[Change, ...] = ()
        if service == "dynamodb":
            old = _items(asked)
            status, answer = ask(model.name, _sent(asked))
            changes = tuple(zip(old, _items(asked), strict=True))
        else:
            status, answer = 200, getattr(self, f"_{service}_{model.name}".lower())(asked)
        self.seen[place] = replace(made, answer=answer, changes=changes)
        return _Http(status), answer | {"ResponseMetadata": {"HTTPStatusCode": status}}

    def _lambda_invoke(self, asked: Answer) -> Answer:
        name = asked["_path"].split("/functions/")[1].split("/")[0]
        if asked["_headers"].get("X-Amz-Invocation-Type") == "Event":
            return {"StatusCode": 202}
        answer = self.run(name, _sent(asked))
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}

    def _kms_generatemac(self, asked: Answer) -> Answer:
        return {"Mac": _mac(asked)}

    def _kms_verifymac(self, asked: Answer) -> Answer:
        if not hmac.compare_digest(base64.b64decode(asked["Mac"]), _mac(asked)):
            message = "whatever is measured here is proven"
            raise AssertionError(message)
        return {"MacValid": True}

    def _sts_assumerole(self, asked: Answer) -> Answer:
        ends = self.now + timedelta(seconds=int(asked["DurationSeconds"]))
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {"Credentials": dict.fromkeys(names, "ASIAINPROCESSROLE") | {"Expiration": ends}}

    def _iam_putrolepolicy(self, asked: Answer) -> Answer:
        self._policies[asked["PolicyName"]] = asked["PolicyDocument"]
        return {}

    def _iam_getrolepolicy(self, asked: Answer) -> Answer:
        return {"PolicyDocument": self._policies[asked["PolicyName"]]}

    def _iam_deleterolepolicy(self, asked: Answer) -> Answer:
        self._policies.pop(asked["PolicyName"], None)
        return {}

    def _iam_listrolepolicies(self, _: Answer) -> Answer:
        return {"PolicyNames": sorted(self._policies), "IsTruncated": False}

    def _stepfunctions_startexecution(self, asked: Answer) -> Answer:
        arn = f"{asked['stateMachineArn']}:{asked['name']}".replace("stateMachine", "execution")
        self._executions[arn] = asked["input"]
        return {"executionArn": arn, "startDate": self.now}

    def _stepfunctions_describeexecution(self, asked: Answer) -> Answer:
        arn = asked["executionArn"]
        return {
            "executionArn": arn,
            "startDate": self.now,
            "input": self._executions[arn],
            "status": "RUNNING",
        }

    def _done(self, _: Answer) -> Answer:
        return {}

    _stepfunctions_sendtasksuccess = _stepfunctions_sendtaskfailure = _done
    _stepfunctions_sendtaskheartbeat = _stepfunctions_stopexecution = _done
    _sns_publish = _s3_putobject = _done

    def _events_putevents(self, _: Answer) -> Answer:
        return {"FailedEntryCount": 0, "Entries": []}

    def _logs_putlogevents(self, asked: Answer) -> Answer:
        return {} if asked["logStreamName"] in self._streams else _no_stream()

    def _logs_createlogstream(self, asked: Answer) -> Answer:
        self._streams.add(asked["logStreamName"])
        return {}


class _Grouped(Executor):
    def __init__(self, rim: Rim) -> None:
        self._rim, self._outer = rim, rim.beside
        self._ways = itertools.count(1)

    def __enter__(self) -> Self:
        self._rim.groups += 1
        self._group = self._rim.groups
        self._next_way()
        return self

    def __exit__(self, *how: object) -> None:
        self._rim.beside = self._outer

    def _next_way(self) -> None:
        self._rim.beside = (*self._outer, (self._group, next(self._ways)))

    def submit(self, act: Callable[..., Any], /, *given: Any, **named: Any) -> "Future[Any]":
        doing: Future[Any] = Future()
        try:
            doing.set_result(act(*given, **named))
        except BaseException as error:  # noqa: BLE001 - as a pool does
            doing.set_exception(error)
        self._next_way()
        return doing


class _Http:
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it

    def __init__(self, status: int) -> None:
        self.status_code = status


def _no_stream() -> Answer:
    return {"Error": {"Code": "ResourceNotFoundException", "Message": "no such stream"}}


def _items(asked: Answer) -> list[Answer | None]:
    """What lies now where this writes; nothing for what reads."""
    writes = [next(iter(each.values())) for each in asked.get("TransactItems", [])]
    if "Item" in asked or "UpdateExpression" in asked:
        writes = [asked]
    return [item_at(write["TableName"], write.get("Key") or write["Item"]) for write in writes]


def _sent(asked: Answer) -> Answer:
    return {key: each for key, each in asked.items() if key not in _OF_HTTP}


def _arguments(params: dict[str, Any]) -> Answer:
    """What was asked, whichever way the service writes it."""
    body = params.get("body") or b""
    found: Answer = {"_path": params["url_path"], "_headers": params["headers"]}
    if isinstance(body, dict):
        return found | body
    try:
        said: Answer = json.loads(body)
    except (TypeError, ValueError):
        return found
    return found | said


def _on(asked: Answer) -> str:
    """The tables that are meant."""
    if "TransactItems" in asked:
        actions = (action for each in asked["TransactItems"] for action in each.values())
        return "+".join(dict.fromkeys(action["TableName"] for action in actions))
    return (
        "+".join(asked["RequestItems"]) if "RequestItems" in asked else asked.get("TableName", "")
    )


def _mac(asked: Answer) -> bytes:
    return hmac.digest(asked["KeyId"].encode(), base64.b64decode(asked["Message"]), "sha256")
