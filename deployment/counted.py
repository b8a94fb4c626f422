"""What was counted of a running local stack, and what it costs at AWS's prices.

A count is what AWS would charge for, by the function that caused it: `{(function, what): number}`.
`what` is one of the words below, or a call of AWS by its IAM action (`kms:VerifyMac`). The counts
are data, `docs/cost.json`, which `make cost` makes anew.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployment.prices import PRICES

DATA = Path(__file__).resolve().parent.parent / "docs" / "cost.json"
API, RUNS, CPU, LOG = "API calls", "runs", "CPU seconds", "log bytes"
READ, WRITE, INDEX = "read units", "write units", "index units"
TRANSITIONS, QUEUED, TABLE_CALLS = "state transitions", "queued", "table calls"
DOOR = "request_api"
NOBODY = "-"
"""What no function causes: the gateway, the workflow."""

PARTS = ("look", "matched", "notice", "acts", "lone_act")

Count = Mapping[tuple[str, str], float]

SECONDS_OF_A_CALL = 0.008
"""Assumed: for so long a function waits for each call of AWS that it makes."""
_MB_OF_A_PROCESSOR = 1769
"""AWS: with so much memory a function has one whole processor."""
COLD_SECONDS = 1.5
"""Assumed: what a cold start adds to a run. The start is charged like the run."""
_SQS_REQUESTS = 3
"""Assumed for what is queued alone: sent, received, removed."""
_FREE = frozenset({"dynamodb", "iam", "lambda", "logs", "rds-db", "ssm", "states", "sts", "xray"})
"""Free, or charged otherwise: tables by units, runs by themselves, logs by bytes, the workflow by
transitions."""
_PRICED = {"kms": "kms-request", "s3": "s3-get", "sns": "sns", "events": "event", "sqs": "sqs"} | {
    "secretsmanager": "secret-call"
}
_PRICED_APART = {"kms:Sign": "kms-ecc", "s3:PutObject": "s3-put", "s3:ListBucket": "s3-put"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    item: str
    quantity: float
    price: str

    @property
    def usd(self) -> float:
        return PRICES[self.price].of(self.quantity)


def total(lines: Iterable[Line]) -> float:
    return sum(line.usd for line in lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session of a kind, from the request to its sealed trail, without looks and notices."""

    resource: str
    approvals: int
    leases: int
    count: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    on: str
    """The day, ISO."""
    sessions: Mapping[str, Session]
    """By kind."""
    look: Count
    """One `GET /pam/sessions/ID`, as waiting makes it."""
    matched: Count
    """What the search for calls past the gateway does of each call of the API."""
    notice: Count
    acts: Count
    """A thousand calls of a borrower, all of one session, recorded a hundred at a time."""
    lone_act: Count
    """One that was recorded by itself."""
    clock: Mapping[str, Count]
    """One idle run of what a clock calls, by its message, and what it causes."""


def plus(*counts: Count) -> Count:
    summed: Counter[tuple[str, str]] = Counter()
    for count in counts:
        for key, number in count.items():
            summed[key] += number  # type: ignore[assignment]
    return dict(summed)


def times(count: Count, factor: float) -> Count:
    return {key: number * factor for key, number in count.items()}


def minus(count: Count, less: Count) -> Count:
    """Never below nothing: an idle run may have had more to do than one beside a session."""
    left = {key: number - less.get(key, 0) for key, number in count.items()}
    return {key: number for key, number in left.items() if number > 0}


def of(count: Count, what: str) -> float:
    return sum(number for (_, each), number in count.items() if each == what)


def functions(count: Count) -> dict[str, float]:
    """Runs, by function."""
    return {by: number for (by, what), number in count.items() if what == RUNS}


def by_these(count: Count, deployed: Iterable[str]) -> Count:
    """Without what functions cause that are not deployed: the witness is another account's."""
    kept = {*deployed, NOBODY}
    return {key: number for key, number in count.items() if key[0] in kept}


def whole_session(counted: Counted, kind: str, *, looks: int, notices: int) -> Count:
    """With what belongs to every call of the API that it made."""
    session = counted.sessions[kind].count
    calls = of(session, API) + looks * of(counted.look, API)
    return plus(
        session,
        times(counted.look, looks),
        times(counted.notice, notices),
        times(counted.matched, calls),
    )


