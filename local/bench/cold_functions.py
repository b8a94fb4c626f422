"""The functions as they are shipped, each called in a process of its own: one short night of PAM.

A request, its votes, the access, its use and its end, told by the functions themselves to a small
stand-in for AWS. So each finds what the others stored, and each answer can be looked at.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local.bench.small_aws import Kept, SmallAws
from pam.settings import (
    ActivitySettings,
    AdmitSettings,
    AskSettings,
    AuditSettings,
    CheckpointSettings,
    DarkCallSettings,
    GateSettings,
    IdentityCenterSettings,
    IssueIdentityCenterSettings,
    IssueOktaSettings,
    IssueSettings,
    NoticeSettings,
    OktaSettings,
    RequestApiSettings,
    RevokeSettings,
    RotateSettings,
    Settings,
    SlackDoorSettings,
    SlackPaintSettings,
    SlackRouteSettings,
    TickSettings,
    WatchSettings,
    WitnessSettings,
)

Event = dict[str, Any]

_SCRIPT = Path(__file__).with_name("first_answer.py")
_ENV, _ACCOUNT, _REGION = "bench", "000000000000", "us-east-1"
_MACHINE = f"arn:aws:states:{_REGION}:{_ACCOUNT}:stateMachine:pam"
_TABLE = {"env_name": _ENV, "table_name": "sessions"}
_DATABASES = {"database_sslmode": "disable", "database_root_certificate": ""}
_TARGETS = {**_DATABASES, "vendors": ""}
_KEYS = {f"{maker}_key_arn": maker for maker in ("door", "admission", "activation", "slack")}
_PLACE = {"account": _ACCOUNT, "region": _REGION}
_SLACK = {
    "slack_table": "slack",
    "slack_queue_url": "https://queue/pam",
    "slack_api_url": "https://slack.com/api/",
    "slack_bot_token": "bot-token",
    "slack_team_ids": "T0BANK00001",
    "slack_enterprise_ids": "",
}
_CENTER = {
    "identity_center_region": _REGION,
    "identity_center_role": "",
    "identity_center_user_name": "{person}",
    "identity_center_url": "",
}
_OKTA = {
    "okta_client_id": "0oapamissuer00000001",
    "okta_key_arn": f"arn:aws:kms:{_REGION}:{_ACCOUNT}:key/okta",
    "okta_login": "{person}",
    "okta_api_url": "",
}
_BOB, _CHANNEL = "U0BOB000001", "C0CORE00001"
"""In Slack; he is listed in the identities file."""
_A_SHORT_TIME = 8
"""Seconds: enough for a lease to be given, on a busy machine."""
_RESOURCE = "core-ledger-admin"
_ROLE = f"arn:aws:iam::{_ACCOUNT}:role/pam-target-{_RESOURCE}"

SETTINGS: dict[str, Settings] = {
    "request_api": RequestApiSettings(
        **_TABLE,
        **_PLACE,
        calls_table="calls",
        state_machine_arn=_MACHINE,
        revoke_function="revoke_session",
        door_key_arn="door",
        tier1_topic_arn="tier1",
        requester_topic_arn="requesters",
    ),
    "issue_credentials": IssueSettings(
        **_TABLE, **_TARGETS, **_KEYS, calls_table="calls", auditor_function="audit_session"
    ),
    "admit_request": AdmitSettings(
        **_TABLE,
        **_PLACE,
        state_machine_arn=_MACHINE,
        tier1_topic_arn="tier1",
        admission_key_arn="admission",
    ),
    "ask_approvers": AskSettings(**_TABLE, approver_topic_arn="approvers"),
    "activate_session": GateSettings(**_TABLE, **_TARGETS, **_KEYS),
    "revoke_session": RevokeSettings(
        **_TABLE, **_TARGETS, **_PLACE, cloudtrail="", state_machine_arn=_MACHINE
    ),
    "tick": TickSettings(**_TABLE, revoke_function="revoke", notice_function="notices"),
    "send_notices": NoticeSettings(
        **_TABLE,
        approver_topic_arn="approvers",
        requester_topic_arn="requesters",
        tier1_topic_arn="tier1",
    ),
    "audit_session": AuditSettings(
        **_TABLE, log_group_name="audit", bus_name="bus", archive_bucket="archive"
    ),
    "checkpoint_log": CheckpointSettings(
        **_TABLE,
        archive_bucket="archive",
        interval_minutes="15",
        signing_key_arn="log-key",
        witness_function="witness_log",
    ),
    "witness_log": WitnessSettings(
        env_name=_ENV, memory_table="memory", signing_key_arn="witness-key"
    ),
    "watch_store": WatchSettings(**_TABLE, **_KEYS),
    "record_activity": ActivitySettings(**_TABLE, **_PLACE, identity_center_user_name="{person}"),
    "find_dark_calls": DarkCallSettings(
        **_TABLE,
        calls_table="calls",
        access_log="access",
        own_roles="none",
        functions="none",
        after_minutes="15",
    ),
    "issue_identity_center": IssueIdentityCenterSettings(**_TABLE, **_PLACE, **_CENTER, **_KEYS),
    "revoke_identity_center": IdentityCenterSettings(**_TABLE, **_PLACE, **_CENTER),
    "issue_okta_group": IssueOktaSettings(**_TABLE, **_PLACE, **_OKTA, **_KEYS),
    "revoke_okta_group": OktaSettings(**_TABLE, **_PLACE, **_OKTA),
    "rotate_secret": RotateSettings(env_name=_ENV, **_DATABASES),
    "slack_door": SlackDoorSettings(
        **_TABLE,
        **_PLACE,
        **_SLACK,
        slack_signing_secret="",
        slack_socket_role="pam-bench-slack-socket",
        slack_commands="/jit",
        slack_reactions="",
        slack_key_arn="slack",
        door_key_arn="door",
        calls_table="calls",
        state_machine_arn=_MACHINE,
        revoke_function="revoke_session",
    ),
    "paint_slack": SlackPaintSettings(**_TABLE, **_SLACK, door_key_arn="door"),
    "route_slack": SlackRouteSettings(
        **_TABLE, slack_table="slack", slack_queue_url="https://queue/pam"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process: its CPU time in seconds from its start, and what it answered."""

    imported: float
    answered: float
    answer: Any
    packages_at_import: frozenset[str]
    packages: frozenset[str]
    """Of others: what it had loaded from its bundle beside PAM, by its import and at the end."""


