"""The people of a running local stack, each with their own AWS credentials, calling the real API.

For the demo, the benchmark and the end-to-end tests; speaks HTTP and SigV4 by itself, so that what
it sees is what any caller of the API sees.
"""

import configparser
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import boto3
import botocore.session
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.loaders import create_loader

from local import identity_center_beside, okta_beside, slack_beside
from local.aws import ACCOUNT
from local.identity_center.control import IdentityCenterControl, Live
from local.okta.control import OktaControl
from local.people import RESERVED_PATH, permission_set_role
from local.slack.control import SlackControl
from local.state import ROOT, State

_T = TypeVar("_T")
_HTTP = urllib3.PoolManager(timeout=urllib3.Timeout(30), retries=False)
# An address of this machine has no host for a part of a service.
_ONE_TRY = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)
_DATA = create_loader()
"""What boto3 knows of AWS's services. Read once: it is nine tenths of what a client costs."""
_PATIENCE = 60.0
"""Seconds, where how long it takes is not what is claimed. Mostly it takes one or two."""
_SOONEST, _LATEST, _LATE_BY = 0.05, 0.5, 0.1
"""Seconds between two looks, and which part of what was waited they are."""


class NotSeenError(AssertionError):
    """What was waited for did not happen in time, or an answer was not the expected one."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> str:
        """The problem's code; a success has none."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


