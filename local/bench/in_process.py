"""PAM's functions in this process, as they are deployed, and the people and the workflow that use
them. Of AWS they reach the rim alone.
"""

import importlib
import itertools
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from local.bench.memory_tables import CALLS, SLACK, TABLES, forget_tables, make_tables, put
from local.bench.rim import Rim
from pam import clock, side_by_side, wiring
from pam.aws import clients
from pam.domain import messages, timestamps
from pam.policy.compiler import load
from pam.settings import (
    AdmitSettings,
    AskSettings,
    AuditSettings,
    GateSettings,
    IssueSettings,
    RequestApiSettings,
    RevokeSettings,
    Settings,
    SlackDoorSettings,
    TickSettings,
)

ROOT = Path(__file__).resolve().parent.parent.parent
REGION, ACCOUNT = "eu-west-1", "000000000000"
LEDGER = "core-ledger-admin"
SLACK_TEAM, _CHANNEL = "T0BANK00001", "C0CORE00001"
_COMMON: dict[str, Any] = {"env_name": "bench", "table_name": TABLES.sessions}
_DATABASES: dict[str, Any] = {"database_sslmode": "disable", "database_root_certificate": ""}
_TARGETS: dict[str, Any] = {**_DATABASES, "vendors": ""}
_KEYS: dict[str, Any] = {
    "door_key_arn": "door",
    "admission_key_arn": "admission",
    "activation_key_arn": "activation",
    "slack_key_arn": "",
}
_HOME: dict[str, Any] = {
    "account": ACCOUNT,
    "region": REGION,
    "state_machine_arn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:machine",
}
SETTINGS: dict[str, Settings] = {
    "request_api": RequestApiSettings(
        **_COMMON,
        **_HOME,
        calls_table=CALLS,
        revoke_function="revoke_session",
        door_key_arn="door",
        tier1_topic_arn="tier1",
        requester_topic_arn="requesters",
    ),
    "admit_request": AdmitSettings(
        **_COMMON, **_HOME, tier1_topic_arn="tier1", admission_key_arn="admission"
    ),
    "ask_approvers": AskSettings(**_COMMON, approver_topic_arn="approvers"),
    "issue_credentials": IssueSettings(
        **_COMMON, **_TARGETS, **_KEYS, calls_table=CALLS, auditor_function="audit_session"
    ),
    "activate_session": GateSettings(**_COMMON, **_TARGETS, **_KEYS),
    "revoke_session": RevokeSettings(**_COMMON, **_TARGETS, **_HOME, cloudtrail=""),
    "tick": TickSettings(
        **_COMMON, revoke_function="revoke_session", notice_function="send_notices"
    ),
    "slack_door": SlackDoorSettings(
        **_COMMON,
        **_HOME,
        slack_table=SLACK,
        slack_queue_url="https://queue/pam",
        slack_api_url="https://slack.com/api/",
        slack_bot_token="bot-token",  # noqa: S106 - the name of one
        slack_team_ids=SLACK_TEAM,
        slack_enterprise_ids="",
        slack_signing_secret="",
        slack_socket_role="host",
        slack_commands="/jit",
        slack_reactions="",
        slack_key_arn="slack",
        door_key_arn="door",
        calls_table=CALLS,
        revoke_function="revoke_session",
    ),
    "audit_session": AuditSettings(
        **_COMMON, log_group_name="audit", bus_name="bus", archive_bucket="archive"
    ),
}
_ids = itertools.count(1)


class Refused(Exception):
    """The API refused what is to be measured."""


