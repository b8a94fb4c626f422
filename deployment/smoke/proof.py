"""What was proven, what failed, and what cannot be proven from here; and the hands to try it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from cli.problems import Failure
from deployment.environment import Clients, Say
from stacks.config import DeployConfig

_T = TypeVar("_T")
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
_PAUSE = 2.0
_CLEANING_TRIES = 3


class Verdict(StrEnum):
    PROVEN = "proven"
    FAILED = "failed"
    NOT_HERE = "not provable here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    name: str
    verdict: Verdict
    said: str

    @property
    def failed(self) -> bool:
        return self.verdict is Verdict.FAILED


class NotSo(Exception):
    """It was tried, and came out otherwise than it must."""


class NotHere(Exception):
    """It could not be tried: nothing is said about it."""


class Api(Protocol):
    """The request API, called as the person who asks for the session."""

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]: ...

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, idempotency_key: str = ""
    ) -> dict[str, Any]: ...


class Clock(Protocol):
    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...

    def now(self) -> datetime: ...


class RealClock:
    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """`clients` with the rights of whoever runs it; `api` as a requester; `pam` runs the command as
    an auditor, and gives exit code, stdout and stderr; `leased` makes a client of a lease.
    """

    config: DeployConfig
    clients: Clients
    api: Api
    pam: Callable[[list[str]], tuple[int, str, str]]
    leased: Callable[[Mapping[str, Any], str], Any]
    clock: Clock = field(default_factory=RealClock)

    def until(
        self, found: Callable[[], _T | None], what: str, seconds: float, pause: float = _PAUSE
    ) -> _T:
        """Raises NotSo at the deadline."""
        deadline = self.clock.monotonic() + seconds
        while True:
            result = found()
            if result is not None:
                return result
            if self.clock.monotonic() >= deadline:
                message = f"waited {seconds:.0f} s for {what}"
                raise NotSo(message)
            self.clock.sleep(pause)


def prove(name: str, step: Callable[[], str]) -> Proof:
    """`step` gives the figures. Whatever goes wrong in it, the next ones are tried as well."""
    try:
        return Proof(name=name, verdict=Verdict.PROVEN, said=step())
    except NotHere as reason:
        return Proof(name=name, verdict=Verdict.NOT_HERE, said=str(reason))
    except ClientError as error:
        # Of the rights of whoever runs this; what PAM itself is refused comes by its API.
        if error.response["Error"]["Code"] in DENIED:
            said = f"your credentials may not {error.operation_name}"
            return Proof(name=name, verdict=Verdict.NOT_HERE, said=said)
        return Proof(name=name, verdict=Verdict.FAILED, said=str(error))
    except (NotSo, Failure, BotoCoreError) as error:
        return Proof(name=name, verdict=Verdict.FAILED, said=" ".join(str(error).split()))


def tidy(what: str, act: Callable[[], Any], say: Say) -> None:
    """Removes test data, and says so if it stays: nobody else knows of it."""
    for left in reversed(range(_CLEANING_TRIES)):
        try:
            act()
        except (ClientError, BotoCoreError, Failure) as error:
            if not left:
                say(f"left behind, remove it by hand: {what} ({' '.join(str(error).split())})")
        else:
            return
