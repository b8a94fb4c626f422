"""What a deployment costs: idle, from its own templates; sessions, as they were counted.

`make cost ENV=prod` counts on a local stack, `make cost ENV=prod STORED=1` takes the counts that
stand in docs/cost.json. It calls nothing in AWS. What neither templates nor a local stack show is
an assumption, and each has its line in docs/cost.md.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from cli import polling
from deployment import counted as counts
from deployment.counted import Counted, Line, plus, times
from deployment.environment import read_config, told
from pam.names import SlackSecret

HOURS = 730
"""Of a month, as AWS's calculator has it."""
LOOKS = 5
"""Assumed of a session's people, beside what they do; `--wait` is priced by the hour."""
_POLLS = 15 * 60 * HOURS
"""Of an empty queue: five pollers, each waiting twenty seconds."""
_KEY_CACHED_MINUTES = 5
"""For so long DynamoDB remembers a table's key for one caller, and Lambda keeps a function warm."""
_HEALTHY_LINE = 121
"""Bytes that a task logs each minute, with what is charged for a line."""
_MINUTES = {"minute": 1, "minutes": 1, "hour": 60, "hours": 60, "day": 1440, "days": 1440}
Template = Mapping[str, Any]


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


def idle(templates: Mapping[str, Template], counted: Counted) -> list[Line]:
    """A month in which nobody asks for anything, without keys and dashboards. Raises KeyError for
    what a clock calls and nobody has counted.
    """
    metrics = alarm_metrics(templates)
    clocked = [call for each in templates.values() for call in _clocked(each)]
    runs = [times(counted.clock[call.message], call.a_month) for call in clocked]
    traced = sum(call.a_month for call in clocked if call.traced)
    pollers = sum(map(_queues_polled, templates.values()))
    kept_warm = len(warm(templates, counted))
    return [
        Line(item=f"{len(metrics)} alarms", quantity=sum(metrics.values()), price="alarm"),
        *counts.priced(plus(*runs), memory(templates)),
        Line(item="their traces", quantity=traced, price="trace"),
        Line(
            item="the key, by DynamoDB and S3",
            quantity=kept_warm * HOURS * 60 / _KEY_CACHED_MINUTES,
            price="kms-request",
        ),
        Line(item="an empty queue polled", quantity=pollers * _POLLS, price="sqs"),
        *standing(templates),
    ]


def standing(templates: Mapping[str, Template]) -> list[Line]:
    """What is there all month, whatever happens: tasks with what they say, and secrets of PAM's own
    (those that are lent are their owners').
    """
    tasks = [task for each in templates.values() for task in _tasks(each)]
    said = len(tasks) * HOURS * 60 * _HEALTHY_LINE / 1e9
    named = json.dumps(list(templates.values()))
    secrets = sum(f"/slack/{secret}" in named for secret in SlackSecret)
    lines = [
        Line(item="vCPU-hours of tasks", quantity=sum(t.cpu for t in tasks), price="fargate-cpu"),
        Line(item="GB-hours of tasks", quantity=sum(t.gb for t in tasks), price="fargate-gb"),
        Line(item="log GB of tasks", quantity=said, price="log-gb"),
        Line(item="a metric of tasks", quantity=min(len(tasks), 1), price="metric"),
        Line(item="secrets", quantity=secrets, price="secret"),
    ]
    return [line for line in lines if line.quantity]


def more(
    templates: Mapping[str, Template], without: Mapping[str, Template], counted: Counted
) -> list[Line]:
    """What the first cost idle, keys among it, and the second do not."""
    less = {_plain(line): line.quantity for line in _idle_with_keys(without, counted)}
    lines = [
        Line(
            item=_plain(line),
            quantity=line.quantity - less.get(_plain(line), 0),
            price=line.price,
        )
        for line in _idle_with_keys(templates, counted)
    ]
    return [line for line in lines if line.quantity]


def _idle_with_keys(templates: Mapping[str, Template], counted: Counted) -> list[Line]:
    return [*idle(templates, counted), *keys(templates)]


def _plain(line: Line) -> str:
    """Without a number that the deployments differ in."""
    return re.sub(r"^\d+ ", "", line.item)


def session(
    templates: Mapping[str, Template],
    counted: Counted,
    kind: str,
    *,
    cold_seconds: float = counts.COLD_SECONDS,
) -> list[Line]:
    """One session of this kind of an hour, to its sealed trail, with looks and the warning before
    its end. Without mails: who is told, and how, the subscriptions say.
    """
    whole = counts.whole_session(counted, kind, looks=LOOKS, notices=1)
    count = counts.by_these(whole, memory(templates))
    people = 1 + counted.sessions[kind].approvals
    kept_warm = warm(templates, counted)
    starts = counts.cold_starts(count, kept_warm, people)
    return [
        *counts.priced(count, memory(templates)),
        counts.keys_fetched(count, kept_warm),
        counts.cold(starts, memory(templates), cold_seconds),
    ]


