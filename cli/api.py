"""The request API, spoken to with SigV4 and plain JSON.

A call is repeated by itself only where repeating cannot do a thing twice: GET, and POST with an
Idempotency-Key. Anything else that gets no answer is reported as unknown, never sent again.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import sleep
from typing import Any
from urllib.parse import urlsplit

from cli import aws, clock
from cli.endpoint import Endpoint
from cli.next_command import yours
from cli.problems import (
    AWS_REFUSALS,
    REPEATABLE,
    ApiProblem,
    ExitCode,
    Failure,
    Outcome,
    Unreachable,
    exit_code_of,
    problem_of_client,
)

CONNECT_TIMEOUT = 5
READ_TIMEOUT = 35
"""Seconds; API Gateway gives up after 29."""
PAUSES = (0.5, 1.5)
"""Seconds before the second and the third try of a call that may be repeated."""
WAITED_AT_MOST = 5.0
"""Seconds: who is asked by `Retry-After` to stay away for longer is told so, and not kept."""
_LET_IN = (
    "ask for execute-api:Invoke on this API (the managed policy pam-ENV-requester, -approver, "
    "-operator or -auditor), and call it from a network that lets you"
)

_SHOWN_BY: Mapping[str, str] = {
    "/pam/request": "list --mine",
    "/pam/block": "blocklist list",
    "/pam/links": "whoami",
}
"""The beginnings of paths whose act is on no session, and what shows whether it was done."""
_OF_SESSION = re.compile(r"/pam/sessions/(\w+)/", re.ASCII)

Document = dict[str, Any]


class Api:
    """One signed-in caller's view of the request API."""

    def __init__(self, endpoint: Endpoint, *, session: Any, profile: str | None) -> None:
        from botocore.httpsession import URLLib3Session
        from botocore.utils import get_environ_proxies

        self._endpoint = endpoint
        self._profile = profile
        self._credentials = aws.credentials_of(session, profile)
        self._http = URLLib3Session(
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            verify=session.get_config_variable("ca_bundle") or True,
            # What is plain http because it stays on this machine must stay on it.
            proxies={} if aws.is_loopback(endpoint.url) else get_environ_proxies(endpoint.url),
        )

    @property
    def url(self) -> str:
        return self._endpoint.url

    @property
    def signed_by(self) -> str:
        """By which way the credentials were found, as botocore names it: `env`, `sso`."""
        return str(self._credentials.method)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Document:
        return self._call("GET", path, query=query or {}, body=None, headers={})

    def delete(self, path: str, query: Mapping[str, str]) -> Document:
        return self._call("DELETE", path, query=query, body=None, headers={})

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, idempotency_key: str = ""
    ) -> Document:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._call("POST", path, query={}, body=body or {}, headers=headers)

    def _call(self, method: str, path: str, **rest: Any) -> Document:
        """Raises Failure; also for a call that was broken off, and may have done something."""
        try:
            return self._tried(method, path, **rest)
        except KeyboardInterrupt:
            if method == "GET":
                raise
            message = f"interrupted; {_not_known(path, rest['body'])}"
            raise Outcome(message, exit_code=ExitCode.INTERRUPTED) from None

    def _tried(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> Document:
        repeatable = method == "GET" or "Idempotency-Key" in headers
        pauses = list(PAUSES) if repeatable else []
        while True:
            try:
                answer = self._send(method, path, query=query, body=body, headers=headers)
            except Unreachable:
                raise
            except Failure as failure:
                if failure.transient and not repeatable:
                    message = f"{failure}; {_not_known(path, body)} before trying again"
                    raise Failure(message, exit_code=failure.exit_code) from failure
                if not failure.transient or not pauses:
                    raise
            else:
                asked = _retry_after(answer.headers)
                final = answer.status_code not in REPEATABLE or asked > WAITED_AT_MOST
                if final or not pauses:
                    return self._read(answer)
                pauses[0] = max(pauses[0], asked)
            sleep(pauses.pop(0))

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> Any:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        # A body goes with every POST, an empty object too: the API wants JSON.
        request = AWSRequest(
            method=method,
            url=self._endpoint.url + path,
            params=dict(query),
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/json",
                "User-Agent": "pam-cli",
                **({} if body is None else {"Content-Type": "application/json"}),
                **headers,
            },
        )
        with aws.explained(self._profile):
            frozen = self._credentials.get_frozen_credentials()
            SigV4Auth(frozen, "execute-api", self._endpoint.region).add_auth(request)
            return self._http.send(request.prepare())

    def _read(self, answer: Any) -> Document:
        """The answer's object. Raises ApiProblem for a refusal, Failure for what is no answer."""
        status = int(answer.status_code)
        try:
            document = json.loads(answer.content)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            kind = str(answer.headers.get("content-type", "no content type")).split(";")[0]
            host = urlsplit(self._endpoint.url).netloc
            passing = status in REPEATABLE
            then = "try again later" if passing else "check that this is the request API"
            message = f"{host} answered HTTP {status} with {kind} instead of JSON; {then}"
            asked = _retry_after(answer.headers)
            raise Failure(
                message,
                transient=passing,
                retry_after=asked,
                exit_code=exit_code_of("", status),
            )
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return document
        raise self._problem(status, document, answer.headers)

    def _problem(self, status: int, document: Document, headers: Mapping[str, str]) -> ApiProblem:
        """A refusal: the API's own problem document, or API Gateway's bare `message`."""
        kind = str(headers.get("x-amzn-errortype", "")).split(":")[0]
        detail = document.get("detail") or document.get("message") or document.get("Message")
        advice = aws.advice_for(kind, date=headers.get("date"), profile=self._profile)
        retry_after, request_id = _retry_after(headers), headers.get("x-amzn-requestid")
        if status == HTTPStatus.TOO_MANY_REQUESTS and retry_after:
            advice = f"try again in {retry_after:.0f} s"
        elif status in REPEATABLE and request_id:
            advice = f"request id {request_id}"
        elif in_the_way := document.get("sessions"):
            advice = f"in the way: {', '.join(map(str, in_the_way))}"
        errors = document.get("errors")
        code = str(document.get("code") or kind or f"HTTP {status}")
        if code in AWS_REFUSALS:
            advice = advice or _LET_IN
        said = str(detail or document.get("title") or "no reason given")
        # API Gateway's own refusals are no problem documents: made one, with their status.
        whole = problem_of_client(said, status=status, code=code)
        return ApiProblem(
            code=code,
            detail=said,
            status=status,
            errors=errors if isinstance(errors, list) else (),
            advice=advice,
            retry_after=retry_after,
            document=document if "code" in document else whole,
        )


def _not_known(path: str, body: Mapping[str, Any] | None) -> str:
    """Of an act without an answer, and by what somebody sees whether it was done."""
    of_session = _OF_SESSION.match(path)
    session_id = of_session[1] if of_session else (body or {}).get("session_id")
    begun = next((each for each in _SHOWN_BY if path.startswith(each)), "")
    shown = f"show {session_id}" if session_id else _SHOWN_BY.get(begun, "list")
    return f"whether PAM did it is not known: look with `{yours(shown)}`"


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds, of either form that HTTP has (RFC 9110, 10.2.3); 0 without one that can be read."""
    asked = str(headers.get("retry-after") or "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - clock.now()).total_seconds())
