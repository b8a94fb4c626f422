"""What the gate before access goes by: statements that only their makers could have signed.

Sessions lie in a table that every transition writes, so a status there proves nothing. The request,
each vote, the confirmation and the activation each carry a MAC by a key that one function may use
and no other. A statement names its maker, its kind, the session and every field that it vouches
for; change, move or replay one of them and its MAC is of something else.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from pam.domain import timestamps
from pam.domain.approval import Ballot, Vote
from pam.domain.audit_record import canonical_json
from pam.domain.links import Link
from pam.domain.people import Auth, Surface
from pam.domain.session import Confirmation, Session

_FORM = "mod046.pam/proof/1"
"""The form of what is signed. A statement of another form, or of another use of a key, differs."""


class Maker(StrEnum):
    """Who signs; each has a key of its own."""

    DOOR = "door"
    """The request API: it knows who signed the call at hand."""
    ADMISSION = "admission"
    """The workflow's first state: it knows which execution it serves, and nobody's identity."""
    ACTIVATION = "activation"
    SLACK = "slack"
    """The door by which Slack calls: it knows whom Slack says that a click is of, and no more.
    There is none where PAM is not in Slack."""


class Kind(StrEnum):
    REQUEST = "request"
    VOTE = "vote"
    CONFIRMATION = "confirmation"
    ACTIVATION = "activation"
    MAKING = "making"
    LINK = "link"


SIGNED: Mapping[tuple[Surface, Auth | None], Maker] = MappingProxyType(
    {(Surface.API, Auth.SIGV4): Maker.DOOR}
)
"""Who vouches for what people must do by a proof that is their own, by the `surface` and the `auth`
of the act: for a confirmation, that is, which no word of Slack's replaces."""

ACTS: Mapping[tuple[Surface, Auth | None], Maker] = MappingProxyType(
    {**SIGNED, (Surface.SLACK, Auth.SLACK): Maker.SLACK}
)
"""Who vouches for what else people do."""

