"""The deployed functions, called as Lambda calls them, on a table in moto."""

import importlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pam import wiring
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.operations import block_person
from pam.settings import (
    ActivitySettings,
    AdmitSettings,
    AskSettings,
    AuditSettings,
    DarkCallSettings,
    GateSettings,
    IssueSettings,
    NoticeSettings,
    RequestApiSettings,
    RevokeSettings,
    Settings,
    SlackDoorSettings,
    SlackPaintSettings,
    SlackRouteSettings,
    TickSettings,
    WatchSettings,
)
from tests.contract.conftest import REGION, TABLE, TABLES, aws, table
from tests.fakes.story import COMPILED, Story
from tests.fakes.world import FakeCalls

__all__ = ["aws", "table"]

COMMON = {"env_name": "test", "table_name": TABLE}
OWN_ROLES = ("arn:aws:iam::000000000000:role/tick", "arn:aws:iam::000000000000:role/workflow")
SLACK_QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/told.fifo"
OWN_FUNCTIONS = "arn:aws:lambda:eu-west-1:000000000000:function:pam-test-service-"
DATABASES = {"database_sslmode": "disable", "database_root_certificate": ""}
TARGETS = {**DATABASES, "vendors": ""}
KEYS = {
    "door_key_arn": "door",
    "admission_key_arn": "admission",
    "activation_key_arn": "activation",
    "slack_key_arn": "slack",
}
SETTINGS: dict[str, Settings] = {
    "request_api": RequestApiSettings(
        **COMMON,
        account="000000000000",
        region=REGION,
        state_machine_arn="machine",
        calls_table="calls",
        revoke_function="revocation",
        door_key_arn="door",
        tier1_topic_arn="tier1",
        requester_topic_arn="requesters",
    ),
    "admit_request": AdmitSettings(
        **COMMON,
        account="000000000000",
        region=REGION,
        state_machine_arn="machine",
        tier1_topic_arn="tier1",
        admission_key_arn="admission",
    ),
    "ask_approvers": AskSettings(**COMMON, approver_topic_arn="approvers"),
    "issue_credentials": IssueSettings(
        **COMMON, **TARGETS, **KEYS, calls_table="calls", auditor_function="auditor"
    ),
    "activate_session": GateSettings(**COMMON, **TARGETS, **KEYS),
    "revoke_session": RevokeSettings(
        **COMMON,
        **TARGETS,
        cloudtrail="the-trail",
        account="000000000000",
        region=REGION,
        state_machine_arn="machine",
    ),
    "find_dark_calls": DarkCallSettings(
        **COMMON,
        calls_table="calls",
        access_log="access",
        own_roles=",".join(OWN_ROLES),
        functions=OWN_FUNCTIONS,
        after_minutes="15",
    ),
    "tick": TickSettings(**COMMON, revoke_function="revocation", notice_function="notices"),
    "send_notices": NoticeSettings(
        **COMMON,
        approver_topic_arn="approvers",
        requester_topic_arn="requesters",
        tier1_topic_arn="tier1",
    ),
    "route_slack": SlackRouteSettings(**COMMON, slack_table="slack", slack_queue_url=SLACK_QUEUE),
    "paint_slack": SlackPaintSettings(
        **COMMON,
        door_key_arn="door",
        slack_table="slack",
        slack_queue_url=SLACK_QUEUE,
        slack_api_url="https://slack.com/api/",
        slack_bot_token="bot-token",
        slack_team_ids="T0BANK00001",
        slack_enterprise_ids="",
    ),
    "record_activity": ActivitySettings(
        **COMMON,
        account="111122223333",
        region=REGION,
        identity_center_user_name="{person}",
    ),
    "slack_door": SlackDoorSettings(
        **COMMON,
        account="000000000000",
        region=REGION,
        state_machine_arn="machine",
        calls_table="calls",
        revoke_function="revocation",
        slack_key_arn="slack",
        door_key_arn="door",
        slack_table="slack",
        slack_queue_url="queue",
        slack_api_url="https://slack.com/api/",
        slack_bot_token="bot-token",
        slack_team_ids="T0BANK",
        slack_enterprise_ids="E0BANK",
        slack_signing_secret="signing-secret",
        slack_socket_role="pam-test-slack-socket",
        slack_commands="/jit,/request-admin",
        slack_reactions="on",
    ),
    "watch_store": WatchSettings(**COMMON, **KEYS),
    "audit_session": AuditSettings(
        **COMMON, log_group_name="audit", bus_name="bus", archive_bucket="archive"
    ),
}


