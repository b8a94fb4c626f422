"""What a deployment costs: idle, from its own templates; a session, from its counted acts.

`make cost ENV=prod`. A model: quantities that a template does not say are assumptions, and each has
its line in docs/cost.md. It calls nothing in AWS.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from deployment.environment import read_config, told
from deployment.prices import AS_OF, PRICES, REGION, Price

HOURS = 730
"""Of a month, as AWS's calculator has it."""
_SECONDS_OF_AN_IDLE_CALL = 0.1
_LOG_OF_A_CALL = 1200 / 1e9
"""GB: Lambda's own lines, and one of PAM's."""
_READS_OF_A_CALL = 2.5
_POLLS = 15 * 60 * HOURS
"""Of an empty queue: five pollers, each waiting twenty seconds."""
_KEY_CACHED_MINUTES = 5
"""For so long DynamoDB remembers a table's key for one caller."""
_MINUTES = {"minute": 1, "minutes": 1, "hour": 60, "hours": 60, "day": 1440, "days": 1440}
Template = Mapping[str, Any]


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


def alarm_metrics(templates: Mapping[str, Template]) -> dict[str, int]:
    """How many metrics each alarm has, by its name: what it is charged by."""
    found = {}
    for template in templates.values():
        for alarm in _of_type(template, "AWS::CloudWatch::Alarm").values():
            metrics = alarm.get("Metrics", [])
            # Of an alarm with an expression each metric counts, and the expression does not.
            found[alarm["AlarmName"]] = sum("MetricStat" in each for each in metrics) or 1
    return found


def keys(templates: Mapping[str, Template]) -> list[Line]:
    number = sum(len(_of_type(each, "AWS::KMS::Key")) for each in templates.values())
    return [Line(item="customer keys", quantity=number, price="kms-key")]


def idle(templates: Mapping[str, Template]) -> list[Line]:
    """A month in which nobody asks for anything, without keys and dashboards."""
    metrics = alarm_metrics(templates)
    clocked = [call for each in templates.values() for call in _clocked(each)]
    calls = sum(call.a_month for call in clocked)
    sealed = sum(call.a_month for call in clocked if call.handler == "checkpoint_log.handler")
    traced = sum(call.a_month for call in clocked if call.traced)
    callers = len({call.handler for call in clocked})
    pollers = sum(map(_queues_polled, templates.values()))
    gb_s = sum(call.a_month * call.gb * _SECONDS_OF_AN_IDLE_CALL for call in clocked)
    return [
        Line(item=f"{len(metrics)} alarms", quantity=sum(metrics.values()), price="alarm"),
        Line(item="calls by a clock", quantity=calls, price="lambda-call"),
        Line(item="their time", quantity=gb_s, price="lambda-gb-s"),
        Line(item="their logs", quantity=calls * _LOG_OF_A_CALL, price="log-gb"),
        Line(item="their traces", quantity=traced, price="trace"),
        Line(item="their reads", quantity=calls * _READS_OF_A_CALL, price="rru"),
        Line(
            item="the key, by DynamoDB and S3",
            quantity=callers * HOURS * 60 / _KEY_CACHED_MINUTES,
            price="kms-request",
        ),
        Line(item="checkpoints signed", quantity=sealed, price="kms-ecc"),
        Line(item="checkpoints kept", quantity=sealed, price="s3-put"),
        Line(item="checkpoints looked for", quantity=2 * sealed, price="s3-get"),
        Line(item="the log's head", quantity=sealed, price="wru"),
        Line(item="an empty queue polled", quantity=pollers * _POLLS, price="sqs"),
    ]


def beside(templates: Mapping[str, Template]) -> list[Line]:
    """What an account may have for nothing, or pays elsewhere."""
    boards = sum(len(_of_type(each, "AWS::CloudWatch::Dashboard")) for each in templates.values())
    return [
        Line(item="dashboard (three of an account are free)", quantity=boards, price="dashboard")
    ]


WRITES = {
    # the session's own steps, as tests/deployment/test_cost.py counts them
    "session, records, what belongs to them": 96,
    "the same in the indexes": 60,
    # nine records: a mark, the queue of unsealed ones, and out of it again
    "carried and sealed": 9 * 6,
    # ten calls: noted, answered and matched, with the index of what is open
    "calls noted by doors": 10 * 5,
    "told, warned, the workflow's token, who acted": 18,
    # two leases: what CloudTrail told of them
    "echoes": 2,
}
"""Write units of one prod session: two approvals, an hour, two leases, its natural end."""
_MACS = 4 + 3 + 2 * 4 + 4
"""Made; verified at activation, at two leases, and once each by the watch of the store."""
_KEYS_FETCHED = 25
_COLD, _COLD_SECONDS = 8, 1.5
_WARM, _WARM_SECONDS = 18, 0.14


