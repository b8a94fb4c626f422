"""What was found in which place; on disk, because a month of records has no room in memory."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where records cannot be turned back."""

    LOG_GROUP = "log group"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Owner:
    """A session, or a record that belongs to none and is known by its event id."""

    session_id: str
    event_id: str = ""

    def __str__(self) -> str:
        return self.session_id or self.event_id


@dataclass(frozen=True, slots=True)
class Sighting:
    """`digest`: of the line in the log group; of the record, as a checkpoint has it."""

    place: Place
    event_id: str
    sequence: int
    digest: str


class Seen:
    """A private database file that goes with its connection."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")
        self._database.executescript(
            """
            CREATE TABLE sightings (
                session_id TEXT, alone TEXT, place TEXT, event_id TEXT, sequence TEXT, digest TEXT,
                PRIMARY KEY (session_id, alone, place, event_id, sequence, digest)
            ) WITHOUT ROWID;
            CREATE TABLE owners (
                session_id TEXT, alone TEXT, PRIMARY KEY (session_id, alone)
            ) WITHOUT ROWID;
            """
        )

    def close(self) -> None:
        self._database.close()

    def note(self, owner: Owner, sighting: Sighting) -> None:
        """The same one again is no news."""
        self.note_owner(owner)
        self._database.execute(
            "INSERT OR IGNORE INTO sightings VALUES (?, ?, ?, ?, ?, ?)",
            (
                owner.session_id,
                owner.event_id,
                sighting.place,
                sighting.event_id,
                # As text is exact for every integer; SQLite's own end at 64 bits.
                str(sighting.sequence),
                sighting.digest,
            ),
        )

    def note_owner(self, owner: Owner) -> None:
        self._database.execute(
            "INSERT OR IGNORE INTO owners VALUES (?, ?)", (owner.session_id, owner.event_id)
        )

    def owners(self) -> Iterator[Owner]:
        for row in self._database.execute("SELECT session_id, alone FROM owners ORDER BY 1, 2"):
            yield Owner(*row)

    def of(self, owner: Owner) -> list[Sighting]:
        rows = self._database.execute(
            "SELECT place, event_id, sequence, digest FROM sightings"
            " WHERE session_id = ? AND alone = ? ORDER BY CAST(sequence AS INTEGER)",
            (owner.session_id, owner.event_id),
        )
        return [
            Sighting(Place(place), event_id, int(sequence), digest)
            for place, event_id, sequence, digest in rows
        ]
