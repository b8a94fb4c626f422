"""A request API on loopback that answers as told and remembers what it was asked.

The same server plays SSM and STS, so `AWS_ENDPOINT_URL` is all that a test has to point at it.
"""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from typer.testing import Result

Pam = Callable[..., Result]
"""Runs `pam` with these arguments."""
PamProcess = Callable[..., "subprocess.CompletedProcess[str]"]
SESSION_ID = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"
ALICE = "arn:aws:iam::000000000000:user/alice"
BOB = "arn:aws:iam::000000000000:user/bob"
NASTY = 'p\'w $(x); "q"'
"""A password that no shell may see unquoted."""


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body).encode()


@dataclass(slots=True)
class FakeApi:
    """`answers` by "METHOD /path": used up from the front, the last one stays."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    parameter: Answer | None = None
    """What SSM answers instead of the endpoint."""
    url: str = ""

    def on(self, call: str, *bodies: Any, status: int = 200, **headers: str) -> None:
        """The answers to a call, in turn. Header names are given with _ for -. A body may be a
        function of what is asked, which gives a body or a whole answer.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[call] = [
            body if isinstance(body, Answer) else Answer(status, body, named) for body in bodies
        ]

    def refuses(self, call: str, status: int, code: str, detail: str, **more: Any) -> None:
        problem = {"type": "about:blank", "title": "x", "status": status, "code": code}
        body = problem | {"detail": detail} | more
        self.on(call, body, status=status, content_type="application/problem+json")

    def calls(self, call: str) -> list[Asked]:
        method, path = call.split(" ")
        return [asked for asked in self.asked if (asked.method, asked.path) == (method, path)]

    def answer(self, asked: Asked) -> Answer:
        if "ssm" in asked.headers.get("x-amz-target", "").lower():
            return self.parameter or Answer(body={"Parameter": {"Value": f"{self.url}/v1"}})
        if isinstance(asked.body, str) and "GetCallerIdentity" in asked.body:
            return Answer(body=_CALLER, headers={"content-type": "text/xml"})
        self.asked.append(asked)
        waiting = self.answers.get(f"{asked.method} {asked.path}")
        if not waiting:
            return Answer(404, {"code": "NOT_FOUND", "detail": f"no answer for {asked.path}"})
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if not callable(answer.body):
            return answer
        made = answer.body(asked)
        return made if isinstance(made, Answer) else replace(answer, body=made)


def session(**changes: Any) -> dict[str, Any]:
    """A session as the API gives it: pending, two approvals wanted."""
    document: dict[str, Any] = {
        "session_id": SESSION_ID,
        "status": "PENDING_APPROVAL",
        "requester": ALICE,
        "resource": "core-ledger-admin",
        "environment": "prod",
        "domain": "bank-core",
        "requester_domain": "bank-core",
        "reason": "ledger is stuck since 02:00",
        "ticket": "INC-1",
        "break_glass": False,
        "duration_seconds": 1800,
        "approvals": approvals(),
        "created_at": "2026-11-20T01:00:00.000Z",
        "approval_expires_at": "2126-11-20T05:00:00.000Z",
        "approved_at": None,
        "activated_at": None,
        "expires_at": None,
        "ended_at": None,
        "end_reason": None,
        "ending": None,
        "tries": 0,
        "review": None,
        "origin": "api",
        "requester_verified": True,
        "execution_arn": "arn:aws:states:eu-west-1:000000000000:execution:pam:x",
    }
    return document | changes


def active(**changes: Any) -> dict[str, Any]:
    times = {
        "status": "ACTIVE",
        "approvals": approvals("approve", "approve"),
        "activated_at": "2026-11-20T01:05:00.000Z",
        "expires_at": "2126-11-20T01:35:00.000Z",
    }
    return session() | times | changes


def approvals(*decisions: str, required: int = 2, domain_required: int = 0) -> dict[str, Any]:
    votes = [
        {
            "approver": f"arn:aws:iam::000000000000:user/approver-{number}",
            "decision": decision,
            "comment": None,
            "at": "2026-11-20T01:02:00.000Z",
        }
        for number, decision in enumerate(decisions, start=1)
    ]
    return {
        "required": required,
        "received": decisions.count("approve"),
        "domain_required": domain_required,
        "domain_received": 0,
        "votes": votes,
    }


def lease(**changes: Any) -> dict[str, Any]:
    document = {
        "lease_id": "01JD8XGZ6Q3M4V5N6P7R8S9T0B",
        "session_id": SESSION_ID,
        "kind": "aws",
        "expires_at": "2126-11-20T01:35:00.000Z",
        "access_key_id": "ASIALEASED",
        "secret_access_key": "se'cret $(x)/+",
        "session_token": "token==",
        "region": "eu-west-1",
    }
    return document | changes


def login(**changes: Any) -> dict[str, Any]:
    """A lease of a database login, of an API that does not say yet how its server is known."""
    document = {
        "lease_id": "01M7XKKX570BEDA009FKKTH2H3",
        "session_id": SESSION_ID,
        "kind": "secret",
        "expires_at": "2126-11-20T01:35:00.000Z",
        "secret_arn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:bank/ledger",
        "username": "pam_01m7",
        "password": NASTY,
        "host": "ledger.example",
        "port": 5433,
        "dbname": "core ledger",
    }
    return document | changes


def serve(fake: FakeApi) -> Callable[[], None]:
    """Starts the server on a free port of loopback; the returned function stops it."""

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            text = self.rfile.read(length).decode()
            parts = urlsplit(self.path)
            answer = fake.answer(
                Asked(
                    method=self.command,
                    path=parts.path.removeprefix("/v1"),
                    query=dict(parse_qsl(parts.query)),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=_read(text),
                )
            )
            self.send_response_only(answer.status)
            headers = {"content-type": "application/json"} | dict(answer.headers)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_DELETE = _reply  # noqa: N815 (the names that http.server calls)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that went away in the middle is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    return stop


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


_CALLER = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>{ALICE}</Arn><UserId>AIDA</UserId>
<Account>000000000000</Account></GetCallerIdentityResult></GetCallerIdentityResponse>""".encode()


BLOCK: dict[str, Any] = {
    "principal": ALICE,
    "person": "alice",
    "resource": None,
    "blocked_at": "2026-11-20T01:00:00.000Z",
    "blocked_by": "arn:aws:iam::000000000000:user/sam",
    "until": None,
    "reason": "stolen \x1b[31mlaptop",
    "lifted_at": None,
    "lifted_by": None,
    "lift_reason": None,
}
