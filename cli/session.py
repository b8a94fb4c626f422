"""A session as the API tells of it, read leniently: what is missing or new breaks no display."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from cli import clock
from cli.problems import Failure
from pam.domain.lifecycle import CLOSED, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    approver: str
    decision: str
    comment: str
    at: datetime | None

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            approver=_text(document, "approver"),
            decision=_text(document, "decision"),
            comment=_text(document, "comment"),
            at=clock.parse(document.get("at")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """`required` in all, `domain_required` of them by approvers of the resource's domain."""

    required: int
    received: int
    domain_required: int
    domain_received: int
    votes: tuple[Vote, ...]

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        votes = document.get("votes")
        return cls(
            required=_number(document, "required"),
            received=_number(document, "received"),
            domain_required=_number(document, "domain_required"),
            domain_received=_number(document, "domain_received"),
            votes=tuple(
                Vote.parse(vote)
                for vote in (votes if isinstance(votes, list) else [])
                if isinstance(vote, Mapping)
            ),
        )

    @property
    def missing(self) -> int:
        return max(self.required - self.received, self.domain_missing, 0)

    @property
    def domain_missing(self) -> int:
        return max(self.domain_required - self.domain_received, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What the command line shows of a session; the names are those of the API."""

    session_id: str
    status: str
    requester: str
    requester_verified: bool
    needs_confirmation: bool
    waits_for: str
    resource: str
    environment: str
    domain: str
    requester_domain: str
    reason: str
    ticket: str
    break_glass: bool
    origin: str
    duration_seconds: int
    approvals: Approvals
    created_at: datetime | None
    approval_expires_at: datetime | None
    activated_at: datetime | None
    expires_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    ending: Mapping[str, Any]
    tries: int
    review: Mapping[str, Any]

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Raises Failure if this is no session at all."""
        session_id, status = document.get("session_id"), document.get("status")
        if not isinstance(session_id, str) or not isinstance(status, str):
            message = "the API's answer is not a session; is this pam older than the API?"
            raise Failure(message)
        return cls(
            session_id=session_id,
            status=status,
            requester=_text(document, "requester"),
            requester_verified=document.get("requester_verified") is not False,
            needs_confirmation=document.get("needs_confirmation") is True,
            waits_for=_text(document, "waits_for"),
            resource=_text(document, "resource"),
            environment=_text(document, "environment"),
            domain=_text(document, "domain"),
            requester_domain=_text(document, "requester_domain"),
            reason=_text(document, "reason"),
            ticket=_text(document, "ticket"),
            break_glass=document.get("break_glass") is True,
            origin=_text(document, "origin"),
            duration_seconds=_number(document, "duration_seconds"),
            approvals=Approvals.parse(_part(document, "approvals")),
            created_at=clock.parse(document.get("created_at")),
            approval_expires_at=clock.parse(document.get("approval_expires_at")),
            activated_at=clock.parse(document.get("activated_at")),
            expires_at=clock.parse(document.get("expires_at")),
            ended_at=clock.parse(document.get("ended_at")),
            end_reason=_text(document, "end_reason"),
            ending=_part(document, "ending"),
            tries=_number(document, "tries"),
            review=_part(document, "review"),
        )

    @property
    def active(self) -> bool:
        return self.status == Status.ACTIVE

    @property
    def over(self) -> bool:
        """Nothing will change any more."""
        return self.status in CLOSED

    @property
    def lost(self) -> bool:
        """No access, and none to come: over, or being taken away."""
        return self.over or self.status == Status.REVOKING


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _number(document: Mapping[str, Any], name: str) -> int:
    value = document.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}
