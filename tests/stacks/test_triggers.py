"""What starts the functions that nobody calls, and where their failures go."""

import json
from typing import Any

import pytest

from pam.names import METRIC_NAMESPACE
from tests.stacks.template import Deployment


def _mapping_of(deployment: Deployment, handler: str) -> Any:
    """What that function gets of the table's stream."""
    name, _ = deployment.function(handler)
    (mapping,) = (
        mapping
        for mapping in deployment.of_type("AWS::Lambda::EventSourceMapping").values()
        if deployment.text(mapping["Properties"]["FunctionName"]) == f"${{{name}}}"
    )
    return mapping


def test_a_grant_that_the_table_let_run_out_is_brought_to_the_revocation(
    every: Deployment,
) -> None:
    properties = _mapping_of(every, "revoke_session")["Properties"]
    (criterion,) = properties["FilterCriteria"]["Filters"]

    assert json.loads(criterion["Pattern"]) == {
        "eventName": ["REMOVE"],
        # Only what the time to live removed; a session that is ended removes its grant itself.
        "userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]},
    }
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["DestinationConfig"]["OnFailure"]
    assert every.text(properties["EventSourceArn"]) == (
        f"${{{every.table('grants')[0]}.StreamArn}}"
    )


@pytest.mark.guarantee("G7")
def test_the_watch_sees_whatever_happens_at_the_places_that_it_watches(
    every: Deployment,
) -> None:
    name, _ = every.function("watch_store")
    followed = {}
    for mapping in every.of_type("AWS::Lambda::EventSourceMapping").values():
        properties = mapping["Properties"]
        if every.text(properties["FunctionName"]) != f"${{{name}}}":
            continue
        (criterion,) = properties["FilterCriteria"]["Filters"]
        assert properties["StartingPosition"] == "TRIM_HORIZON"
        assert properties["DestinationConfig"]["OnFailure"]
        followed[every.text(properties["EventSourceArn"])] = json.loads(criterion["Pattern"])
    watched = (
        (every.table(), {"sk": {"S": ["SESSION", {"prefix": "RECORD#"}]}}),
        (every.table("blocks"), {"pk": {"S": ["BLOCKS"]}}),
        (every.table("log-head"), {"pk": {"S": ["LOG"]}}),
    )
    assert followed == {
        f"${{{table}.StreamArn}}": {"dynamodb": {"Keys": keys}} for (table, _), keys in watched
    }
    for (_, table), _ in watched:
        streamed = table["Properties"]["StreamSpecification"]
        assert streamed == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_auditor_gets_every_new_record_and_nothing_else(every: Deployment) -> None:
    mapping = _mapping_of(every, "audit_session")
    (criterion,) = mapping["Properties"]["FilterCriteria"]["Filters"]

    assert json.loads(criterion["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"NewImage": {"kind": {"S": ["RECORD"]}}},
    }
    assert every.text(mapping["Properties"]["FunctionName"]) == (
        f"${{{every.function('audit_session')[0]}}}"
    )
    assert every.text(mapping["Properties"]["EventSourceArn"]) == (
        f"${{{every.table()[0]}.StreamArn}}"
    )


def test_records_arrive_at_once_in_order_and_none_is_skipped(every: Deployment) -> None:
    properties = _mapping_of(every, "audit_session")["Properties"]

    assert properties["StartingPosition"] == "TRIM_HORIZON"
    assert properties["MaximumBatchingWindowInSeconds"] == 0
    assert properties["ParallelizationFactor"] == 1


def test_a_record_that_cannot_be_written_holds_up_no_other_and_is_not_lost(
    every: Deployment,
) -> None:
    properties = _mapping_of(every, "audit_session")["Properties"]
    queue, _ = every.dead_letters()

    assert properties["BisectBatchOnFunctionError"] is True
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 0 < properties["MaximumRetryAttempts"] <= 1000
    assert 0 < properties["MaximumRecordAgeInSeconds"] < 24 * 3600, "the stream keeps a day"
    assert every.text(properties["DestinationConfig"]["OnFailure"]["Destination"]) == (
        f"${{{queue}.Arn}}"
    )


def test_the_sweep_runs_every_minute(every: Deployment) -> None:
    rules = every.of_type("AWS::Events::Rule").values()
    tick = f"${{{every.function('tick')[0]}.Arn}}"
    (rule,) = (r for r in rules if every.text(r["Properties"]["Targets"][0]["Arn"]) == tick)
    (target,) = rule["Properties"]["Targets"]

    assert rule["Properties"]["State"] == "ENABLED"
    assert rule["Properties"]["ScheduleExpression"] == "rate(1 minute)"
    assert every.text(target["Arn"]) == tick


def test_checkpoints_are_made_at_a_fixed_interval(every: Deployment) -> None:
    checkpoint = f"${{{every.function('checkpoint_log')[0]}.Arn}}"
    (schedule,) = (
        rule["Properties"]["ScheduleExpression"]
        for rule in every.of_type("AWS::Events::Rule").values()
        if every.text(rule["Properties"]["Targets"][0]["Arn"]) == checkpoint
    )

    assert schedule == ("rate(1 minute)" if every.env_name == "local" else "rate(5 minutes)")


def test_targets_denies_and_the_blocked_are_searched_each_on_its_own(every: Deployment) -> None:
    revocation = f"${{{every.function('revoke_session')[0]}.Arn}}"
    found = {}
    for rule in every.of_type("AWS::Events::Rule").values():
        for target in rule["Properties"]["Targets"]:
            if every.text(target["Arn"]) == revocation:
                wanted = json.loads(target["Input"])["message"]
                found[wanted] = rule["Properties"]["ScheduleExpression"]

    assert found == {
        "SearchTargets": "rate(15 minutes)",
        "SearchDenies": "rate(1 minute)",
        "SearchBlocked": "rate(1 minute)",
        # Of vendors, where PAM lends there.
        **({"SearchStanding": "rate(1 minute)"} if every.of_handler("issue_okta_group") else {}),
    }


@pytest.mark.parametrize(
    ("handler", "message"),
    [("tick", "Tick"), ("checkpoint_log", "SealRecords"), ("find_dark_calls", "MatchCalls")],
)
def test_a_schedule_sends_the_message_that_its_function_takes(
    every: Deployment, handler: str, message: str
) -> None:
    function = f"${{{every.function(handler)[0]}.Arn}}"
    sent = [
        json.loads(target["Input"])
        for rule in every.of_type("AWS::Events::Rule").values()
        for target in rule["Properties"]["Targets"]
        if every.text(target["Arn"]) == function and "ScheduleExpression" in rule["Properties"]
    ]

    assert sent == [{"message": message}]


def test_invocations_that_cloudtrail_tells_are_looked_at(every: Deployment) -> None:
    function = f"${{{every.function('find_dark_calls')[0]}.Arn}}"
    (pattern,) = (
        rule["Properties"]["EventPattern"]
        for rule in every.of_type("AWS::Events::Rule").values()
        if "EventPattern" in rule["Properties"]
        and every.text(rule["Properties"]["Targets"][0]["Arn"]) == function
    )
    (named,) = pattern["detail"]["resources"]["ARN"]

    assert pattern["source"] == [{"prefix": "aws."}]
    assert pattern["detail"]["eventName"] == [{"prefix": "Invoke"}]
    assert pattern["detail"]["userIdentity"] == {"type": [{"anything-but": ["AWSService"]}]}
    assert every.text(named["prefix"]).endswith(f":function:pam-{every.env_name}-service-")


def test_how_long_a_line_of_the_access_log_may_take_is_configured(every: Deployment) -> None:
    variables = every.function("find_dark_calls")[1]["Properties"]["Environment"]["Variables"]

    assert variables["PAM_AFTER_MINUTES"] == ("1" if every.env_name == "local" else "15")
    assert every.text(variables["PAM_ACCESS_LOG"]).startswith("${RequestApiAccessLog")


@pytest.mark.parametrize(
    "handler",
    [
        "checkpoint_log",
        "find_dark_calls",
        "record_activity",
        "revoke_session",
        "send_notices",
        "tick",
    ],
)
def test_an_asynchronous_invocation_that_fails_for_good_leaves_a_dead_letter(
    every: Deployment, handler: str
) -> None:
    queue, _ = every.dead_letters()
    function, _ = every.function(handler)
    (config,) = (
        each["Properties"]
        for each in every.of_type("AWS::Lambda::EventInvokeConfig").values()
        if every.text(each["Properties"]["FunctionName"]) == f"${{{function}}}"
    )

    assert every.text(config["DestinationConfig"]["OnFailure"]["Destination"]) == (
        f"${{{queue}.Arn}}"
    )


def test_dead_letters_wait_two_weeks_for_a_person(every: Deployment) -> None:
    for queue in every.of_type("AWS::SQS::Queue").values():
        assert queue["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_an_event_that_could_not_be_delivered_is_kept(every: Deployment) -> None:
    queue, _ = every.undelivered()
    _, bus = every.only("AWS::Events::EventBus")
    letters = [bus["Properties"]["DeadLetterConfig"]]
    for rule in every.of_type("AWS::Events::Rule").values():
        # Each is caught by its place.
        (target,) = rule["Properties"]["Targets"]
        letters.append(target["DeadLetterConfig"])

    assert len(letters) > 8
    assert {every.text(each["Arn"]) for each in letters} == {f"${{{queue}.Arn}}"}


def test_only_pams_own_bus_and_rules_leave_undelivered_events(every: Deployment) -> None:
    queue, _ = every.undelivered()
    (letting,) = (
        statement
        for statement in every.resource_statements()
        if statement.effect == "Allow" and f"${{{queue}.Arn}}" in statement.resources
    )
    named = json.loads(json.loads(json.loads(letting.conditions)["ArnLike"])["aws:SourceArn"])
    sources = [source.replace("${AWS::AccountId}", "an account") for source in named]

    assert letting.actions == {"sqs:SendMessage"}
    assert json.loads(letting.principals) == {"Service": "events.amazonaws.com"}
    assert [source.split(":", 5)[5] for source in sources] == [
        f"event-bus/pam-{every.env_name}",
        f"rule/pam-{every.env_name}-service-*",
    ]
    assert all(source.split(":")[4] not in {"", "*"} for source in sources)
    _, bus = every.only("AWS::Events::EventBus")
    assert bus["Properties"]["Name"] == f"pam-{every.env_name}"
    for rule in every.service["Resources"].values():
        # So AWS gives them names that begin with their stack's.
        assert rule["Type"] != "AWS::Events::Rule" or "Name" not in rule["Properties"]


def test_a_letter_about_an_unusable_key_does_not_need_the_key(every: Deployment) -> None:
    _, queue = every.undelivered()

    assert queue["Properties"]["SqsManagedSseEnabled"] is True


CLOCKED = {
    "audit_session",
    "checkpoint_log",
    "find_dark_calls",
    "revoke_session",
    "route_slack",
    "tick",
}


def test_every_function_is_told_its_name_and_has_a_limit(every: Deployment) -> None:
    for function in every.of_type("AWS::Lambda::Function").values():
        properties = function["Properties"]
        variables = properties["Environment"]["Variables"]
        handler = properties["Handler"].removesuffix(".handler")

        assert variables["POWERTOOLS_SERVICE_NAME"] == f"pam-{handler.replace('_', '-')}"
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == METRIC_NAMESPACE
        assert variables["LOG_LEVEL"] == "INFO"
        assert variables["PAM_ENV_NAME"] == every.env_name
        assert 3 < properties["Timeout"] <= 60
        assert properties["TracingConfig"] == {"Mode": "PassThrough"}


def test_where_traces_are_wanted_calls_are_traced_and_what_a_clock_calls_is_not(
    everything_on: Deployment,
) -> None:
    modes = {
        function["Properties"]["Handler"].removesuffix(".handler"): function["Properties"][
            "TracingConfig"
        ]["Mode"]
        for function in everything_on.of_type("AWS::Lambda::Function").values()
    }
    assert {handler for handler, mode in modes.items() if mode == "PassThrough"} == CLOCKED
    stages = everything_on.of_type("AWS::ApiGateway::Stage").values()
    _, machine = everything_on.only("AWS::StepFunctions::StateMachine")
    assert [stage["Properties"]["TracingEnabled"] for stage in stages] == [True] * len(stages)
    assert machine["Properties"]["TracingConfiguration"] == {"Enabled": True}


def test_in_aws_the_functions_run_on_python_3_14_and_arm(prod: Deployment) -> None:
    for function in prod.of_type("AWS::Lambda::Function").values():
        assert function["Properties"]["Runtime"] == "python3.14"
        assert function["Properties"]["Architectures"] == ["arm64"]
