"""What callers may send, by HTTP or by a direct start, and nothing else: `docs/interface.md`."""

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pam.domain.approval import Ballot
from pam.domain.block import EVERYTHING
from pam.domain.errors import FieldError, Invalid
from pam.domain.free_text import named
from pam.domain.review import Judgement
from pam.edge.text import (
    BlockSeconds,
    Comment,
    EndReason,
    Principal,
    Reason,
    ResourceId,
    Seconds,
    SessionId,
    Ticket,
)
from pam.operations.admit_request import Claim
from pam.operations.block_person import PersonOrder
from pam.operations.open_session import AccessRequest
from pam.operations.review_session import ReviewPaper


class _Strict(BaseModel):
    """Unknown fields and values of another JSON type are refused, not ignored or converted."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class RequestBody(_Strict):
    resource: ResourceId
    reason: Reason
    duration_seconds: Seconds | None = None
    ticket: Ticket = ""
    break_glass: bool = False

    def access_request(self) -> AccessRequest:
        return AccessRequest(
            resource=self.resource,
            reason=self.reason,
            duration=_length(self.duration_seconds),
            ticket=self.ticket,
            break_glass=self.break_glass,
        )


class StartInput(RequestBody):
    """The input of a state machine execution that somebody started directly."""

    session_id: SessionId | None = None
    requester: Principal

    def claim(self) -> Claim:
        return Claim(
            session_id=self.session_id, requester=self.requester, request=self.access_request()
        )


class ApproveBody(_Strict):
    session_id: SessionId
    # Strict would want the enumeration itself; JSON has only its text.
    decision: Annotated[Ballot, Field(strict=False)] = Ballot.APPROVE
    comment: Comment = ""
    duration_seconds: Seconds | None = None

    @property
    def duration(self) -> timedelta | None:
        return _length(self.duration_seconds)


class BlockScope(StrEnum):
    PERSON = "person"
    RESOURCE = "resource"


class RevokeBody(_Strict):
    """`block_seconds` 0 blocks until lifted, absent blocks nobody; `block_scope` `resource` keeps
    the person from this session's resource alone.
    """

    session_id: SessionId
    reason: EndReason
    block_seconds: BlockSeconds | None = None
    block_scope: Annotated[BlockScope, Field(strict=False)] = BlockScope.PERSON

    @model_validator(mode="after")
    def _scope_of_a_block(self) -> "RevokeBody":
        if self.block_seconds is None and "block_scope" in self.model_fields_set:
            message = "block_scope without block_seconds blocks nobody; give both"
            raise ValueError(message)
        return self

    @property
    def block(self) -> timedelta | None:
        """For how long; None until lifted. Meaningless without `block_seconds`."""
        return _length(self.block_seconds or None)


class BlockBody(_Strict):
    """`seconds` 0 blocks until lifted; without `resource` from everything."""

    person: Principal
    reason: EndReason
    seconds: BlockSeconds
    resource: ResourceId | None = None
    unseen: bool = False

    def order(self) -> PersonOrder:
        return PersonOrder(
            person=self.person,
            reason=self.reason,
            length=_length(self.seconds or None),
            resource=self.resource or EVERYTHING,
            unseen=self.unseen,
        )


class ConfirmBody(_Strict):
    session_id: SessionId


class EndBody(_Strict):
    session_id: SessionId


class EraseBody(_Strict):
    session_id: SessionId


class ReviewBody(_Strict):
    session_id: SessionId
    outcome: Annotated[Judgement, Field(strict=False)]
    comment: Comment = ""

    def paper(self) -> ReviewPaper:
        return ReviewPaper(session_id=self.session_id, judgement=self.outcome, comment=self.comment)


def parse_start(raw: object) -> Claim:
    """A direct start's claim. Raises Invalid naming each wrong field."""
    try:
        return StartInput.model_validate(raw).claim()
    except ValidationError as error:
        raise invalid(error.errors()) from None


def invalid(errors: Any) -> Invalid:
    """From pydantic's errors, without the values: those may be anything, and are not echoed.

    The names that the caller made up are told to them, and stand in no record.
    """
    errors = list(errors)
    told = errors[:_MOST_ERRORS]
    found = tuple(FieldError(field=_field(error["loc"]), message=_message(error)) for error in told)
    left_out = [f"and {len(errors) - len(told)} more"] if len(errors) > len(told) else []
    return Invalid(
        "; ".join([*(f"{fault.field}: {fault.message}" for fault in found), *left_out]),
        errors=found,
        recorded="; ".join([*_recorded(told, found), *left_out]),
    )


def _recorded(errors: list[Any], found: tuple[FieldError, ...]) -> Iterator[str]:
    for error, fault in zip(errors, found, strict=True):
        made_up = error["type"] == "extra_forbidden"
        yield (
            "a field that this call does not have" if made_up else f"{fault.field}: {fault.message}"
        )


def _field(loc: tuple[Any, ...]) -> str:
    parts = [str(part) for part in loc]
    if parts and parts[0] in {"body", "query", "path", "header"} and len(parts) > 1:
        parts = parts[1:]
    return named(".".join(parts)) or "body"


_MOST_ERRORS = 10
_PLAIN = {
    "extra_forbidden": "is not a field of this call",
    "missing": "is required",
    "json_invalid": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
"""What a caller is told, by pydantic's type of error."""


def _message(error: Any) -> str:
    plain = _PLAIN.get(error["type"])
    if plain is not None:
        return plain.format(**error.get("ctx", {}))
    return str(error["msg"]).removeprefix("Value error, ")[:300]


def _length(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
