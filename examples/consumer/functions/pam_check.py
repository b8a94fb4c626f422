"""Asks PAM (MOD-046) whether somebody holds a resource now. One file, to be copied as it is; beside
the standard library it needs botocore, which Lambda's Python brings.

    pam = PamCheck(endpoint, session.get_credentials(), region)
    if pam.check("core-ledger-admin", principal).allowed: ...

The caller's role stands under `services:` of PAM's identities file, with the resources that it may
ask about, and has the managed policy `pam-{env}-service`. No answer is a no: a timeout, a refusal,
an answer of another form. `Access.why` says which of them it was.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

LONGEST_KEPT = timedelta(seconds=30)
_MOST_KEPT = 1000
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}

logger = logging.getLogger(__name__)

Send = Callable[[AWSPreparedRequest], tuple[int, bytes]]
"""Sends a request; gives the answer's status and body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`allowed` is True only if PAM said so just now, or within `keep`. `expires_at` is when the
    access ends by itself; it may end before. `why` says what a no is for, to logs and not to users.
    """

    allowed: bool
    session_id: str = ""
    expires_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    access: Access
    asked_at: datetime
    until: datetime


def _now() -> datetime:
    return datetime.now(UTC)


class PamCheck:
    """`endpoint` is what SSM `/bank/{env}/mod046/request-api/endpoint` says.

    `keep`, at most 30 seconds, is for how long a yes may be given again without asking, and so the
    longest that a revocation may go unseen here; 0 asks every time. A yes is never kept past its
    end, and a no is never kept. Not for use by several threads at a time.
    """

    def __init__(
        self,
        endpoint: str,
        credentials: Any,
        region: str,
        *,
        keep: timedelta = timedelta(0),
        timeout: float = 3.0,
        now: Callable[[], datetime] = _now,
        send: Send | None = None,
    ) -> None:
        """`credentials` are botocore's. Raises ValueError for an endpoint whose answers could be
        forged on their way, and for a `keep` that is too long.
        """
        address = urlsplit(endpoint)
        if address.scheme != "https" and address.hostname not in _LOOPBACK:
            message = f"{endpoint} is not https: anybody on the way could answer for PAM"
            raise ValueError(message)
        if not timedelta(0) <= keep <= LONGEST_KEPT:
            message = f"keep must be 0 to {LONGEST_KEPT.seconds} seconds"
            raise ValueError(message)
        self._endpoint = endpoint.rstrip("/")
        self._credentials = credentials
        self._region = region
        self._keep = keep
        self._now = now
        self._send = send or _sender(timeout)
        self._kept: dict[tuple[str, str], _Kept] = {}

    def check(self, resource: str, principal: str) -> Access:
        """Whether that person holds that resource. `principal` is an ARN that signed, or another
        principal that PAM knows; never a name that the person at hand may choose.
        """
        began = self._now()
        kept = self._kept.pop((resource, principal), None)
        # A clock that was put back makes a yes no younger.
        if kept is not None and kept.asked_at <= began < kept.until:
            self._kept[resource, principal] = kept
            return kept.access
        access = self._asked(resource, principal)
        until = min(began + self._keep, access.expires_at or began)
        if access.allowed and until > began:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[resource, principal] = _Kept(access=access, asked_at=began, until=until)
        return access

    def _asked(self, resource: str, principal: str) -> Access:
        try:
            status, body = self._send(self._signed(resource, principal))
            access = self._understood(status, body)
        except (
            AttributeError,
            BotoCoreError,
            LookupError,
            OSError,
            TypeError,
            ValueError,
        ) as error:
            logger.warning("PAM was not heard", exc_info=error)
            access = Access(allowed=False, why=f"no answer of PAM's: {type(error).__name__}")
        if access.why:
            logger.warning("no access to %s: %s", resource, access.why)
        return access

    def _signed(self, resource: str, principal: str) -> AWSPreparedRequest:
        query = urlencode({"resource": resource, "principal": principal})
        request = AWSRequest("GET", f"{self._endpoint}/pam/check?{query}")
        if self._credentials is None:
            message = "no credentials to sign with"
            raise ValueError(message)
        keys = self._credentials.get_frozen_credentials()
        SigV4Auth(keys, "execute-api", self._region).add_auth(request)
        return request.prepare()

    def _understood(self, status: int, body: bytes) -> Access:
        answer = json.loads(body)
        if status != 200:  # noqa: PLR2004
            code, detail = answer.get("code", status), answer.get("detail", answer.get("message"))
            return Access(allowed=False, why=f"PAM refuses to say: {code}: {detail}")
        if answer["allowed"] is False:
            return Access(allowed=False)
        if answer["allowed"] is not True:
            message = "neither yes nor no"
            raise ValueError(message)
        ends = datetime.fromisoformat(answer["expires_at"])
        if ends <= self._now():
            return Access(allowed=False, why="over by this machine's clock")
        return Access(allowed=True, session_id=str(answer["session_id"]), expires_at=ends)


def _sender(timeout: float) -> Send:
    """Follows no redirect, and tries once: whoever waits may ask again."""
    http = URLLib3Session(timeout=timeout)

    def send(request: AWSPreparedRequest) -> tuple[int, bytes]:
        answer = http.send(request)
        return answer.status_code, answer.content

    return send
