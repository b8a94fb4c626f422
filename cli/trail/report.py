"""What a report is asked for, what stands in its head, and where its lines wait to be printed.

A head says no more than its lines are good for: PROVEN is what `check_trail` would say of the same
time, by the same keys. That nobody else had access follows from it only where every record of the
time was read.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from cli.trail.checkpoints import Disproof
from cli.trail.law import Law, PolicyText
from cli.trail.report_line import Line
from pam.domain import timestamps
from pam.domain.audit_record import Record, RecordType
from pam.domain.principals import folded
from pam.domain.session import Session

_MOST_TOLD = 100


class Verdict(StrEnum):
    PROVEN = "PROVEN"
    NOT_ANCHORED = "NOT ANCHORED"
    NOT_PROVEN = "NOT PROVEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`who`: a person's name or a principal; empty for all. So `resource`."""

    since: datetime
    until: datetime
    who: str = ""
    resource: str = ""

    def concerns(self, line: Line) -> bool:
        return self.of_person(line.person, line.requester) and self.of_resource(line.resource)

    def of_person(self, *names: str) -> bool:
        return not self.who or folded(self.who) in {folded(name) for name in names}

    def of_resource(self, resource: str) -> bool:
        return self.resource in {"", resource}

    def holds(self, record: Record) -> bool:
        """Whether the record is of that time."""
        return self.since <= timestamps.parse(record["at"]) < self.until


@dataclass(slots=True, kw_only=True)
class Head:
    """Instants as records have them. `log_begins` is empty where the trail does not say it."""

    asked: Asked
    source: str
    """`stores`, or the folder's name."""
    log_begins: str = ""
    origin: str = ""
    first_checkpoint: int = 0
    last_checkpoint: int = 0
    sealed_since: str = ""
    sealed_until: str = ""
    key_fingerprint: str = ""
    key_by: str = ""
    """Who says that this is the log's key."""
    anchored: bool = False
    cosigned: int | None = None
    """None where no witness's key was brought."""
    unwitnessed: int = 0
    witness_age_seconds: int | None = None
    complete: bool = True
    """Whether every record of the time was read: only then is nothing missing that should be in."""
    why_incomplete: str = ""
    faults: list[str] = field(default_factory=list)
    untold: int = 0
    """Faults beyond the first hundred."""
    records: int = 0
    sessions: int = 0
    refusals: int = 0
    break_glass: int = 0

    @property
    def verdict(self) -> Verdict:
        if self.faults:
            return Verdict.NOT_PROVEN
        return Verdict.PROVEN if self.anchored else Verdict.NOT_ANCHORED

    def add(self, fault: str) -> None:
        if len(self.faults) < _MOST_TOLD:
            self.faults.append(fault)
        else:
            self.untold += 1

    def count(self, line: Line, records: Sequence[Record]) -> None:
        self.sessions += 1
        self.break_glass += line.break_glass
        self.refusals += sum(
            record["type"] == RecordType.REFUSED and self.asked.holds(record) for record in records
        )

    def count_alone(self, record: Record) -> None:
        """A record that belongs to no session."""
        about = self.asked.of_person(record["requester"], record["requester"].rsplit("/", 1)[-1])
        if (
            record["type"] == RecordType.REFUSED
            and about
            and self.asked.of_resource(record["resource"])
            and self.asked.holds(record)
        ):
            self.refusals += 1

    def document(self) -> dict[str, Any]:
        """As JSON has it. `proven` speaks of the whole time; of the lines alone where `complete` is
        false.
        """
        asked = self.asked
        return {
            "from": timestamps.render(asked.since),
            "to": timestamps.render(asked.until),
            "who": asked.who,
            "resource": asked.resource,
            "source": self.source,
            "log_begins": self.log_begins,
            "checkpoints": {
                "origin": self.origin,
                "first": self.first_checkpoint,
                "last": self.last_checkpoint,
                "from": self.sealed_since,
                "to": self.sealed_until,
            },
            "proof": {
                "verdict": self.verdict.value,
                "proven": self.verdict is Verdict.PROVEN,
                "complete": self.complete,
                "why_incomplete": self.why_incomplete,
                "faults": self.faults,
                "untold": self.untold,
                "records": self.records,
                "key_fingerprint": self.key_fingerprint,
                "key_by": self.key_by,
                "cosigned": self.cosigned,
                "unwitnessed": self.unwitnessed,
                "witness_age_seconds": self.witness_age_seconds,
            },
            "sessions": self.sessions,
            "refusals": self.refusals,
            "break_glass": self.break_glass,
        }


class Lines:
    """Lines in a private file until all of them are there, because the head comes first."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115 - until close

    def close(self) -> None:
        self._file.close()

    def add(self, line: Line) -> None:
        self._file.write(json.dumps(line.document()) + "\n")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._file.seek(0)
        return map(json.loads, self._file)


def judged(records: Sequence[Record], policy_text: PolicyText) -> tuple[Session | None, str]:
    """A session as its records tell it, and the first step that was not lawful: None and why."""
    law = Law(policy_text)
    try:
        for record in records:
            law.see(record)
    except Disproof as unlawful:
        return None, str(unlawful)
    return law.session_of(records[0]["session_id"]), ""