FRESH = "fresh"


class Context:
    function_name = "function"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:function"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


Function = Callable[[dict[str, Any]], Any]


@pytest.fixture
def story(table: Any) -> Story:
    """Operations on the very table that the functions use."""
    return Story(store=DynamoDbSessions(table, TABLES))  # type: ignore[arg-type]


@pytest.fixture
def calls() -> FakeCalls:
    """What the doors noted."""
    return FakeCalls()


@pytest.fixture
def function(
    story: Story, calls: FakeCalls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Function]]:
    """`function("request_api")` is that function's handler, with the story's target, workflow and
    notifier on its rim, and the story's clock."""
    policy = tmp_path / "policy.json"
    policy.write_text(COMPILED.to_json(), encoding="utf-8")
    monkeypatch.setattr(wiring, "_POLICY_FILE", policy)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "MOD046/PAM")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    # moto's tables bear one writer at a time.
    monkeypatch.setattr(block_person, "_AT_ONCE", 1)
    monkeypatch.setattr(wiring, "issuers", lambda _: story.issuers)
    monkeypatch.setattr(wiring, "workflow", lambda *_: story.workflow)
    monkeypatch.setattr(wiring, "waiting_workflow", lambda _: story.workflow)
    monkeypatch.setattr(wiring, "notifier", lambda *_: story.notifier)
    monkeypatch.setattr(wiring, "auditor", lambda _: story.audit_log)
    monkeypatch.setattr(wiring, "closer", lambda _: story.closer)
    monkeypatch.setattr(wiring, "calls", lambda _: calls)
    monkeypatch.setattr(wiring, "signer", lambda maker, _: story.keys.of(maker))
    monkeypatch.setattr(wiring, "verifier", lambda _: story.keys)
    monkeypatch.setattr(wiring, "link_verifier", lambda _: story.keys)
    loaded: list[ModuleType] = []

    def load(name: str) -> Function:
        for variable, value in SETTINGS[name].to_env().items():
            monkeypatch.setenv(variable, value)
        module = importlib.import_module(name)
        loaded.append(module)
        module.settings.cache_clear()
        for made in ("watched", "entrance", "front"):
            getattr(getattr(module, made, None), "cache_clear", lambda: None)()
        if hasattr(module, "clock"):
            monkeypatch.setattr(module.clock, "now", lambda: story.now)
        return lambda event: module.handler(_as_its_own(event), Context())

    kept = (
        wiring.own_client,
        wiring.noted_acts,
        wiring.compiled_policy,
        wiring.policy,
        wiring.policy_sets,
        wiring.sessions,
        wiring.links,
        wiring.link_codes,
        wiring.outbox,
        wiring.sink,
        wiring.archive,
    )
    for cached in kept:
        cached.cache_clear()
    yield load
    for cached in kept:
        cached.cache_clear()
    for module in loaded:
        module.settings.cache_clear()


_numbers = itertools.count(1)


def _as_its_own(event: Any) -> Any:
    """Each call of the gateway has an id of its own, unless the test gives it one."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    if not isinstance(context, dict) or context.get("extendedRequestId") != FRESH:
        return event
    return event | {"requestContext": context | {"extendedRequestId": f"extended-{next(_numbers)}"}}


def call(method: str, resource: str, who: str, body: str | None = None, **path: str) -> Any:
    """What API Gateway hands to a function for a signed call."""
    address = resource
    for name, value in path.items():
        address = address.replace(f"{{{name}}}", value)
    return {
        "resource": resource,
        "path": address,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json"},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": path or None,
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {
            "path": address,
            "stage": "v1",
            "requestId": "call-1",
            "extendedRequestId": FRESH,
            "identity": {
                "userArn": f"arn:aws:iam::000000000000:user/{who}",
                "sourceIp": "192.0.2.1",
                "userAgent": "pam/1 \x1b[31m",
            },
        },
    }
