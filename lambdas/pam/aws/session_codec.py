"""Sessions as plain data and back. Total in both directions; a test holds that."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pam.domain import timestamps
from pam.domain.approval import ApprovalsNeeded, Ballot, Vote
from pam.domain.circumstances import Circumstances
from pam.domain.ending import Ending, read_receipt
from pam.domain.ids import is_ulid
from pam.domain.kinds import RESERVED_NAMES, Kind, kind_of
from pam.domain.lifecycle import Status
from pam.domain.people import Auth, Surface
from pam.domain.resource import Environment, Target
from pam.domain.review import Judgement, LookBack, Review
from pam.domain.session import Confirmation, Session

_INSTANTS = (
    "created_at",
    "approval_expires_at",
    "approved_at",
    "activating_at",
    "activated_at",
    "expires_at",
    "ended_at",
    "leases_end_at",
    "traces_until",
)
_SINCE_NOTICES = ("noticed_at", "notifying_until", "tried_at", "credentials_live_until")
"""Instants that a session stored by an earlier version may lack."""
_SINCE_PROOFS = ("proof", "activation_proof")
"""Texts that a session stored by an earlier version lacks: then it proves nothing."""
_AS_OF_OLD: dict[str, Auth | None] = {Surface.API: Auth.SIGV4, Surface.RUNBOOK: None}
"""The proof of a session that an earlier version stored, which says nothing but its surface."""
_AS_THEY_ARE = (
    "session_id",
    "requester",
    "requester_name",
    "requester_domain",
    "resource",
    "domain",
    "reason",
    "execution_arn",
    "leases",
    "sequence",
    "last_hash",
    "text_key",
)

_YEARS = range(1971, 9000)
_LONGEST = timedelta(days=365)


def encode(session: Session) -> dict[str, Any]:
    """Strings, integers, booleans, None, lists and maps only; instants as RFC 3339 text."""
    return {
        **{name: getattr(session, name) for name in (*_AS_THEY_ARE, *_SINCE_PROOFS)},
        **{name: _instant(getattr(session, name)) for name in (*_INSTANTS, *_SINCE_NOTICES)},
        **_circumstances(session.circumstances),
        "requester_verified": session.requester_verified,
        "waits_for": session.waits_for,
        "notices": session.notices,
        "tries": session.tries,
        "refusals": session.refusals,
        "status": session.status.value,
        "environment": session.environment.value,
        "target": {
            **session.target.names,
            "kind": session.target.kind,
            "settings": dict(session.target.settings),
        },
        "asked_duration": _seconds(session.asked_duration),
        "duration": _seconds(session.duration),
        "needed": {"total": session.needed.total, "domain": session.needed.domain},
        "votes": [_vote(vote) for vote in session.votes],
        "ending": session.ending and _ending(session.ending),
        "review": session.review and _review(session.review),
        "confirmation": session.confirmation and _confirmation(session.confirmation),
    }


class Unreadable(ValueError):
    """What lies where a session should is none: no step of PAM wrote it."""


def decode(raw: Any) -> Session:
    """Raises Unreadable, and nothing else, whatever it is given: others may write the table."""
    try:
        return _decoded(raw)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unreadable(str(error)) from error


def _decoded(raw: dict[str, Any]) -> Session:
    target, expires_at = _parsed_target(raw["target"]), _parsed(raw["expires_at"])
    return Session(
        **{name: raw[name] for name in _AS_THEY_ARE if name not in {"leases", "sequence"}},
        **{name: _parsed(raw[name]) for name in _INSTANTS},
        **{name: _parsed(raw.get(name)) for name in _SINCE_NOTICES},
        **{name: raw.get(name, "") for name in _SINCE_PROOFS},
        circumstances=_parsed_circumstances(raw),
        waits_for=_id(raw.get("waits_for")),
        notices=int(raw.get("notices", 0)),
        tries=int(raw.get("tries", 0)),
        refusals=int(raw.get("refusals", 0)),
        leases=int(raw["leases"]),
        sequence=int(raw["sequence"]),
        status=Status(raw["status"]),
        environment=Environment(raw["environment"]),
        target=target,
        asked_duration=_length(raw["asked_duration"]),
        duration=_length(raw["duration"]),
        needed=ApprovalsNeeded(
            total=int(raw["needed"]["total"]), domain=int(raw["needed"]["domain"])
        ),
        votes=tuple(_parsed_vote(vote) for vote in raw["votes"]),
        ending=raw["ending"] and _parsed_ending(raw["ending"], target.row, expires_at),
        review=raw["review"] and _parsed_review(raw["review"]),
        confirmation=_parsed_confirmation(raw.get("confirmation")),
    )


def _parsed_target(raw: dict[str, Any]) -> Target:
    """Raises ValueError for a kind that is not in the table, or a target with a name missing."""
    row = kind_of(raw["kind"])
    names = {name: text for name, text in raw.items() if name not in RESERVED_NAMES}
    if not row.names.keys() <= names.keys():
        message = f"a target of kind {row.name} is named by {', '.join(row.names)}"
        raise ValueError(message)
    return Target(kind=row.name, names=_texts(names), settings=_texts(raw.get("settings", {})))


def _circumstances(asked: Circumstances) -> dict[str, Any]:
    """In the session's own document, where an earlier version has the first three."""
    return {
        "origin": asked.surface.value,
        "ticket": asked.ticket,
        "break_glass": asked.break_glass,
        "auth": asked.auth and asked.auth.value,
        "signals": dict(asked.signals),
    }


