"""What a check is, and how it is made: one question, answered by reading, with what to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deployment.assembly import Stack
from deployment.environment import Caller, Clients
from pam.policy.compiled import CompiledPolicy
from stacks.config import DeployConfig

_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
    }
)


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """It works; somebody should know of it."""
    WRONG = "wrong"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`remedy` is what to do, in one line or two; empty where nothing is to be done."""

    verdict: Verdict
    said: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a check may look at. `clients` read only; `stacks` are those that are synthesised."""

    config: DeployConfig
    policy: CompiledPolicy
    clients: Clients
    caller: Caller
    stacks: tuple[Stack, ...]

    @property
    def home(self) -> str:
        """PAM's own account: as configured, else the caller's."""
        return self.config.account or self.caller.account

    @property
    def at_home(self) -> bool:
        return self.caller.account == self.home

    @property
    def own_stacks(self) -> tuple[Stack, ...]:
        return tuple(each for each in self.stacks if each.belongs_to(self.caller.account))


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`blocks`: a deployment does not begin while this is wrong. `everywhere`: it says something in
    each account that PAM has to do with, and else in PAM's own only.
    """

    name: str
    reason: str
    look: Callable[[Surroundings], Iterator[Finding]]
    blocks: bool = False
    everywhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    check: Check
    findings: tuple[Finding, ...] = field(default_factory=tuple)

    @property
    def wrong(self) -> bool:
        return any(finding.verdict is Verdict.WRONG for finding in self.findings)


def ok(said: str) -> Finding:
    return Finding(verdict=Verdict.OK, said=said)


def warning(said: str, remedy: str = "") -> Finding:
    return Finding(verdict=Verdict.WARNING, said=said, remedy=remedy)


def wrong(said: str, remedy: str) -> Finding:
    return Finding(verdict=Verdict.WRONG, said=said, remedy=remedy)


def unknown(said: str, remedy: str = "") -> Finding:
    return Finding(verdict=Verdict.UNKNOWN, said=said, remedy=remedy)


def make(check: Check, surroundings: Surroundings) -> Result:
    """Whatever AWS answers, the other checks are made too. What was found before stands."""
    if not (surroundings.at_home or check.everywhere):
        elsewhere = f"this is asked in account {surroundings.home}"
        return Result(check=check, findings=(unknown(elsewhere),))
    found: list[Finding] = []
    try:
        found.extend(check.look(surroundings))
    except ClientError as error:
        found.append(_not_answered(error))
    except BotoCoreError as error:
        found.append(unknown(" ".join(str(error).split())))
    return Result(check=check, findings=tuple(found))


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def is_denied(error: ClientError) -> bool:
    return code_of(error) in _DENIED


def _not_answered(error: ClientError) -> Finding:
    operation = error.operation_name
    if is_denied(error):
        return unknown(f"your credentials may not {operation}", _right_missing(error))
    message = str(error.response.get("Error", {}).get("Message", ""))
    return unknown(f"{operation} was answered by {code_of(error)}: {message[:200]}")


def _right_missing(error: ClientError) -> str:
    """AWS names it in most of its refusals; the operation's own name is nearly always its right."""
    message = str(error.response.get("Error", {}).get("Message", ""))
    _, told, rest = message.partition("not authorized to perform: ")
    right = rest.split()[0] if told and rest.split() else error.operation_name
    return f"let whoever runs this do {right}, or look by hand"


def pages(client: Any, operation: str, key: str, **asked: Any) -> Iterator[Any]:
    """Every item of a listing, all its pages."""
    for page in client.get_paginator(operation).paginate(**asked):
        yield from page.get(key) or ()
