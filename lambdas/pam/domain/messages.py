"""What PAM's functions are called with, apart from a gateway's call and AWS's own streams and logs.

Each message is a value with a tag; the class that is sent is the class that is read. A message says
where to look and never what happened: whoever may invoke a function could send any, so a function
acts on what stands in the store, on the clock, or on what Step Functions itself says. Whatever is
none of these is refused, and nothing falls through to a default.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar, cast

from pam.domain.ids import is_ulid
from pam.domain.values import Value

_TAG = "message"


class UnknownEvent(Exception):
    """Nobody whose business it is calls this function so. Nothing was done."""


class Admit(Value):
    """The workflow's first state. The execution's input is read from Step Functions."""

    execution_arn: str


class AskApprovers(Value):
    session_id: str
    task_token: str


class Activate(Value):
    session_id: str


class EndDue(Value):
    """The workflow has waited until the end of the session."""

    session_id: str


class AdmissionFailed(Value):
    execution_arn: str


class CloseUnfinished(Value):
    execution_arn: str
    session_id: str


class EndDecided(Value):
    """A door has written that the session ends; what is left is to do it."""

    session_id: str


class Sweep(Value):
    """The tick has found that something is due."""

    session_id: str


class SearchTargets(Value):
    pass


class SearchDenies(Value):
    pass


class SearchBlocked(Value):
    pass


class SearchStanding(Value):
    """The targets of standing kinds, where access stands, are to be looked at."""


class MakeAccess(Value):
    """To a function that has a vendor's power to make access. `proof` is the activator's, of this
    session and of nothing that is begun after `until` (an RFC 3339 time).
    """

    session_id: str
    until: str
    proof: str


class SeeAccess(Value):
    """Whether the access stands at the vendor."""

    session_id: str


class UnmakeAccess(Value):
    """To a function that has a vendor's power to take access, as the next two."""

    session_id: str


class ClearAccess(Value):
    """What the end had to leave there goes."""

    session_id: str


class TargetAct(StrEnum):
    """What is asked about a target, and no single session."""

    SESSIONS = "sessions"
    STANDING = "standing"
    STRANGERS = "strangers"
    KEEP = "keep"
    UNDONE = "undone"
    TIDY = "tidy"


class AtTarget(Value):
    """`act` is a TargetAct, `target` the label of a target that is lent, or that a session has."""

    act: str
    target: str


class SendNotices(Value):
    session_id: str


class Settle(Value):
    """The issuer waits for the session's records to stand in the log group."""

    session_id: str


class KeepPolicySet(Value):
    """The policy set of this deployment is to be archived, if it is not."""


class Tick(Value):
    pass


class FindUnpainted(Value):
    """What stands in Slack is to be compared with the sessions."""


class SealRecords(Value):
    pass


class MatchCalls(Value):
    pass


class StreamRecords(Value):
    """A table's stream, as Lambda hands it on: it only says for whom there is something to do."""

    records: tuple[dict[str, Any], ...]


_Message = TypeVar("_Message")
"""Of several kinds it is their union, which each caller takes apart."""


def event_of(message: Any) -> dict[str, Any]:
    """The message as it is sent."""
    return {_TAG: type(message).__name__, **message.as_dict()}


def read(event: object, *kinds: type[_Message]) -> _Message:
    """The message, if it is one of these kinds to the letter. Raises UnknownEvent."""
    if isinstance(event, Mapping):
        for kind in kinds:
            made: Any = kind
            if made is StreamRecords and set(event) == {"Records"}:
                return cast("_Message", made(records=_records(event["Records"])))
            if made is not StreamRecords and event.get(_TAG) == kind.__name__:
                return cast("_Message", made(**_fields(event, made)))
    message = f"none of {', '.join(kind.__name__ for kind in kinds)}"
    raise UnknownEvent(message)


def _fields(event: Mapping[str, Any], kind: type[Any]) -> dict[str, str]:
    given = {name: value for name, value in event.items() if name != _TAG}
    if set(given) != set(kind.field_names()):
        message = f"{kind.__name__} has other fields"
        raise UnknownEvent(message)
    for name, value in given.items():
        if not isinstance(value, str) or not value or (name == "session_id" and not is_ulid(value)):
            message = f"{kind.__name__}: {name} is not what it should be"
            raise UnknownEvent(message)
    return given


def _records(value: object) -> tuple[dict[str, Any], ...]:
    well_formed = isinstance(value, list) and all(
        isinstance(each, dict) and isinstance(each.get("dynamodb"), dict) for each in value
    )
    if not well_formed:
        message = "no records of a table's stream"
        raise UnknownEvent(message)
    assert isinstance(value, list)  # noqa: S101 - just seen, for the type checker
    return tuple(value)
