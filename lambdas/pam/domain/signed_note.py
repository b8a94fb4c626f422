"""Signed notes, as c2sp.org/signed-note has them: a text, an empty line, and a line a signature.

Signed by the log, as c2sp.org/tlog-checkpoint has it, and by its witness, as
c2sp.org/tlog-cosignature has it.
"""

import base64
import hashlib
from collections.abc import Sequence

_SIGNATURE = "\u2014 "
_KEY_ID_BYTES = 4
_COSIGNATURE_TYPE = b"\x04"
"""Of c2sp.org/tlog-cosignature: Ed25519, with a time."""


class Malformed(ValueError):
    """A note, or what the log has in one, that is none."""


def note_of(text: str, *signatures: str) -> str:
    """The note: its text, an empty line, its signature lines."""
    return f"{text}\n{''.join(signatures)}"


def split_note(note: str) -> tuple[str, list[str]]:
    """Text and signature lines. Raises Malformed."""
    text, gap, signatures = note.partition(f"\n\n{_SIGNATURE}")
    if not gap:
        message = "not a signed note"
        raise Malformed(message)
    lines = f"{_SIGNATURE}{signatures}".splitlines(keepends=True)
    if not all(line.startswith(_SIGNATURE) and line.endswith("\n") for line in lines):
        message = "not a signed note"
        raise Malformed(message)
    return f"{text}\n", lines


def signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    return f"{_SIGNATURE}{name} {encoded(key_id + signature)}\n"


def signatures_by(name: str, key_id: bytes, lines: Sequence[str]) -> list[bytes]:
    """The signatures of one key; lines of others, which a note may have, are passed over."""
    found = []
    for line in lines:
        signer, _, encoded = line.removeprefix(_SIGNATURE).rstrip("\n").rpartition(" ")
        try:
            blob = decoded(encoded)
        except ValueError:
            continue
        signature = blob[len(key_id) :]
        if line == signature_line(signer, key_id, signature) and signer == name:
            found.append(signature)
    return found


def log_key_id(public_key: bytes) -> bytes:
    """Of an ECDSA key, as its SubjectPublicKeyInfo in DER."""
    return hashlib.sha256(public_key).digest()[:_KEY_ID_BYTES]


def cosigner_key_id(name: str, public_key: bytes) -> bytes:
    """Of an Ed25519 key, as its 32 bytes."""
    named = name.encode() + b"\n" + _COSIGNATURE_TYPE + public_key
    return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]


def cosigned_message(text: str, seconds: int) -> bytes:
    """What a witness signs: that at this time (Unix seconds) it had seen nothing to contradict."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def decoded(text: str) -> bytes:
    """Base64 of no other form. Raises ValueError."""
    return base64.b64decode(text, validate=True)
