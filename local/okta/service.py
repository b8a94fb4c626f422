"""This Okta as one object: what it knows, and its answer to a request.

`answer` is all that a caller needs in the same process; `server.py` answers by it over HTTP.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from local.okta import jose, routes, tokens
from local.okta.answers import Answer, Cut, Json, Refused, api_error
from local.okta.asked import Asked
from local.okta.callers import Callers, check_permission
from local.okta.directory import App, Directory
from local.okta.faults import Faults
from local.okta.limits import Limits
from local.okta.proofs import Proofs
from local.okta.recording import Call, Recorder
from local.okta.routes import TOKEN, Operation
from local.okta.system_log import SystemLog
from local.okta.tokens import Tokens

Headers = Mapping[str, str] | Iterable[tuple[str, str]]
_KEPT_HEADERS = ("content-type", "accept")
_UNAVAILABLE = Answer(status=503, content=None, headers={"Content-Type": "text/html"})


class Okta:
    """One organisation. `clock` gives seconds since 1970; `base_url` is where callers find it, and
    with the token endpoint's path the audience that it takes. May be called by many threads.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        base_url: str = "https://bank.okta.com",
        record: Path | None = None,
    ) -> None:
        self._clock, self._lock = clock, threading.RLock()
        self.base_url = base_url
        self.recorder = Recorder(record)
        self.forget()

    def forget(self) -> None:
        """Back to how the organisation begins, keys included; the recording's file stays."""
        self.recorder.calls.clear()
        self.faults = Faults()
        self.directory = Directory()
        self.log = SystemLog()
        self.proofs = Proofs(self.faults, self.now)
        self.tokens = Tokens(self.directory, self.proofs, self.faults, self.now)
        self.limits = Limits(self.faults, self.now)
        self._callers = Callers(
            self.directory, self.tokens, self.proofs, self.faults, self.base_url
        )
        self.calls: Counter[str] = Counter()
        """By operation, whatever was answered."""
        self.refused: Counter[str] = Counter()
        """`operation status` -> how often."""

    def moved_to(self, base_url: str) -> None:
        """From here on it is found there."""
        self.base_url = self._callers.base_url = base_url

    def now(self) -> float:
        return self._clock() + self.faults.clock_ahead

    def register_key(self, client_id: str, jwk: Json) -> None:
        """One more public key of an app; of the same `kid` the newer one counts."""
        jose.thumbprint(jwk)
        keys = self.directory.apps[client_id].keys
        keys[:] = [key for key in keys if key.get("kid") != jwk.get("kid")]
        keys.append(jwk)

    def settle(self) -> None:
        """Does what rules are due to do."""
        with self._lock:
            now = self.now()
            for group, user in list(self.directory.due_by_rule(now)):
                self.directory.put(group, user, member=True, at=now)
                found = (self.directory.users[user], self.directory.groups[group])
                self.log.membership(None, *found, member=True, at=now)

    def operation_of(self, method: str, url: str) -> str:
        """Its name; empty if there is none."""
        path = self._path_of(url)
        if path == tokens.PATH:
            return TOKEN
        found = routes.find(method, path or "")
        return found[0].name if isinstance(found, tuple) else ""

    def answer(
        self, method: str, url: str, headers: Headers, body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers, body. Raises Cut: the deed is done, and nothing is answered."""
        name = self.operation_of(method, url)
        with self._lock:
            self.settle()
            given = _by_name(headers)
            found = self._answer(name, method, url, given, body)
            self.calls[name] += 1
            if found.status >= 400:  # noqa: PLR2004
                self.refused[f"{name} {found.status}"] += 1
            sent = {"Date": formatdate(self.now(), usegmt=True)} | found.headers
            if found.content is not None:
                sent = {"Content-Type": "application/json"} | sent
            self.recorder.record(self._call(name, method, url, given, body, found, sent))
            if self.faults.loses_answer(name):
                raise Cut
        return found.status, sent, found.body

    def _path_of(self, url: str) -> str | None:
        """As Okta's specification has it; None: of another organisation."""
        told, own = urlsplit(url), urlsplit(self.base_url)
        same = (told.scheme, told.netloc) == (own.scheme, own.netloc)
        return told.path.removeprefix(own.path) if same and told.path.startswith(own.path) else None

    def _answer(
        self, name: str, method: str, url: str, headers: dict[str, list[str]], body: bytes
    ) -> Answer:
        faults = self.faults
        if faults.down or (faults.token_down and name == TOKEN):
            return _UNAVAILABLE
        try:
            if name == TOKEN:
                return self._token(method, url, headers, body)
            return self._api(method, url, headers)
        except Refused as refusal:
            return refusal.answer

    def _token(self, method: str, url: str, headers: dict[str, list[str]], body: bytes) -> Answer:
        if method != "POST":
            raise api_error("E0000022")
        status = self.faults.error(TOKEN)
        if status:
            raise Refused(Answer(status=status))
        try:
            return self.tokens.answer(url, headers, body)
        except Refused as refusal:
            error = str(refusal.answer.content["error"])
            if error != "use_dpop_nonce":
                self.log.token(_client_named(body), error, at=self.now())
            raise

    def _api(self, method: str, url: str, headers: dict[str, list[str]]) -> Answer:
        path = self._path_of(url)
        found = path is not None and routes.find(method, path)
        if not isinstance(found, tuple):
            raise api_error("E0000022" if found else "E0000007", path or "of another organisation")
        operation, ids = found
        app = self._callers.app(operation, method, url, headers)
        nonce = {"DPoP-Nonce": self.proofs.nonce} if app.dpop else {}
        try:
            told = nonce | self.limits.take(operation)
            answer = self._carry_out(operation, app, url, ids)
        except Refused as refusal:
            answer, told = refusal.answer, nonce
        answer.headers.update(told)
        return answer

    def _carry_out(self, operation: Operation, app: App, url: str, ids: dict[str, str]) -> Answer:
        status = self.faults.error(operation.name)
        if status:
            return Answer(status=status)
        try:
            check_permission(operation, app, ids)
            return operation.answer(self._asked(app, url, ids))
        except Refused as refusal:
            return refusal.answer

    def _asked(self, app: App, url: str, ids: dict[str, str]) -> Asked:
        parts = urlsplit(url)
        return Asked(
            app=app,
            url=url.partition("?")[0],
            base_url=self.base_url,
            ids=ids,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            now=self.now(),
            directory=self.directory,
            faults=self.faults,
            log=self.log,
        )

    def _call(
        self,
        name: str,
        method: str,
        url: str,
        headers: dict[str, list[str]],
        body: bytes,
        found: Answer,
        sent: dict[str, str],
    ) -> Call:
        parts = urlsplit(url)
        path = self._path_of(url) or parts.path
        kept = {one: headers[one][0] for one in _KEPT_HEADERS if one in headers}
        content = found.content
        if name == TOKEN and isinstance(content, dict) and "access_token" in content:
            content = content | {"access_token": "(kept back)"}
        return Call(
            at=self.now(),
            operation=name,
            method=method,
            target=f"{path}?{parts.query}" if parts.query else path,
            fields=kept | _harmless_fields(name, body),
            status=found.status,
            headers={k: v for k, v in sent.items() if k != "DPoP-Nonce"},
            content=content,
        )


def _by_name(headers: Headers) -> dict[str, list[str]]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name.lower(), []).append(value)
    return found


def _harmless_fields(name: str, body: bytes) -> dict[str, str]:
    pairs = parse_qsl(body.decode("utf-8", errors="replace")) if name == TOKEN else []
    return {key: "" if key == "client_assertion" else value for key, value in pairs}


def _client_named(body: bytes) -> str:
    """Who the refused one said to be."""
    form = dict(parse_qsl(body.decode("utf-8", errors="replace")))
    try:
        return str(jose.read(form.get("client_assertion", "")).claims.get("iss"))
    except jose.BadSignature:
        return "unknown"
