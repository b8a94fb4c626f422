"""An exported trail: a directory that proves itself, with nothing but a public key to trust.

| file | what |
|---|---|
| `manifest.json` | what was asked for, and which checkpoints it covers |
| `records.jsonl` | the audit records in the order of the log, one canonical JSON object a line |
| `checkpoints/0000000017.json` | each interval as it stands in the archive: note and leaves |
| `cosignatures/0000000017.txt` | what the witness signed for that checkpoint |
| `public-key.pem` | the log's key |
| `proofs.jsonl` | of one session: each record's inclusion proof, to check a record by itself |
| `texts.json` | what the commitments in the records stand for, as far as it was not erased |
"""

import base64
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

FORMAT = 1
MANIFEST, RECORDS, PROOFS = "manifest.json", "records.jsonl", "proofs.jsonl"
TEXTS, PUBLIC_KEY = "texts.json", "public-key.pem"
CHECKPOINTS, COSIGNATURES = "checkpoints", "cosignatures"

_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
_LINE = 64


class Unreadable(Exception):
    """A file of the trail is missing or is not what it should be."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`first` and `last` are checkpoint numbers; `session_id` is empty for a whole trail."""

    origin: str
    first: int
    last: int
    session_id: str
    since: str
    until: str
    exported_at: str
    format: int = FORMAT

    @classmethod
    def read(cls, folder: Path) -> Self:
        try:
            found = cls(**read_json(folder / MANIFEST))
            numbers = (found.first, found.last, found.format)
            whole = all(type(number) is int for number in numbers) and 0 < found.first <= found.last
        except (ValueError, TypeError) as error:
            raise Unreadable(MANIFEST, "not a manifest of an exported trail") from error
        if not whole or found.format != FORMAT:
            raise Unreadable(MANIFEST, "not a manifest that this version of pam can read")
        return found

    def write(self, folder: Path) -> None:
        write_text(folder / MANIFEST, json.dumps(asdict(self), indent=2) + "\n")


def checkpoint_path(folder: Path, number: int) -> Path:
    return folder / CHECKPOINTS / f"{number:010d}.json"


def cosignature_path(folder: Path, number: int) -> Path:
    return folder / COSIGNATURES / f"{number:010d}.txt"


def read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise Unreadable(path.name, "missing") from error
    except UnicodeDecodeError as error:
        raise Unreadable(path.name, "not a text") from error


def write_text(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))


def read_json(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except (RecursionError, ValueError) as error:
        raise Unreadable(path.name, "not JSON") from error


def pem(public_key: bytes) -> str:
    """SubjectPublicKeyInfo, DER, as PEM."""
    encoded = base64.b64encode(public_key).decode()
    lines = (encoded[at : at + _LINE] for at in range(0, len(encoded), _LINE))
    return "\n".join([_BEGIN, *lines, _END, ""])


def read_pem(path: Path) -> bytes:
    text = read_text(path)
    body = text.strip().removeprefix(_BEGIN).removesuffix(_END)
    try:
        public_key = base64.b64decode("".join(body.split()), validate=True)
    except ValueError as error:
        raise Unreadable(path.name, "not a public key in PEM") from error
    if not public_key or text != pem(public_key):
        raise Unreadable(path.name, "not a public key in PEM")
    return public_key


def fingerprint(public_key: bytes) -> str:
    """SHA-256 of the key, hex: what one auditor reads to another over the telephone."""
    return hashlib.sha256(public_key).hexdigest()
