"""What callers may send, by HTTP or by a direct start, and nothing else: `docs/interface.md`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from pam.domain.approval import Ballot
from pam.domain.block import EVERYTHING
from pam.domain.principals import Scheme
from pam.domain.review import Judgement
from pam.edge.reading import Body, read_body
from pam.edge.text import (
    BlockSeconds,
    Comment,
    EndReason,
    LinkCode,
    Principal,
    Reason,
    ResourceId,
    Seconds,
    SessionId,
    Ticket,
)
from pam.operations.admit_request import Claim
from pam.operations.block_person import PersonOrder
from pam.operations.link_principal import LinkPaper
from pam.operations.open_session import AccessRequest
from pam.operations.review_session import ReviewPaper


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBody(Body):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class StartInput(RequestBody):
    """The input of a state machine execution that somebody started directly."""

    session_id: SessionId | None = None
    requester: Principal

    def claim(self) -> Claim:
        return Claim(
            session_id=self.session_id, requester=self.requester, request=self.access_request()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveBody(Body):
    session_id: SessionId
    decision: Ballot = Ballot.APPROVE
    comment: Comment = ""
    duration_seconds: Seconds | None = None

    @property
    def duration(self) -> timedelta | None:
        return _length(self.duration_seconds)


class BlockScope(StrEnum):
    PERSON = "person"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeBody(Body):
    """`block_seconds` 0 blocks until lifted, absent blocks nobody; `block_scope` `resource` keeps
    the person from this session's resource alone.
    """

    session_id: SessionId
    reason: EndReason
    block_seconds: BlockSeconds | None = None
    block_scope: BlockScope = BlockScope.PERSON

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        if given.get("block_seconds") is None and "block_scope" in given:
            message = "block_scope without block_seconds blocks nobody; give both"
            raise ValueError(message)
        return cls(**given)

    @property
    def block(self) -> timedelta | None:
        """For how long; None until lifted. Meaningless without `block_seconds`."""
        return _length(self.block_seconds or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockBody(Body):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmBody(Body):
    session_id: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class EndBody(Body):
    session_id: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseBody(Body):
    session_id: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewBody(Body):
    session_id: SessionId
    outcome: Judgement
    comment: Comment = ""

    def paper(self) -> ReviewPaper:
        return ReviewPaper(session_id=self.session_id, judgement=self.outcome, comment=self.comment)


class LinkedSurface(StrEnum):
    """Where principals are linked."""

    SLACK = "slack"


_SCHEMES = {LinkedSurface.SLACK: Scheme.SLACK}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkBody(Body):
    """Without `accept` nothing changes, and the answer says what would be linked."""

    surface: LinkedSurface
    code: LinkCode
    accept: Principal = ""

    def paper(self) -> LinkPaper:
        return LinkPaper(surface=_SCHEMES[self.surface], code=self.code, accept=self.accept)


def parse_start(raw: object) -> Claim:
    """A direct start's claim. Raises Invalid naming each wrong field."""
    return read_body(StartInput, raw).claim()


def _length(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
