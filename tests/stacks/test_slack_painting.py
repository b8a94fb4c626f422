"""Who paints in Slack, woken by what, and with which rights."""

import json
from typing import Any

import pytest

from pam.aws.audit_sink import _DETAIL_TYPES
from pam.domain.audit_record import RecordType
from pam.slack.thread import _TELLERS
from stacks.slack_painting import TOLD, WAKING
from tests.stacks.powers import is_in_slack
from tests.stacks.template import Deployment

SLOW_ALONE = {RecordType.REVOKING}
"""Seconds later the end itself wakes the painter; where it does not come, the sweep does."""


@pytest.fixture(params=["local", "everything on"])
def painting(request: pytest.FixtureRequest) -> Deployment:
    if request.param == "local":
        made: Deployment = request.getfixturevalue("deployment_of")("local")
    else:
        made = request.getfixturevalue("everything_on")
    return made


def rule_of(deployment: Deployment, *, scheduled: bool) -> Any:
    router = f"${{{deployment.function('route_slack')[0]}.Arn}}"
    (rule,) = (
        rule["Properties"]
        for rule in deployment.of_type("AWS::Events::Rule").values()
        if deployment.text(rule["Properties"]["Targets"][0]["Arn"]) == router
        and ("ScheduleExpression" in rule["Properties"]) is scheduled
    )
    return rule


def test_without_slack_nothing_of_it_is_in_the_template(prod: Deployment) -> None:
    assert not is_in_slack(prod)
    for template in prod.templates():
        names = [name for name in template["Resources"] if name.startswith("Slack")]
        assert names == []
    assert not [
        queue
        for queue in prod.of_type("AWS::SQS::Queue").values()
        if queue["Properties"].get("FifoQueue")
    ]


def test_whatever_changes_what_is_shown_wakes_the_painter() -> None:
    shown = {RecordType(kind) for kind in _TELLERS} | {RecordType.REQUESTED}
    told = {_DETAIL_TYPES[kind] for kind in shown - SLOW_ALONE}
    assert set(WAKING) == told


def test_nothing_that_a_borrower_makes_without_end_wakes_anybody(painting: Deployment) -> None:
    rule = rule_of(painting, scheduled=False)
    assert rule["EventPattern"] == {
        "source": ["bank.mod046.pam"],
        "detail-type": [*WAKING, *TOLD],
    }
    for kind in (RecordType.LEASED, RecordType.ACTIVITY, RecordType.REFUSED):
        assert _DETAIL_TYPES.get(kind) not in {*WAKING, *TOLD}
    assert {_DETAIL_TYPES[RecordType.LINKED]} == set(TOLD)
    assert "EventBus" in painting.text(rule["EventBusName"]) or "Bus" in painting.text(
        rule["EventBusName"]
    )


def test_an_event_that_cannot_be_delivered_is_kept(painting: Deployment) -> None:
    (target,) = rule_of(painting, scheduled=False)["Targets"]
    undelivered, _ = painting.undelivered()
    assert undelivered in painting.text(target["DeadLetterConfig"]["Arn"])
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 3600


def test_every_minute_what_was_lost_is_looked_for(painting: Deployment) -> None:
    rule = rule_of(painting, scheduled=True)
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert json.loads(rule["Targets"][0]["Input"]) == {"message": "FindUnpainted"}


def test_in_each_channel_one_thing_comes_after_another(painting: Deployment) -> None:
    (name, queue), (dead, _) = painting.slack_queues()
    properties = queue["Properties"]
    assert properties["FifoQueue"] is True
    assert properties["QueueName"] == f"pam-{painting.env_name}-slack.fifo"
    redrive = properties["RedrivePolicy"]
    assert dead in painting.text(redrive["deadLetterTargetArn"])
    # At one try in twenty seconds, hours of Slack being down.
    assert redrive["maxReceiveCount"] * 20 > 5 * 3600
    (mapping,) = (
        mapping["Properties"]
        for mapping in painting.of_type("AWS::Lambda::EventSourceMapping").values()
        if painting.text(mapping["Properties"]["EventSourceArn"]) == f"${{{name}.Arn}}"
    )
    assert painting.text(mapping["FunctionName"]) == f"${{{painting.function('paint_slack')[0]}}}"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 10
    assert "MaximumBatchingWindowInSeconds" not in mapping
    timeout = painting.function("paint_slack")[1]["Properties"]["Timeout"]
    assert properties["VisibilityTimeout"] >= 6 * timeout


def test_the_painter_reads_sessions_and_writes_nothing_of_pams(painting: Deployment) -> None:
    sessions = painting.table()[0]
    slack = painting.table("slack")[0]
    writes = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
    for right in painting.rights_of("paint_slack"):
        for resource in right.resources:
            if sessions in resource:
                assert right.actions == {"dynamodb:GetItem", "dynamodb:Query"}
                assert "SESSION#*" in right.conditions
            if right.actions & writes:
                assert slack in resource
                assert "card#*" in right.conditions


def test_the_painter_reads_one_secret_and_the_router_none(painting: Deployment) -> None:
    def read(handler: str) -> set[str]:
        return {
            resource.partition(":secret:")[2]
            for right in painting.rights_of(handler)
            if "secretsmanager:GetSecretValue" in right.actions
            for resource in right.resources
        }

    assert read("paint_slack") == {f"pam/{painting.env_name}/slack/bot-token-??????"}
    assert read("route_slack") == set()


def test_the_router_writes_to_the_queue_alone(painting: Deployment) -> None:
    for right in painting.rights_of("route_slack"):
        assert not {"dynamodb:PutItem", "dynamodb:UpdateItem"} & right.actions


def test_nothing_of_pam_calls_who_paints(painting: Deployment) -> None:
    own = {painting.function(name)[0] for name in ("paint_slack", "route_slack")}
    for statement in painting.identity_statements():
        if "lambda:InvokeFunction" in statement.actions:
            assert not [r for r in statement.resources if any(name in r for name in own)]


def test_who_puts_into_the_queue_is_the_door_the_router_and_the_painter(
    painting: Deployment,
) -> None:
    (name, _), _ = painting.slack_queues()
    senders = {
        statement.owner
        for statement in painting.identity_statements()
        if "sqs:SendMessage" in statement.actions and f"${{{name}.Arn}}" in statement.resources
    }
    assert senders == {
        painting.role_of(painting.function(handler)[1])
        for handler in ("slack_door", "route_slack", "paint_slack")
    }