ASKS: Mapping[tuple[Surface, Auth | None], Maker] = MappingProxyType(
    {**ACTS, (Surface.RUNBOOK, None): Maker.ADMISSION}
)
"""The same of requests: a runbook may ask as well, and proves nobody's identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`maker` None: there is nobody who may make it."""

    maker: Maker | None
    kind: Kind
    session_id: str
    fields: Mapping[str, Any]

    def digest(self) -> bytes:
        """SHA-256 of the canonical form (RFC 8785): what the MAC is made over, 32 bytes."""
        form = {
            "form": _FORM,
            "maker": self.maker,
            "kind": self.kind,
            "session_id": self.session_id,
            "fields": dict(self.fields),
        }
        return hashlib.sha256(canonical_json(form).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A statement, and the MAC that is said to be its maker's: base64, empty for none."""

    statement: Statement
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a session shows for itself, in the order in which it came to be."""

    request: Signed
    votes: tuple[Signed, ...]
    """Of those who approved; a denial needs no proof."""
    confirmation: Signed | None
    activation: Signed | None

    @property
    def all(self) -> tuple[Signed, ...]:
        later = (self.confirmation, self.activation)
        return (self.request, *self.votes, *(signed for signed in later if signed is not None))


def evidence(session: Session) -> Evidence:
    """What there is to verify, from the session as it is stored."""
    session_id, confirmed = session.session_id, session.confirmation
    word, activation = None, None
    if confirmation_due(session) and confirmed is not None:
        word = Signed(statement=of_confirmation(session_id, confirmed), mac=confirmed.proof)
    if session.activated_at is not None:
        activation = Signed(statement=of_activation(session), mac=session.activation_proof)
    return Evidence(
        request=Signed(statement=of_request(session), mac=session.proof),
        votes=tuple(signed_vote(session_id, vote) for vote in approvals(session)),
        confirmation=word,
        activation=activation,
    )


def confirmation_due(session: Session) -> bool:
    """Whether there is no access before the person named has confirmed: an emergency is declared by
    whoever has it, and of a standing kind there are no leases. Elsewhere each lease is that
    person's own word.
    """
    asked = session.circumstances
    return asked.needs_word and (asked.break_glass or session.standing)


def approvals(session: Session) -> tuple[Vote, ...]:
    return tuple(vote for vote in session.votes if vote.decision is Ballot.APPROVE)


def of_request(session: Session) -> Statement:
    """Everything that was settled when the session was opened."""
    target, asked = session.target, session.circumstances
    return Statement(
        # Auth is no field: each maker knows one proof for each surface, and vouches for no other.
        maker=ASKS.get((asked.surface, asked.auth)),
        kind=Kind.REQUEST,
        session_id=session.session_id,
        fields={
            "origin": asked.surface.value,
            "requester": session.requester,
            "requester_name": session.requester_name,
            "requester_domain": session.requester_domain,
            "resource": session.resource,
            "environment": session.environment.value,
            "domain": session.domain,
            "target": {
                **target.names,
                "kind": target.kind,
                "settings": dict(target.settings),
            },
            "duration": _seconds(session.asked_duration),
            "break_glass": asked.break_glass,
            "reason": session.reason,
            "ticket": asked.ticket,
            **({"signals": dict(asked.signals)} if asked.signals else {}),
            "created_at": _instant(session.created_at),
            "approval_expires_at": _instant(session.approval_expires_at),
            "execution_arn": session.execution_arn,
            **({"waits_for": session.waits_for} if session.waits_for else {}),
        },
    )


def of_vote(session_id: str, vote: Vote) -> Statement:
    return Statement(
        maker=ACTS.get((vote.surface, vote.auth)),
        kind=Kind.VOTE,
        session_id=session_id,
        fields={
            "voter": vote.name,
            "principal": vote.principal,
            "domain": vote.domain,
            "decision": vote.decision.value,
            "comment": vote.comment,
            "duration": _seconds(vote.duration),
            "at": _instant(vote.at),
            "surface": str(vote.surface),
            "auth": str(vote.auth),
        },
    )


def signed_vote(session_id: str, vote: Vote) -> Signed:
    return Signed(statement=of_vote(session_id, vote), mac=vote.proof)


def of_confirmation(session_id: str, confirmed: Confirmation) -> Statement:
    """That the person named did ask for it."""
    return Statement(
        maker=SIGNED.get((confirmed.surface, confirmed.auth)),
        kind=Kind.CONFIRMATION,
        session_id=session_id,
        fields={
            "principal": confirmed.principal,
            "at": _instant(confirmed.at),
            "surface": str(confirmed.surface),
            "auth": str(confirmed.auth),
            **({"waits_for": confirmed.waits_for} if confirmed.waits_for else {}),
        },
    )


def of_link(link: Link) -> Statement:
    """That a person took this principal for theirs. It is of no session."""
    return Statement(
        maker=Maker.DOOR,
        kind=Kind.LINK,
        session_id="",
        fields={
            "principal": link.principal,
            "person": link.person,
            "accepted_by": link.accepted_by,
            "linked_at": _instant(link.linked_at),
            "basis": link.basis,
        },
    )


def of_activation(session: Session) -> Statement:
    """When the access begins and ends, and on which proofs it was made: those and no others."""
    return Statement(
        maker=Maker.ACTIVATION,
        kind=Kind.ACTIVATION,
        session_id=session.session_id,
        fields={
            "activated_at": _instant(session.activated_at),
            "expires_at": _instant(session.expires_at),
            "request": session.proof,
            "votes": [vote.proof for vote in approvals(session)],
            "confirmation": session.confirmation.proof
            if session.confirmation and confirmation_due(session)
            else "",
        },
    )


def of_making(session: Session, until: datetime) -> Statement:
    """That the activator has seen all that access is given by, and policy's word: said to a
    function that makes access for it, of this session as it is, and of nothing begun after `until`.
    """
    return Statement(
        maker=Maker.ACTIVATION,
        kind=Kind.MAKING,
        session_id=session.session_id,
        fields={
            "until": _instant(until),
            "activating_at": _instant(session.activating_at),
            "duration": _seconds(session.duration),
            "request": session.proof,
            "votes": [vote.proof for vote in approvals(session)],
            "confirmation": session.confirmation.proof
            if session.confirmation and confirmation_due(session)
            else "",
        },
    )


def _instant(value: datetime | None) -> str | None:
    return None if value is None else timestamps.render(value)


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())