def priced(count: Count, memory: Mapping[str, float]) -> list[Line]:
    """`memory`: GB of each function that is deployed; what others caused is left out. Raises
    ValueError for a call of a service of which no price is known: nothing is free by omission.
    """
    count = by_these(count, memory)
    runs = functions(count)
    gb_s = sum(_seconds(count, by, memory[by]) * memory[by] for by in runs)
    queued = of(count, QUEUED) * _SQS_REQUESTS
    lines = [
        Line(item="API calls", quantity=of(count, API), price="api-call"),
        Line(item="state transitions", quantity=of(count, TRANSITIONS), price="transition"),
        Line(item="function runs", quantity=sum(runs.values()), price="lambda-call"),
        Line(item="their time, GB-seconds", quantity=gb_s, price="lambda-gb-s"),
        Line(item="write units", quantity=of(count, WRITE), price="wru"),
        Line(item="write units of indexes", quantity=of(count, INDEX), price="wru"),
        Line(item="read units", quantity=of(count, READ), price="rru"),
        Line(item="log GB", quantity=of(count, LOG) / 1e9, price="log-gb"),
        Line(item="what is queued", quantity=queued, price="sqs"),
        *_calls(count),
    ]
    return [line for line in lines if line.quantity]


def cold_starts(count: Count, warm: Iterable[str], people: int) -> dict[str, int]:
    """On a quiet day: each function that no clock keeps warm starts cold once, and the API's once
    for each person who acts.
    """
    cold = {by: 1 for by in functions(count) if by not in set(warm)}
    return cold | {DOOR: people} if DOOR in cold else cold


def cold(starts: Mapping[str, int], memory: Mapping[str, float], seconds: float) -> Line:
    gb_s = sum(number * memory[by] * seconds for by, number in starts.items() if by in memory)
    item = f"{sum(starts.values())} cold starts, GB-seconds"
    return Line(item=item, quantity=gb_s, price="lambda-gb-s")


def keys_fetched(count: Count, warm: Iterable[str]) -> Line:
    """Assumed: DynamoDB asks KMS once for each run that touches a table, for a quiet day has pauses
    of more than the five minutes for which it remembers a key; SNS and S3 once for each publish
    and object. What a clock keeps warm fetches its key anyway.
    """
    tables = {by for by, what in count if what == TABLE_CALLS} - set(warm)
    runs = sum(number for by, number in functions(count).items() if by in tables)
    number = runs + of(count, "sns:Publish") + of(count, "s3:PutObject")
    return Line(item="the key, by DynamoDB, SNS and S3", quantity=number, price="kms-request")


def _seconds(count: Count, by: str, gb: float) -> float:
    calls = sum(number for (each, what), number in count.items() if each == by and ":" in what)
    share = min(1.0, gb * 1024 / _MB_OF_A_PROCESSOR)
    return count.get((by, CPU), 0) / share + calls * SECONDS_OF_A_CALL


def _calls(count: Count) -> list[Line]:
    summed: Counter[str] = Counter()
    for (_, what), number in count.items():
        if ":" in what and what.partition(":")[0] not in _FREE:
            summed[what] += number  # type: ignore[assignment]
    lines = []
    for action, number in sorted(summed.items()):
        price = _PRICED_APART.get(action) or _PRICED.get(action.partition(":")[0])
        if price is None:
            message = f"{action}: no price is known; add it to deployment/prices.py"
            raise ValueError(message)
        lines.append(Line(item=action, quantity=number, price=price))
    return lines


def read(path: Path = DATA) -> Counted:
    document = json.loads(path.read_text(encoding="utf-8"))
    sessions = {
        kind: Session(**{**each, "count": _flat(each["count"])})
        for kind, each in document["sessions"].items()
    }
    parts = {name: _flat(document[name]) for name in PARTS}
    clock = {message: _flat(each) for message, each in document["clock"].items()}
    return Counted(on=document["on"], sessions=sessions, clock=clock, **parts)


def write(counted: Counted, path: Path = DATA) -> None:
    document = {
        "on": counted.on,
        "sessions": {
            kind: {
                "resource": each.resource,
                "approvals": each.approvals,
                "leases": each.leases,
                "count": _nested(each.count),
            }
            for kind, each in counted.sessions.items()
        },
        **{name: _nested(getattr(counted, name)) for name in PARTS},
        "clock": {message: _nested(each) for message, each in sorted(counted.clock.items())},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _flat(nested: Mapping[str, Mapping[str, float]]) -> Count:
    return {(by, what): number for by, each in nested.items() for what, number in each.items()}


def _nested(count: Count) -> dict[str, dict[str, float]]:
    nested: dict[str, Any] = {}
    for (by, what), number in sorted(count.items()):
        nested.setdefault(by, {})[what] = round(number, 4)
    return nested