class NotAnsweredError(Exception):
    """A function failed, or answered something else than it should: its time means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What is measured: an event of one function, and whether an answer is the one it should be."""

    name: str
    handler: str
    event: Event
    is_right: Callable[[Any], bool]
    kept: Kept | None = None
    """What AWS holds at that time; None for all that the night has made."""


class ColdFunctions:
    """`bundle_of` gives the folder of a function's unpacked bundle."""

    def __init__(self, aws: SmallAws, bundle_of: Callable[[str], Path]) -> None:
        self._aws = aws
        self._bundle_of = bundle_of

    def run(self, act: Act) -> Run:
        """What it put is there afterwards. Raises NotAnsweredError."""
        settings = SETTINGS[act.handler].to_env()
        run = fresh(self._bundle_of(act.handler), act.handler, act.event, self._aws, settings)
        if not act.is_right(run.answer):
            message = f"{act.name}: answered {run.answer}"
            raise NotAnsweredError(message)
        return run


def fresh(folder: Path, handler: str, event: Event, aws: SmallAws, settings: dict[str, str]) -> Run:
    """Runs a handler in a new interpreter that sees the standard library and `folder`."""
    environment = {
        **settings,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": _REGION,
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_LAMBDA_FUNCTION_NAME": handler,
        "LOG_LEVEL": "INFO",
        "POWERTOOLS_METRICS_NAMESPACE": "MOD046/PAM",
        "POWERTOOLS_SERVICE_NAME": f"pam-{handler}",
    }
    reading, writing = os.pipe()
    command = [getattr(sys, "_base_executable", sys.executable), "-s", "-B", str(_SCRIPT)]
    with os.fdopen(reading) as told:
        process = subprocess.Popen(
            [*command, str(folder), handler, str(writing)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(writing,),
            env=environment,
            cwd=folder,
        )
        os.close(writing)
        said, _ = process.communicate(json.dumps(event).encode(), timeout=60)
        document = told.read()
    if not document:
        message = f"{handler}: {said.decode()[-2000:]}"
        raise NotAnsweredError(message)
    raw = json.loads(document)
    own = {"pam", handler}
    return Run(
        imported=raw["imported"],
        answered=raw["answered"],
        answer=raw["answer"],
        packages_at_import=frozenset(raw["loaded_at_import"]) - own,
        packages=frozenset(raw["loaded"]) - own,
    )


def acts(functions: ColdFunctions, aws: SmallAws) -> dict[str, Act]:
    """The commonest event of each function, with everything stored that it looks at."""
    night = _Night(functions, aws)
    lent = night.lent(3600)
    nothing_due = deepcopy(aws.kept)
    over = night.lent(_A_SHORT_TIME)
    time.sleep(_A_SHORT_TIME + 1)
    made = [
        _api("request API: check", "GET", "/pam/check", "alice", query={"resource": _RESOURCE}),
        _api("request API: poll of a session", "GET", "/pam/sessions/{session_id}", "alice", lent),
        night.request("dave"),
        night.lease(lent),
        night.click_in_slack(),
        *night.of_the_workflow(),
        _own("revoke_session", {"message": "EndDue", "session_id": over}, "EXPIRED"),
        replace(_own("tick", {"message": "Tick"}, '{"due": 0}'), kept=nothing_due),
        _own("send_notices", {"message": "SendNotices", "session_id": lent}, "sent"),
        *night.of_streams(lent),
        *night.of_the_log(),
        night.of_a_trail(lent),
        _own("find_dark_calls", {"message": "MatchCalls"}, "matched"),
        *_of_slack(lent),
        *_of_vendors(lent),
        Act(
            name="rotate_secret",
            handler="rotate_secret",
            event={
                "SecretId": "secret",
                "ClientRequestToken": "4c2b4f6e-2222-4000-8000-000000000000",
                "Step": "createSecret",
            },
            is_right=lambda answer: answer is None,
        ),
    ]
    return {act.name: act for act in made}


class _Night:
    def __init__(self, functions: ColdFunctions, aws: SmallAws) -> None:
        self._functions = functions
        self._aws = aws
        # The auditor is asked whether all records are delivered: more than there are.
        aws.kept.answers["audit_session"] = {"delivered": 1_000}
        aws.kept.answers["witness_log"] = {"number": 0, "line": "a line"}

    def request(self, who: str, seconds: int = 3600) -> Act:
        body = {
            "resource": _RESOURCE,
            "reason": "the ledger is stuck, see INC-1",
            "duration_seconds": seconds,
        }
        return _api("request API: request", "POST", "/pam/request", who, body=body)

    def lease(self, session_id: str) -> Act:
        route = "/pam/sessions/{session_id}/credentials"
        act = _api("issue_credentials", "POST", route, "alice", session_id)
        return replace(act, handler="issue_credentials")

    def lent(self, seconds: int) -> str:
        """A session with a lease."""
        session_id = self._asked("alice", seconds)
        for who in ("bob", "carol"):
            body = {"session_id": session_id}
            self._functions.run(_api("vote", "POST", "/pam/approve", who, body=body))
        self._functions.run(_activation(session_id))
        self._functions.run(self.lease(session_id))
        return session_id

    def _asked(self, who: str, seconds: int = 3600) -> str:
        answer = self._functions.run(self.request(who, seconds)).answer
        session_id = str(json.loads(answer["body"])["session_id"])
        self._aws.kept.input = json.dumps({"session_id": session_id})
        return session_id

    def of_the_workflow(self) -> list[Act]:
        waiting, approved = self._asked("load01"), self._asked("load02")
        for who in ("bob", "carol"):
            body = {"session_id": approved}
            self._functions.run(_api("vote", "POST", "/pam/approve", who, body=body))
        admitted = self._asked("load03")
        execution = f"{_MACHINE.replace(':stateMachine:', ':execution:')}:{admitted}"
        asked = {"message": "AskApprovers", "session_id": waiting, "task_token": "token"}
        return [
            _own("admit_request", {"message": "Admit", "execution_arn": execution}, admitted),
            Act(
                name="ask_approvers",
                handler="ask_approvers",
                event=asked,
                is_right=lambda answer: answer is None,
            ),
            _activation(approved),
        ]

    def click_in_slack(self) -> Act:
        """An approval, of somebody of whom Slack has said a moment ago who they are."""
        session_id = self._asked("load04")
        flags = ("deleted", "is_bot", "is_app_user", "is_restricted", "is_ultra_restricted")
        user = {"id": _BOB, "team_id": "T0BANK00001", **dict.fromkeys(flags, False)}
        shared = ("is_ext_shared", "is_pending_ext_shared", "is_shared", "is_archived")
        channel = {"id": _CHANNEL, "is_member": True, **dict.fromkeys(shared, False)}
        self._remember(f"user#{_BOB}", {"user": user, "basis": "", "display": "bob"})
        self._remember(f"channel#{_CHANNEL}", {"channel": channel})
        pressed = {
            "type": "block_actions",
            "team": {"id": "T0BANK00001"},
            "user": {"id": _BOB, "team_id": "T0BANK00001"},
            "container": {"type": "message", "message_ts": "1.2", "channel_id": _CHANNEL},
            "channel": {"id": _CHANNEL},
            "actions": [{"action_id": "pam.approve", "action_ts": "1.3", "value": session_id}],
        }
        body = json.dumps({"type": "interactive", "payload": pressed})
        act = _api("slack_door", "POST", "/slack/socket", "bob")
        host = f"arn:aws:sts::{_ACCOUNT}:assumed-role/pam-bench-slack-socket/task"
        context = {**act.event["requestContext"], "identity": {"userArn": host}}
        event = {**act.event, "body": body, "requestContext": context}
        return Act(
            name="slack_door",
            handler="slack_door",
            event=event,
            # Told nothing: it is a vote.
            is_right=lambda answer: (answer["statusCode"], answer["body"]) == (HTTPStatus.OK, "{}"),
        )

    def _remember(self, name: str, facts: dict[str, Any]) -> None:
        # Fresh for as long as the night takes.
        asked_at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 3600))
        item = {"pk": name, "sk": "facts", "facts": json.dumps(facts), "asked_at": asked_at}
        table = self._aws.kept.items.setdefault("slack", {})
        table[name, "facts"] = {key: {"S": value} for key, value in item.items()}

    def of_streams(self, session_id: str) -> list[Act]:
        key = {"S": f"SESSION#{session_id}"}
        record = next(item for item in self._aws.found("RECORD") if item["pk"] == key)
        session = next(item for item in self._aws.found("SESSION") if item["pk"] == key)
        return [
            _own("audit_session", _streamed(record), "batchItemFailures"),
            _own("watch_store", _streamed(session), "batchItemFailures"),
        ]

    def of_the_log(self) -> list[Act]:
        """What a checkpoint says to the witness is the witness's event."""
        for record in self._aws.found("RECORD"):
            self._functions.run(_own("audit_session", _streamed(record), "batchItemFailures"))
        checkpoint = _own("checkpoint_log", {"message": "SealRecords"}, "witnessed")
        with self._aws.holding():
            self._functions.run(checkpoint)
            note = next(said for _, said in self._aws.kept.invoked if "note" in said)
        return [checkpoint, _own("witness_log", note, "line")]

    def of_a_trail(self, session_id: str) -> Act:
        identity = {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{_ACCOUNT}:assumed-role/pam-target-{_RESOURCE}/alice",
            "accountId": _ACCOUNT,
            "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": _ROLE},
                "sourceIdentity": session_id,
            },
        }
        told = {
            "source": "aws.s3",
            "detail-type": "AWS API Call via CloudTrail",
            "detail": {
                "eventID": "5f2c0b8e-3f3f-4a57-9a53-0f5b4f9f8a10",
                "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "eventSource": "s3.amazonaws.com",
                "eventName": "GetObject",
                "awsRegion": _REGION,
                "sourceIPAddress": "192.0.2.7",
                "userAgent": "aws-cli/2",
                "userIdentity": identity,
                "resources": [{"ARN": "arn:aws:s3:::ledger", "type": "AWS::S3::Bucket"}],
                "requestParameters": {"bucketName": "ledger"},
            },
        }
        event = {"Records": [{"messageId": "m", "body": json.dumps(told)}]}
        return Act(
            name="record_activity",
            handler="record_activity",
            event=event,
            is_right=lambda answer: answer == {"recorded": 1, "batchItemFailures": []},
        )


