"""An exported trail: a directory that proves itself, with nothing but a public key to trust.

| file | what |
|---|---|
| `manifest.json` | what was asked for, and which checkpoints it covers |
| `records.jsonl` | the audit records in the order of the log, one canonical JSON object a line |
| `earlier.jsonl` | of sessions that began before: their records until then; chains prove them |
| `checkpoints/0000000017.json` | each interval as it stands in the archive: note and leaves |
| `cosignatures/0000000017.txt` | what the witness signed for that checkpoint |
| `policies/<digest>.json` | each policy set that a record names |
| `public-key.pem` | the log's key |
| `proofs.jsonl` | of one session: each record's inclusion proof, to check a record by itself |
| `texts.json` | what the commitments in the records stand for, as far as it was not erased |

Its first checkpoint lies before the time that was asked for, so that a signed time shows that
nothing is left out at the beginning; only checkpoint 1 has none before it.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from cli.trail.files import Folder, Unreadable, write_private
from pam.domain import timestamps

FORMAT = 2
MANIFEST, RECORDS, EARLIER, PROOFS = (
    "manifest.json",
    "records.jsonl",
    "earlier.jsonl",
    "proofs.jsonl",
)
TEXTS, PUBLIC_KEY = "texts.json", "public-key.pem"
CHECKPOINTS, COSIGNATURES, POLICIES = "checkpoints", "cosignatures", "policies"
LEFT_BY_A_DESKTOP = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})

_MOST_OF_A_MANIFEST = 65_536
_FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`first` and `last` are checkpoint numbers; `session_id` is empty for a whole trail. Nothing
    signs it: it says what to look at, and is believed in nothing.
    """

    origin: str
    first: int
    last: int
    session_id: str
    since: str
    until: str
    exported_at: str
    format: int = FORMAT

    @classmethod
    def read(cls, folder: Folder) -> Self:
        """Raises Unreadable."""
        try:
            raw = folder.json(MANIFEST, _MOST_OF_A_MANIFEST)
            if isinstance(raw, dict) and raw.get("format") not in {None, FORMAT}:
                message = "of another version of pam: export it again, or read it with that version"
                raise Unreadable(MANIFEST, message)
            found = cls(**raw)
            for text in (found.since, found.until, found.exported_at):
                timestamps.parse(text)
        except (AttributeError, ValueError, TypeError) as error:
            raise Unreadable(MANIFEST, "not a manifest of an exported trail") from error
        numbers = (found.first, found.last, found.format)
        texts = (found.origin, found.session_id)
        whole = all(type(number) is int for number in numbers) and 0 < found.first <= found.last
        if not whole or not all(isinstance(text, str) for text in texts):
            raise Unreadable(MANIFEST, "not a manifest of an exported trail")
        return found

    def write(self, folder: Path) -> None:
        write_private(folder / MANIFEST, json.dumps(asdict(self), indent=2) + "\n")

    @property
    def times(self) -> tuple[datetime, datetime, datetime]:
        """Since when, until when, and when it was exported."""
        return (
            timestamps.parse(self.since),
            timestamps.parse(self.until),
            timestamps.parse(self.exported_at),
        )


def checkpoint_name(number: int) -> str:
    return f"{CHECKPOINTS}/{number:010d}.json"


def cosignature_name(number: int) -> str:
    return f"{COSIGNATURES}/{number:010d}.txt"


def policy_name(digest: str) -> str:
    return f"{POLICIES}/{digest}.json"


def fingerprint(public_key: bytes) -> str:
    """SHA-256 of the key, hex: what one auditor reads to another over the telephone."""
    return hashlib.sha256(public_key).hexdigest()


def is_digest(text: str) -> bool:
    """Whether it is a SHA-256 in hex, and so fit to be part of a file's name."""
    return _FINGERPRINT.fullmatch(text) is not None


def typed_fingerprint(text: str) -> str:
    """As somebody types it, with or without `SHA256:`. Raises ValueError."""
    found = text.strip().lower().removeprefix("sha256:").replace(":", "")
    if not is_digest(found):
        message = "not the SHA-256 of a key: 64 hex digits, as `pam audit export` prints them"
        raise ValueError(message)
    return found