def waiting(templates: Mapping[str, Template], counted: Counted, seconds: float) -> list[Line]:
    """`pam request --wait` for so long, if nothing happens meanwhile."""
    look = plus(counted.look, counted.matched)
    fetched = seconds / 60 / _KEY_CACHED_MINUTES
    return [
        *counts.priced(times(look, polling.looks(seconds)), memory(templates)),
        Line(item="the key, by DynamoDB", quantity=fetched, price="kms-request"),
    ]


def acts(templates: Mapping[str, Template], counted: Counted, *, alone: bool = False) -> list[Line]:
    """A thousand acts of a borrower, recorded: a hundred at a time, or each alone."""
    count = times(counted.lone_act, 1000) if alone else counted.acts
    count = counts.by_these(count, memory(templates))
    kept_warm = warm(templates, counted)
    return [*counts.priced(count, memory(templates)), counts.keys_fetched(count, kept_warm)]


def warm(templates: Mapping[str, Template], counted: Counted) -> set[str]:
    """Functions that the clock, or what it causes, runs at least every five minutes."""
    often = [
        call.message
        for each in templates.values()
        for call in _clocked(each)
        if call.a_month >= HOURS * 60 / _KEY_CACHED_MINUTES
    ]
    found = {by for message in often for by in counts.functions(counted.clock[message])}
    return found & memory(templates).keys()


def memory(templates: Mapping[str, Template]) -> dict[str, float]:
    """GB of each function, by the name of its module."""
    return {
        function["Handler"].removesuffix(".handler"): function["MemorySize"] / 1024
        for template in templates.values()
        for function in _of_type(template, "AWS::Lambda::Function").values()
        if function.get("Handler", "").endswith(".handler")
    }


def beside(templates: Mapping[str, Template]) -> list[Line]:
    """What an account may have for nothing, or pays elsewhere."""
    boards = sum(len(_of_type(each, "AWS::CloudWatch::Dashboard")) for each in templates.values())
    return [
        Line(item="dashboard (three of an account are free)", quantity=boards, price="dashboard")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clocked:
    message: str
    a_month: float
    traced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """Hours of a month, by what a task of ECS has."""

    cpu: float
    gb: float


def _tasks(template: Template) -> Iterator[_Task]:
    definitions = _of_type(template, "AWS::ECS::TaskDefinition")
    for service in _of_type(template, "AWS::ECS::Service").values():
        task = definitions[service["TaskDefinition"]["Ref"]]
        hours = HOURS / 1024
        for _ in range(service["DesiredCount"]):
            yield _Task(cpu=int(task["Cpu"]) * hours, gb=int(task["Memory"]) * hours)


def _clocked(template: Template) -> Iterator[_Clocked]:
    functions = _of_type(template, "AWS::Lambda::Function")
    for rule in _of_type(template, "AWS::Events::Rule").values():
        if "ScheduleExpression" not in rule:
            continue
        number, unit = rule["ScheduleExpression"].removeprefix("rate(").removesuffix(")").split()
        function = functions[rule["Targets"][0]["Arn"]["Fn::GetAtt"][0]]
        yield _Clocked(
            message=json.loads(rule["Targets"][0]["Input"])["message"],
            a_month=HOURS * 60 / (int(number) * _MINUTES[unit]),
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


def main(
    env_name: Annotated[str, typer.Argument(metavar="ENV", help="As in cdk.json.")] = "prod",
    *,
    stored: Annotated[bool, typer.Option(help="Take the counts that stand in docs/.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    from deployment import cost_page, cost_report, slack_cost

    with told():
        read_config(env_name)
    stood = counts.read()
    counted = stood if stored else _count()
    # Only now: whoever interrupts the counting interrupts no synthesis.
    templates = _synthesised(env_name)
    slack = slack_cost.by_mode(env_name)
    if as_json:
        print(json.dumps(cost_report.document(env_name, templates, counted, slack), indent=2))
    else:
        print(cost_report.text(env_name, templates, counted, stood, slack))
    if not stored and env_name == cost_page.SHOWN:
        counts.write(counted)
        cost_page.rewrite_page(templates, counted, slack)


def _synthesised(env_name: str) -> Mapping[str, Template]:
    from stacks.synthesis import NOT_DEPLOYABLE, build, new_app, templates

    app = new_app(env_name)
    try:
        build(app)
    except NOT_DEPLOYABLE as error:
        sys.exit(str(error))
    return templates(app)


def _count() -> Counted:
    """On a local stack; exits in one line if there can be none."""
    from local.cast import NotSeenError
    from local.cost.count import count
    from local.stack import StackError

    try:
        return count(lambda line: print(line, file=sys.stderr, flush=True))
    except (NotSeenError, StackError) as error:
        sys.exit(f"not counted: {error}")
    except KeyboardInterrupt:
        print("interrupted; nothing that it started was left running", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    typer.run(main)