def _of_slack(session_id: str) -> list[Act]:
    """What wakes the painter, and a job that is of no use to anybody by now."""
    heard = {"session_id": session_id, "resource": _RESOURCE, "domain": "bank-core", "sequence": 1}
    late = {
        "job": "send",
        "to": _CHANNEL,
        "method": "chat.postMessage",
        "arguments": {},
        "not_after": "2026-01-01T00:00:00.000Z",
    }
    message = {
        "messageId": "m",
        "receiptHandle": "r",
        "body": json.dumps(late),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1767225600000"},
    }
    return [
        _own("route_slack", {"source": "bank.mod046.pam", "detail": heard}, "woken"),
        Act(
            name="paint_slack",
            handler="paint_slack",
            event={"Records": [message]},
            is_right=lambda answer: answer == {"batchItemFailures": []},
        ),
    ]


def _of_vendors(session_id: str) -> list[Act]:
    """Asked about a session that is not of their kind: all is put together, and no vendor asked."""
    asked = {"issue": "SeeAccess", "revoke": "UnmakeAccess"}
    return [
        _own(f"{power}_{kind}", {"message": act, "session_id": session_id}, "of another kind")
        for kind in ("identity_center", "okta_group")
        for power, act in asked.items()
    ]


def _activation(session_id: str) -> Act:
    return _own("activate_session", {"message": "Activate", "session_id": session_id}, "ACTIVE")