def _parsed_circumstances(raw: dict[str, Any]) -> Circumstances:
    surface = Surface(raw["origin"])
    auth = raw["auth"] if "auth" in raw else _AS_OF_OLD[surface]
    return Circumstances(
        surface=surface,
        auth=auth and Auth(auth),
        break_glass=raw["break_glass"],
        ticket=raw["ticket"],
        # Of what a later version may have stored, no word is lost: the request is proven with it.
        signals=_texts(raw.get("signals", {})),
    )


def _vote(vote: Vote) -> dict[str, Any]:
    return {
        "name": vote.name,
        "principal": vote.principal,
        "domain": vote.domain,
        "decision": vote.decision.value,
        "comment": vote.comment,
        "at": _instant(vote.at),
        "surface": vote.surface.value,
        "auth": vote.auth.value,
        "duration": None if vote.duration is None else _seconds(vote.duration),
        "proof": vote.proof,
    }


def _parsed_vote(raw: dict[str, Any]) -> Vote:
    seconds = raw["duration"]
    return Vote(
        **raw
        | {
            "decision": Ballot(raw["decision"]),
            "at": _at(raw["at"]),
            # Votes of before there were other ways to cast one have neither.
            "surface": Surface(raw.get("surface", Surface.API)),
            "auth": Auth(raw.get("auth", Auth.SIGV4)),
            "duration": None if seconds is None else _length(seconds),
        }
    )


def _confirmation(given: Confirmation) -> dict[str, Any]:
    return {
        "principal": given.principal,
        "at": _instant(given.at),
        "surface": given.surface.value,
        "auth": given.auth.value,
        "waits_for": given.waits_for,
        "proof": given.proof,
    }


def _parsed_confirmation(raw: dict[str, Any] | None) -> Confirmation | None:
    if raw is None:
        return None
    return Confirmation(
        principal=raw["principal"],
        at=_at(raw["at"]),
        surface=Surface(raw["surface"]),
        auth=Auth(raw["auth"]),
        waits_for=_id(raw.get("waits_for")),
        proof=raw.get("proof", ""),
    )


def _ending(ending: Ending) -> dict[str, Any]:
    return {
        "decided_at": _instant(ending.decided_at),
        "outcome": ending.outcome.value,
        "reason": ending.reason,
        "written": ending.written,
        "by": ending.by,
        "confirmed_at": _instant(ending.confirmed_at),
        "method": ending.method or "",
        "evidence": ending.evidence,
        "effective_at": _instant(ending.effective_at),
        "proven": ending.proven,
    }


def _parsed_ending(raw: dict[str, Any], row: Kind, expires_at: datetime | None) -> Ending:
    method, evidence = None, raw.get("evidence", "")
    if raw.get("method"):
        method, evidence = read_receipt(raw["method"], evidence)
    ending = Ending(
        decided_at=_at(raw["decided_at"]),
        outcome=Status(raw["outcome"]),
        reason=raw["reason"],
        written=raw.get("written", False),
        by=raw["by"],
        confirmed_at=_parsed(raw["confirmed_at"]),
        method=method,
        evidence=evidence,
    )
    if "proven" not in raw:
        return ending.of_an_earlier_version(row.bites, expires_at)
    proven, effective_at = _parsed_flag(raw["proven"]), _parsed(raw["effective_at"])
    return replace(ending, proven=proven, effective_at=effective_at)


def _parsed_flag(raw: object) -> bool | None:
    if raw is not None and not isinstance(raw, bool):
        message = f"neither true nor false: {raw!r}"
        raise ValueError(message)
    return raw


def _review(review: Review) -> dict[str, Any]:
    return {
        "due_at": _instant(review.due_at),
        "outcome": review.outcome,
        "given": [
            {
                "name": look.name,
                "principal": look.principal,
                "judgement": look.judgement.value,
                "comment": look.comment,
                "at": _instant(look.at),
                "for_domain": look.for_domain,
            }
            for look in review.given
        ],
        "escalated_at": _instant(review.escalated_at),
    }


def _parsed_review(raw: dict[str, Any]) -> Review:
    return Review(
        due_at=_at(raw["due_at"]),
        outcome=raw["outcome"],
        given=tuple(
            LookBack(**look | {"judgement": Judgement(look["judgement"]), "at": _at(look["at"])})
            for look in raw.get("given", ())
        ),
        escalated_at=_parsed(raw.get("escalated_at")),
    )


def _instant(value: datetime | None) -> str | None:
    return None if value is None else timestamps.render(value)


def _parsed(text: str | None) -> Any:
    return None if text is None else _at(text)


def _at(text: str) -> datetime:
    """Of a year about which one can say what comes before and after. Raises ValueError."""
    instant = timestamps.parse(text)
    if instant.year not in _YEARS:
        message = f"{text!r} is in no year of a session"
        raise ValueError(message)
    return instant


def _length(seconds: Any) -> timedelta:
    """Raises ValueError, OverflowError."""
    length = timedelta(seconds=int(seconds))
    if not timedelta(0) <= length <= _LONGEST:
        message = f"{seconds} seconds is no length of a session"
        raise ValueError(message)
    return length


def _texts(settings: Any) -> dict[str, str]:
    """Raises TypeError, AttributeError."""
    if not all(isinstance(text, str) for text in settings.values()):
        message = "the names and settings of a target are texts"
        raise TypeError(message)
    return dict(settings)


def _id(text: Any) -> str:
    """Empty for what is no id of a session: what was signed with another then proves nothing."""
    return text if isinstance(text, str) and is_ulid(text) else ""


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
