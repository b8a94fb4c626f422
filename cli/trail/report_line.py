"""One line of a report: a session as its records tell it, so far as they were sealed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from cli.trail.steps import REACHES
from pam.domain import timestamps
from pam.domain.audit_record import VOTE_STRUCK, Record, RecordType
from pam.domain.ending import NOTHING_MADE, ReceiptMethod
from pam.domain.free_text import ERASED, PREFIX, cut
from pam.domain.lifecycle import CLOSED, Status
from pam.domain.session import Session

NO_TEXT = "[no text]"
"""In place of a reason that the records commit to, and of which the text is not at hand."""
_MOST_OF_EVIDENCE = 200
_RECEIPT = re.compile(
    r"\[(?P<method>[a-z-]+): (?P<evidence>.*?)(?:; in force from [^;\]]*)?"
    r"(?P<unproven>; not proven)?\]\Z",
    re.DOTALL,
)
"""At the end of the detail of a record that closes a session: see `decide_end`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CastVote:
    approver: str
    decision: str
    at: str
    surface: str
    counts: bool
    """False for an approval that was struck, because nobody vouched for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """How the end was seen at the target. `evidence` is cut to 200 bytes."""

    method: str
    evidence: str
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """`outcome` is empty while the review is open, and where no policy set could be asked."""

    outcome: str
    due_at: str
    looks: tuple[tuple[str, str], ...]
    """Reviewer and judgement of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Times are RFC 3339 as records have them; empty for what has not happened."""

    session_id: str
    requester: str
    person: str
    resource: str
    environment: str
    domain: str
    asked_at: str
    since: str
    """When the access began."""
    until: str
    """When the session was over, with or without access."""
    status: str
    ended_by: str
    votes: tuple[CastVote, ...]
    reason: str
    ticket: str
    receipt: Receipt | None
    acts: int
    refusals: int
    risk: None = None
    """No release computes one yet."""
    break_glass: bool
    review: Reviewed | None
    fault: str = ""
    """Why this line is not proven; empty if nothing speaks against it."""

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        told["from"], told["to"] = told.pop("since"), told.pop("until")
        receipt = told.pop("receipt")
        told["ending"] = asdict(receipt) if receipt else None
        told["votes"] = [asdict(vote) for vote in self.votes]
        told["review"] = asdict(self.review) if self.review else None
        return told


def line_of(
    records: Sequence[Record],
    texts: Mapping[str, str],
    told: Session | None,
    *,
    erased: bool = False,
    fault: str = "",
) -> Line:
    """`records`: all of one session, in order, one at least. `texts` by their commitments. `told`
    is what the policy sets made of the records, None if they are not lawful.
    """
    first, status, closing = records[0], Status.PENDING_APPROVAL, None
    began = ended_by = ""
    for record in records:
        reached = REACHES.get(record["type"], status)
        if reached is not status and reached in CLOSED | {Status.REVOKING} and not ended_by:
            ended_by = record["actor"]["principal"] or record["actor"]["kind"]
        if record["type"] == RecordType.ACTIVATED:
            began = began or _at(record)
        if reached in CLOSED and closing is None:
            closing = record
        status = reached
    return Line(
        session_id=first["session_id"],
        requester=first["requester"],
        person=told.requester_name if told else _last_part(first["requester"]),
        resource=first["resource"],
        environment=first["environment"],
        domain=first["domain"],
        asked_at=_at(first),
        since=began,
        until=_at(closing) if closing else "",
        status=status.value,
        ended_by=ended_by,
        votes=_votes(records),
        reason=_reason(records, texts, erased=erased),
        ticket=str(first.get("ticket") or ""),
        receipt=_receipt(closing) if closing else None,
        acts=_count(records, RecordType.ACTIVITY),
        refusals=_count(records, RecordType.REFUSED),
        break_glass=first["break_glass"],
        review=_review(records, told),
        fault=fault,
    )


def lies_in(records: Sequence[Record], since: datetime, until: datetime) -> bool:
    """Whether a record of the session is of that time, or the session was open in it."""
    times = [timestamps.parse(record["at"]) for record in records]
    if any(since <= at < until for at in times):
        return True
    over = any(
        REACHES.get(record["type"]) in CLOSED and at < since
        for record, at in zip(records, times, strict=True)
    )
    return times[0] < since and not over


def _votes(records: Sequence[Record]) -> tuple[CastVote, ...]:
    votes: list[CastVote] = []
    struck: set[str] = set()
    for record in records:
        actor = record["actor"]
        if record["type"] == RecordType.VOTED:
            votes.append(
                CastVote(
                    approver=actor["principal"],
                    decision=record["detail"].partition(":")[0],
                    at=_at(record),
                    surface=str(actor.get("surface") or ""),
                    counts=True,
                )
            )
        if record["type"] == RecordType.DRIFT and record["detail"].startswith(VOTE_STRUCK):
            standing = set(record["approvers"])
            struck |= {v.approver for v in votes if v.decision == "approve"} - standing
    return tuple(replace(vote, counts=vote.approver not in struck) for vote in votes)


def _reason(records: Sequence[Record], texts: Mapping[str, str], *, erased: bool) -> str:
    said = records[0]["reason"]
    if not said.startswith(PREFIX):
        return str(said)
    if said in texts:
        return texts[said]
    gone = erased or _count(records, RecordType.ERASED)
    return ERASED if gone else NO_TEXT


def _receipt(closing: Record) -> Receipt:
    if closing["type"] == RecordType.DENIED:
        # Its detail is the vote that denied it: nothing is ever made before the votes suffice.
        return Receipt(method=ReceiptMethod.NEVER_GRANTED, evidence=NOTHING_MADE, proven=True)
    said, found = closing["detail"], None
    at = said.find(f": {PREFIX}")
    found = _RECEIPT.search(said if at < 0 else said[:at])
    if found is None:
        # Before receipts were recorded, and what is no receipt of ours.
        return Receipt(method="", evidence="", proven=False)
    evidence = cut(found["evidence"], _MOST_OF_EVIDENCE)
    return Receipt(method=found["method"], evidence=evidence, proven=not found["unproven"])


def _review(records: Sequence[Record], told: Session | None) -> Reviewed | None:
    looks = tuple(
        (record["actor"]["principal"], record["detail"].partition(":")[0])
        for record in records
        if record["type"] == RecordType.REVIEWED
    )
    owed = told.review if told else None
    if owed is None and not looks:
        return None
    return Reviewed(
        outcome=owed.outcome if owed else "",
        due_at=timestamps.render(owed.due_at) if owed else "",
        looks=looks,
    )


def _count(records: Sequence[Record], kind: RecordType) -> int:
    return sum(record["type"] == kind for record in records)


def _at(record: Record) -> str:
    """In the one form, whichever a record that nobody has proven may have."""
    return timestamps.render(timestamps.parse(record["at"]))


def _last_part(principal: str) -> str:
    return principal.rsplit("/", 1)[-1]