def _own(handler: str, event: Event, said: str) -> Act:
    """`said` stands in a right answer; a batch must not have failed in part."""
    return Act(
        name=handler,
        handler=handler,
        event=event,
        is_right=lambda answer: (
            said in json.dumps(answer) and not (answer or {}).get("batchItemFailures")
        ),
    )


def _streamed(item: dict[str, Any]) -> Event:
    told = {
        "Keys": {name: item[name] for name in ("pk", "sk")},
        "NewImage": item,
        "SequenceNumber": "1",
    }
    return {"Records": [{"eventID": "e", "eventName": "INSERT", "dynamodb": told}]}


def _api(
    name: str,
    method: str,
    route: str,
    who: str,
    session_id: str = "",
    *,
    query: dict[str, str] | None = None,
    body: dict[str, Any] | None = None,
) -> Act:
    """A call of the request API, as the gateway hands it over."""
    path = route.replace("{session_id}", session_id)
    event = {
        "resource": route,
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json", "Host": "api", "User-Agent": "pam/1"},
        "multiValueHeaders": {"Content-Type": ["application/json"], "Host": ["api"]},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {k: [v] for k, v in query.items()} if query else None,
        "pathParameters": {"session_id": session_id} if session_id else None,
        "body": body and json.dumps(body),
        "isBase64Encoded": False,
        "requestContext": {
            "path": f"/v1{path}",
            "resourcePath": route,
            "httpMethod": method,
            "stage": "v1",
            "requestId": "4c2b4f6e-1111-4000-8000-000000000000",
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "identity": {
                "userArn": f"arn:aws:iam::{_ACCOUNT}:user/{who}",
                "sourceIp": "192.0.2.1",
                "userAgent": "pam/1",
            },
        },
    }
    return Act(
        name=name,
        handler="request_api",
        event=event,
        is_right=lambda answer: answer["statusCode"] in {HTTPStatus.OK, HTTPStatus.ACCEPTED},
    )