@dataclass(frozen=True)
class Person:
    """One profile of the stack."""

    name: str
    cast: "Cast"

    @property
    def principal(self) -> str:
        return str(self.cast.about["profiles"][self.name]["principal"])

    @cached_property
    def credentials(self) -> Credentials:
        return self.cast.session(self.name).get_credentials()

    def client(self, service: str) -> Any:
        """The same one each time: to make one takes longer than most calls of it."""
        if service not in self._clients:
            self._clients[service] = self.cast.client(service, self.cast.session(self.name))
        return self._clients[service]

    @cached_property
    def _clients(self) -> dict[str, Any]:
        return {}

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, body, **headers)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """A SigV4-signed call; `body` is sent as it is if bytes, else as JSON."""
        return self.call_url(method, self.cast.about["api_url"] + path, body, **headers)

    def call_url(self, method: str, url: str, body: Any = None, **headers: str) -> Answer:
        """The same, of any API of the stack."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        request = AWSRequest(method, url, data=data)
        request.headers["Content-Type"] = "application/json"
        for name, value in headers.items():
            request.headers[name.replace("_", "-")] = value
        SigV4Auth(self.credentials, "execute-api", self.cast.about["region"]).add_auth(request)
        return send(request)

    def request(self, resource: str, **fields: Any) -> dict[str, Any]:
        answer = self.post(
            "/pam/request",
            {"resource": resource, "reason": "ledger stuck, see the incident", **fields},
        )
        return _body(answer, 202)

    def approve(self, session_id: str, **fields: Any) -> Answer:
        return self.post("/pam/approve", {"session_id": session_id, **fields})

    def session(self, session_id: str) -> dict[str, Any]:
        answer = self.get(f"/pam/sessions/{session_id}")
        return _body(answer, 200)

    def wait_for(self, session_id: str, status: str, seconds: float = _PATIENCE) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            session = self.session(session_id)
            return session if session["status"] == status else None

        return until(reached, f"session {session_id} to be {status}", seconds)

    def lease(self, session_id: str) -> dict[str, Any]:
        answer = self.post(f"/pam/sessions/{session_id}/credentials")
        return _body(answer, 200)


@dataclass(frozen=True)
class Colleague(Person):
    """Somebody of whom no file has a name: an engineer by the permission set `LocalEngineer`."""

    @cached_property
    def credentials(self) -> Credentials:
        role = f"arn:aws:iam::{ACCOUNT}:role{RESERVED_PATH}{permission_set_role('LocalEngineer')}"
        sts = self.cast.person("root").client("sts")
        keys = sts.assume_role(RoleArn=role, RoleSessionName=self.name)["Credentials"]
        return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


@dataclass(frozen=True)
class Cast:
    """A running local stack, as `.pam/local.json` describes it."""

    state_dir: Path

    @cached_property
    def about(self) -> dict[str, Any]:
        about: dict[str, Any] = json.loads((self.state_dir / "local.json").read_text())
        return about

    def person(self, name: str) -> Person:
        return self._people.setdefault(name, Person(name, self))

    def colleague(self, name: str) -> Person:
        """Who is that person from now on, everywhere: in no directory yet."""
        return self._people.setdefault(name, Colleague(name, self))

    @cached_property
    def _people(self) -> dict[str, Person]:
        return {}

    @cached_property
    def _profiles(self) -> dict[str, dict[str, str]]:
        parser = configparser.ConfigParser()
        parser.read(self.state_dir / "aws" / "credentials")
        return {name: dict(parser[name]) for name in parser.sections()}

    def session(self, profile: str) -> boto3.Session:
        keys = self._profiles[profile]
        return self.session_with(
            keys["aws_access_key_id"], keys["aws_secret_access_key"], keys.get("aws_session_token")
        )

    def session_with(self, key_id: str, secret: str, token: str | None) -> boto3.Session:
        session = botocore.session.Session()
        session.register_component("data_loader", _DATA)
        return boto3.Session(
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            aws_session_token=token,
            region_name=self.about["region"],
            botocore_session=session,
        )

    def client(self, service: str, session: boto3.Session) -> Any:
        return session.client(service, endpoint_url=self.about["endpoint_url"], config=_ONE_TRY)

    @cached_property
    def slack(self) -> SlackControl:
        """The fake Slack beside the stack: everybody in it, and all that it can do wrong."""
        return slack_beside.control_of(State(self.state_dir))

    @cached_property
    def identity_center(self) -> IdentityCenterControl:
        """The fake Identity Center beside the stack: its portal, and all that it can do wrong."""
        return identity_center_beside.control_of(State(self.state_dir))

    @cached_property
    def okta(self) -> OktaControl:
        """The fake Okta beside the stack: people, groups, and all that it can do wrong."""
        return okta_beside.control_of(State(self.state_dir))

    def parameter(self, path: str) -> str:
        ssm = self.person("root").client("ssm")
        return str(ssm.get_parameter(Name=path)["Parameter"]["Value"])

    def bucket(self, resource: str) -> str:
        return self.parameter(f"/bank/local/mod046/demo/{resource}/bucket")

    @property
    def environment(self) -> dict[str, str]:
        """In which the command finds the stack and its people, and leaves no process behind."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.state_dir),
            "AWS_CONFIG_FILE": str(self.state_dir / "aws" / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.state_dir / "aws" / "credentials"),
            "AWS_ENDPOINT_URL": self.about["endpoint_url"],
            "PAM_ENV": "local",
            "PAM_LEASE_HOLDER": "off",
        }

    def pam(self, who: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """The command, as that person runs it."""
        return subprocess.run(
            [sys.executable, "-m", "cli.main", "--profile", who, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def checkpoint(self) -> dict[str, Any]:
        """Seals the audit log now, as the schedule does within the minute."""
        return self.invoke("checkpoint_log", {"message": "SealRecords"})

    def tick(self) -> None:
        """Does what is due now, as the schedule does within the minute."""
        self.invoke("tick", {"message": "Tick"})

    def invoke(self, function: str, event: Any = None) -> dict[str, Any]:
        """What a deployed function answers to `event`, called as its own triggers call it."""
        client = self.person("root").client("lambda")
        answer = client.invoke(
            FunctionName=self.function(function), Payload=json.dumps(event or {})
        )
        document: dict[str, Any] = json.loads(answer["Payload"].read()) or {}
        if "FunctionError" in answer:
            message = f"{function} failed: {document}"
            raise NotSeenError(message)
        return document

    def function(self, handler: str) -> str:
        """The name of the deployed function that `handler`.py has the code of."""
        return self._functions[f"{handler}.handler"]

    @property
    def handlers(self) -> dict[str, str]:
        """The file whose code each deployed function has, by the function's name."""
        return {name: handler.partition(".")[0] for handler, name in self._functions.items()}

    @cached_property
    def _functions(self) -> dict[str, str]:
        """By handler, because CDK chooses the names."""
        listed = self.person("root").client("lambda").list_functions()["Functions"]
        return {function["Handler"]: function["FunctionName"] for function in listed}

    def with_lease(self, lease: dict[str, Any], service: str) -> Any:
        """A client that uses leased credentials."""
        session = self.session_with(
            lease["access_key_id"], lease["secret_access_key"], lease["session_token"]
        )
        return self.client(service, session)

    def with_sign_in(self, live: Live, service: str) -> Any:
        """A client that uses what the portal of Identity Center gave out."""
        session = self.session_with(live.access_key_id, live.secret_access_key, live.session_token)
        return self.client(service, session)


def _body(answer: Answer, status: int) -> dict[str, Any]:
    if answer.status != status:
        message = f"expected {status}, got {answer.status}: {answer.body}"
        raise NotSeenError(message)
    return dict(answer.body)


def send(request: AWSRequest) -> Answer:
    """Sends a prepared request. A body that is not JSON comes back as text."""
    answer = _HTTP.request(
        request.method, request.url, body=request.data, headers=dict(request.headers)
    )
    text = answer.data.decode()
    try:
        body = json.loads(text)
    except ValueError:
        body = text
    return Answer(answer.status, body, answer.headers)


def until(
    found: Callable[[], _T | None], what: str, seconds: float = _PATIENCE, *, closely: bool = False
) -> _T:
    """Polls until `found` answers something. Fails with `what` at the deadline.

    The longer it has waited, the more seldom it asks: to ask takes the processor from what it waits
    for, and the answer comes late by a part of the wait only. `closely`: for whoever measures.
    """
    began = time.monotonic()
    while True:
        result = found()
        if result is not None:
            return result
        waited = time.monotonic() - began
        if waited > seconds:
            message = f"waited {seconds} s for {what}"
            raise NotSeenError(message)
        time.sleep(_SOONEST if closely else min(max(_SOONEST, waited * _LATE_BY), _LATEST))


def is_refused(act: Callable[[], Any]) -> bool:
    """Whether AWS refuses `act` for want of a right; any other error is not a refusal."""
    try:
        act()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"AccessDenied", "AccessDeniedException", "403", "Forbidden"}:
            return True
        raise
    return False