def session() -> list[Line]:
    """One prod session of an hour, with two approvals and two leases, to its natural end. Without
    mails: who is told, and how, the subscriptions say.
    """
    seconds = _COLD * _COLD_SECONDS + (_COLD + _WARM) * _WARM_SECONDS
    return [
        Line(item="state transitions", quantity=6, price="transition"),
        Line(item="function calls", quantity=_COLD + _WARM, price="lambda-call"),
        Line(item="their time, cold starts among them", quantity=seconds, price="lambda-gb-s"),
        *(Line(item=what, quantity=units, price="wru") for what, units in WRITES.items()),
        Line(item="reads", quantity=85, price="rru"),
        Line(item="API: asked, two votes, two leases, five looks", quantity=10, price="api-call"),
        Line(item="events", quantity=6, price="event"),
        Line(item="notices", quantity=2, price="sns"),
        Line(item="objects in the archive", quantity=8, price="s3-put"),
        Line(item="proofs", quantity=_MACS, price="kms-request"),
        Line(item="the key, by DynamoDB, SNS and S3", quantity=_KEYS_FETCHED, price="kms-request"),
        Line(item="logs", quantity=70_000 / 1e9, price="log-gb"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clocked:
    handler: str
    a_month: float
    gb: float
    traced: bool


def _clocked(template: Template) -> Iterator[_Clocked]:
    functions = _of_type(template, "AWS::Lambda::Function")
    for rule in _of_type(template, "AWS::Events::Rule").values():
        if "ScheduleExpression" not in rule:
            continue
        number, unit = rule["ScheduleExpression"].removeprefix("rate(").removesuffix(")").split()
        function = functions[rule["Targets"][0]["Arn"]["Fn::GetAtt"][0]]
        yield _Clocked(
            handler=function["Handler"],
            a_month=HOURS * 60 / (int(number) * _MINUTES[unit]),
            gb=function["MemorySize"] / 1024,
            traced=function["TracingConfig"]["Mode"] == "Active",
        )


def _queues_polled(template: Template) -> int:
    """How many queues a mapping asks again and again; streams are read for nothing."""
    mappings = _of_type(template, "AWS::Lambda::EventSourceMapping").values()
    return sum("StartingPosition" not in mapping for mapping in mappings)


def _of_type(template: Template, kind: str) -> dict[str, Any]:
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def report(env_name: str, templates: Mapping[str, Template]) -> str:
    """Prices, then the model, as people read it."""
    lines = [f"Prices of {AS_OF}, {REGION}, in US dollars; no free tier", ""]
    lines += [
        f"  {price.usd:<12g} {_per(price):<36} aws.amazon.com/{price.page}"
        for price in PRICES.values()
    ]
    for title, part in (
        (f"{env_name}, idle, a month, without keys", idle(templates)),
        ("keys, a month", keys(templates)),
        ("beside it", beside(templates)),
        ("one prod session of an hour, two approvals, two leases", session()),
    ):
        lines += ["", title]
        lines += [f"  {line.usd:>10.6f}  {line.quantity:>12,.2f}  {line.item}" for line in part]
        lines.append(f"  {total(part):>10.6f}  in all")
    mail = PRICES["mail"].of(1)
    lines += [
        "",
        f"Each mail that a subscription sends: {mail:.5f}. What it rests on: docs/cost.md",
    ]
    return "\n".join(lines)


def _per(price: Price) -> str:
    return f"{price.unit}" if price.per == 1 else f"{price.per:,} x {price.unit}"


def main(
    env_name: Annotated[str, typer.Argument(metavar="ENV", help="As in cdk.json.")] = "prod",
) -> None:
    from stacks.synthesis import NOT_DEPLOYABLE, build, new_app, templates

    with told():
        read_config(env_name)
    app = new_app(env_name)
    try:
        build(app)
    except NOT_DEPLOYABLE as error:
        sys.exit(str(error))
    print(report(env_name, templates(app)))


if __name__ == "__main__":
    typer.run(main)