@dataclass
class Deployed:
    """Each act is what a person or the workflow does; what it asks of AWS stands in `rim.seen`."""

    rim: Rim

    def later(self, **length: float) -> None:
        self.rim.now += timedelta(**length)

    def post(self, path: str, who: str, **body: Any) -> dict[str, Any]:
        return self._http("request_api", _event("POST", path, who, body=json.dumps(body)))

    def get(self, path: str, who: str, **query: str) -> dict[str, Any]:
        return self._http("request_api", _event("GET", path, who, query=query))

    def of_session(self, what: str, session_id: str, who: str) -> dict[str, Any]:
        path = "/pam/sessions/{session_id}" + what
        return self._http("request_api", _event("GET", path, who, session_id=session_id))

    def request(self, who: str = "alice", resource: str = LEDGER) -> str:
        """As the command sends it: with a key by which it may be sent again."""
        body = json.dumps({"resource": resource, "reason": "ledger stuck, INC-1"})
        event = _event("POST", "/pam/request", who, body=body)
        event["headers"]["Idempotency-Key"] = f"key-{next(_ids)}"
        return str(self._http("request_api", event)["session_id"])

    def admit(self, session_id: str) -> None:
        """The workflow, until it waits for votes."""
        execution = self.rim.execution_of(session_id)
        self._send("admit_request", messages.Admit(execution_arn=execution))
        waiting = messages.AskApprovers(session_id=session_id, task_token=f"token {session_id}")
        self._send("ask_approvers", waiting)

    def approve(self, who: str, session_id: str) -> None:
        self.post("/pam/approve", who, session_id=session_id)

    def approve_in_slack(self, who: str, session_id: str) -> None:
        """By somebody of whom Slack has said a moment ago who they are."""
        user = f"U0{who.upper():0<8}1"
        flags = ("deleted", "is_bot", "is_app_user", "is_restricted", "is_ultra_restricted")
        member = {"id": user, "team_id": SLACK_TEAM, **dict.fromkeys(flags, False)}
        shared = ("is_ext_shared", "is_pending_ext_shared", "is_shared", "is_archived")
        channel = {"id": _CHANNEL, "is_member": True, **dict.fromkeys(shared, False)}
        self._remember(f"user#{user}", {"user": member, "basis": "", "display": who})
        self._remember(f"channel#{_CHANNEL}", {"channel": channel})
        number = next(_ids)
        action = {"action_id": "pam.approve", "action_ts": f"1.{number}", "value": session_id}
        pressed = {
            "type": "block_actions",
            "team": {"id": SLACK_TEAM},
            "user": {"id": user, "team_id": SLACK_TEAM},
            "container": {"type": "message", "message_ts": "1.2", "channel_id": _CHANNEL},
            "actions": [action],
        }
        body = json.dumps({"type": "interactive", "payload": pressed})
        event = _event("POST", "/slack/socket", "host", body=body)
        host = f"arn:aws:sts::{ACCOUNT}:assumed-role/host/task"
        event["requestContext"]["identity"]["userArn"] = host
        self._http("slack_door", event)

    def _remember(self, name: str, facts: dict[str, Any]) -> None:
        asked_at = timestamps.render(self.rim.now)
        item = {"pk": name, "sk": "facts", "facts": json.dumps(facts), "asked_at": asked_at}
        put(SLACK, {key: {"S": value} for key, value in item.items()})

    def activate(self, session_id: str) -> None:
        """The workflow, once the last vote has let it go on."""
        self._send("activate_session", messages.Activate(session_id=session_id))

    def lease(self, session_id: str, who: str = "alice") -> None:
        path = "/pam/sessions/{session_id}/credentials"
        self._http("issue_credentials", _event("POST", path, who, session_id=session_id))

    def check(self, who: str = "alice") -> bool:
        return bool(self.get("/pam/check", who, resource=LEDGER)["allowed"])

    def revoke(self, session_id: str) -> None:
        self.post("/pam/revoke", "sam", session_id=session_id, reason="that is enough of it")

    def end(self, session_id: str, who: str = "alice") -> None:
        self.post("/pam/end", who, session_id=session_id)

    def end_due(self, session_id: str) -> None:
        """The workflow, after it has waited."""
        self._send("revoke_session", messages.EndDue(session_id=session_id))

    def carry(self, session_id: str) -> None:
        """What the table's stream has the auditor do."""
        self._send("audit_session", messages.Settle(session_id=session_id))

    def tick(self) -> None:
        self._send("tick", messages.Tick())

    def search_blocked(self) -> None:
        """The search of each minute."""
        self._send("revoke_session", messages.SearchBlocked())

    def waiting(self, who: str = "alice") -> str:
        """A session that one more vote approves."""
        session_id = self.request(who)
        self.admit(session_id)
        self.approve("bob", session_id)
        return session_id

    def granted(self, who: str = "alice") -> str:
        session_id = self.waiting(who)
        self.approve("carol", session_id)
        self.activate(session_id)
        return session_id

    def _http(self, door: str, event: dict[str, Any]) -> dict[str, Any]:
        answer = self.rim.run(door, event)
        if answer["statusCode"] >= 300:  # noqa: PLR2004 - HTTP's own
            raise Refused(answer["body"])
        found: dict[str, Any] = json.loads(answer["body"])
        return found

    def _send(self, function: str, message: Any) -> None:
        self.rim.run(function, messages.event_of(message))


class Context:
    """What a function is told of its call."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:function"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@contextmanager
def deployed() -> Iterator[Deployed]:
    """As just deployed: tables are empty, and no function has run yet."""
    rim = Rim()
    session = rim.session()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        law = load(ROOT / "policy", ROOT / "local" / "identities.yaml")
        (folder / "policy.json").write_text(law.to_json(), encoding="utf-8")
        told = {
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "POWERTOOLS_METRICS_NAMESPACE": "PAM",
            "POWERTOOLS_LOG_LEVEL": "WARNING",
        }
        stack.enter_context(patch.dict(os.environ, told))
        stack.enter_context(patch.object(wiring, "_POLICY_FILE", folder / "policy.json"))
        stack.enter_context(patch.object(clients, "_session", lambda: session))
        stack.enter_context(patch.object(clock, "now", lambda: rim.now))
        stack.enter_context(patch.object(side_by_side, "ThreadPoolExecutor", rim.pool))
        stack.callback(_forget)
        stack.callback(forget_tables)
        _forget()
        make_tables()
        for name, settings in SETTINGS.items():
            module = importlib.import_module(name)
            for made in ("front", "entrance"):
                getattr(getattr(module, made, None), "cache_clear", lambda: None)()
            stack.enter_context(patch.object(module, "settings", _always(settings)))
            rim.functions[name] = _as_lambda_calls(module)
        yield Deployed(rim)


def _always(settings: Settings) -> Callable[[], Settings]:
    return lambda: settings


def _as_lambda_calls(module: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda event: module.handler(event, Context())


def _forget() -> None:
    """A process that has just started has made nothing."""
    for made in vars(wiring).values():
        if hasattr(made, "cache_clear"):
            made.cache_clear()


def _event(
    method: str,
    resource: str,
    who: str,
    *,
    body: str | None = None,
    query: dict[str, str] | None = None,
    **path: str,
) -> dict[str, Any]:
    """What API Gateway hands to a function for a signed call."""
    return {
        "resource": resource,
        "path": resource.format(**path),
        "httpMethod": method,
        "headers": {"Content-Type": "application/json"},
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [each] for name, each in (query or {}).items()},
        "pathParameters": path or None,
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {
            "path": resource.format(**path),
            "stage": "v1",
            "requestId": "call",
            "extendedRequestId": f"request-{next(_ids)}",
            "identity": {
                "userArn": f"arn:aws:iam::{ACCOUNT}:user/{who}",
                "sourceIp": "192.0.2.1",
                "userAgent": "pam/1",
            },
        },
    }
