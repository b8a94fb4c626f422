"""An Okta inside the test's process, PAM's two apps there, and the time for both."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local.okta.answers import Cut
from local.okta.service import Okta
from pam.domain.kinds import OKTA_GROUP
from pam.domain.lifecycle import Status
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.okta.api import OktaApi, Organisation
from pam.okta.budget import Budget
from pam.okta.errors import Unanswered
from pam.okta.signing import public_jwk
from pam.okta.target import GroupTarget
from pam.okta.transport import Reply
from tests.fakes.okta_notes import FakeOktaNotes
from tests.fakes.story import NOON, Story

ORGANISATION = "bank.okta.com"
ISSUER, REVOKER = "0oapamissuer00000001", "0oapamrevoker0000001"
GROUP, FED, ROLED = "00gsupportadmins0001", "00gsupportdesk000001", "00goktaadmins0000001"
OF_APP, EVERYONE = "00gdirectoryapp00001", "00geveryone000000001"
ALICE, DAVE, FINN = "00ualice000000000001", "00udave0000000000001", "00ufinn0000000000001"
A_CALL = 22.0
"""Seconds that a function may take."""
POLLS = frozenset({"listUserGroups", "listGroupUsers"})


class Clock:
    """Time goes on when somebody waits."""

    def __init__(self) -> None:
        self.seconds = NOON.timestamp()
        self.waited: list[float] = []

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds


class AppKey:
    """What KMS has of an app: it signs, in DER."""

    key_id = "6f1c2d3e-0000-4000-8000-000000000001"

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.DER, form)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, ec.ECDSA(hashes.SHA256()))


@dataclass
class InProcess:
    """Implements `pam.okta.transport.Transport`. A call that Okta is slower to answer than its
    caller waits is carried out all the same.
    """

    okta: Okta
    clock: Clock
    sent: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)
    meddle: Callable[[str, str, Reply], Reply] = lambda _method, _url, reply: reply
    """Somebody in between."""

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Reply:
        self.sent.append((method, url, dict(headers), body))
        slow = self.okta.faults.delay(self.okta.operation_of(method, url))
        try:
            status, told, content = self.okta.answer(method, url, headers, body)
        except Cut:
            fault = "connection reset"
        else:
            if slow <= timeout:
                self.clock.seconds += slow
                named = {name.lower(): value for name, value in told.items()}
                return self.meddle(method, url, Reply(status=status, headers=named, body=content))
            self.clock.seconds += timeout
            fault = "timed out"
        raise Unanswered(fault)

    @property
    def proofs(self) -> list[str]:
        return [headers["DPoP"] for _, _, headers, _ in self.sent]


@cache
def _granted() -> Session:
    return Story().granted()


def session_of(
    person: str = "alice",
    *,
    group: str = GROUP,
    session_id: str = "",
    status: Status = Status.ACTIVATING,
    **settings: str,
) -> Session:
    """One that is about this group; its settings besides where to go."""
    target = Target(
        kind=OKTA_GROUP,
        names={"organisation": ORGANISATION, "group": group},
        settings={"app": "https://support.bank.example", **settings},
    )
    was = _granted()
    active = status in {Status.ACTIVE, Status.REVOKING}
    return replace(
        was,
        session_id=session_id or was.session_id,
        requester_name=person,
        target=target,
        status=status,
        activated_at=was.activated_at if active else None,
        expires_at=was.expires_at if active else None,
    )


class World:
    """`issuer` and `revoker` are what PAM's two functions have, each with its own app and token."""

    def __init__(self, **given: Any) -> None:
        self.clock = Clock()
        self.okta = Okta(lambda: self.clock.seconds)
        self.transport = InProcess(self.okta, self.clock)
        self.notes = FakeOktaNotes()
        self.key = AppKey()
        self.user_ids: dict[str, str] = {}
        self.login = "{person}@bank.example"
        for app in (ISSUER, REVOKER):
            self.okta.register_key(app, public_jwk(self.key.public_key, AppKey.key_id))
        self.apis = {app: self.api(app, **given) for app in (ISSUER, REVOKER)}

    def api(self, app: str, **given: Any) -> OktaApi:
        """As a process has it that was just started."""
        return OktaApi(
            client_id=app,
            key=self.key,
            url="",
            clock=self.clock,
            transport=self.transport,
            **given,
        )

    def restart(self) -> None:
        """Both functions are started anew: no token, another key for proofs."""
        self.apis = {app: self.api(app) for app in self.apis}

    @property
    def issuer(self) -> GroupTarget:
        return self._target(ISSUER)

    @property
    def revoker(self) -> GroupTarget:
        return self._target(REVOKER)

    def _target(self, app: str) -> GroupTarget:
        """For one call, which begins now."""
        until = self.clock.seconds + A_CALL
        return GroupTarget(
            api=self.apis[app],
            notes=self.notes,
            user_ids=self.user_ids,
            login=self.login,
            clock=self.clock,
            pause=self.clock.pause,
            seconds_left=lambda: until - self.clock.seconds,
        )

    def organisation(self, app: str = ISSUER) -> Organisation:
        until = self.clock.seconds + A_CALL
        budget = Budget(lambda: until - self.clock.seconds, self.clock.pause)
        return self.apis[app].at(ORGANISATION, budget)

    def members(self, group: str = GROUP) -> set[str]:
        return self.okta.directory.members(group)

    def put(self, user: str, *, member: bool = True, group: str = GROUP) -> None:
        """By hand, or by somebody else's program."""
        self.okta.directory.put(group, user, member=member, at=self.clock.seconds)

    def later(self, seconds: float) -> None:
        self.clock.seconds += seconds

    def made(self, person: str = "alice", **given: Any) -> Session:
        """An ACTIVE session, whose user is a member."""
        session = session_of(person, **given)
        self.issuer.make(session, self.clock())
        return replace(_granted(), **_kept(session), status=Status.ACTIVE)

    def calls(self) -> dict[str, int]:
        """Without tokens and polls, by operation."""
        left_out = POLLS | {"token"}
        return {name: n for name, n in self.okta.calls.items() if name not in left_out}

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """The operations that are asked for meanwhile, one by one."""
        begin, found = len(self.transport.sent), list[str]()
        yield found
        for method, url, _, _ in self.transport.sent[begin:]:
            found.append(self.okta.operation_of(method, url))


def _kept(session: Session) -> dict[str, Any]:
    names = ("session_id", "requester_name", "target")
    return {name: getattr(session, name) for name in names}


def ending(session: Session) -> Session:
    return replace(session, status=Status.REVOKING)
