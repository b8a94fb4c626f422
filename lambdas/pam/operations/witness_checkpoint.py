"""The witness: remembers how far a log had come, and signs for nothing but its consistent growth.

It knows the log by the key that it saw first. It runs where those who run the log cannot reach it,
so that turning back the log and all its checkpoints together still leaves one who remembers.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from pam.domain import signed_note
from pam.domain.audit_record import FIRST_PREVIOUS_HASH
from pam.domain.checkpoint import Checkpoint
from pam.domain.errors import WitnessRefused
from pam.domain.merkle import EMPTY_ROOT, extends
from pam.domain.signed_note import Malformed
from pam.ports.audit import Cosigner, Seen, WitnessMemory

_NOT_SEEN = (0, 0, EMPTY_ROOT, FIRST_PREVIOUS_HASH)

Verify = Callable[[bytes, str, bytes], bool]
"""`(public key, text, signature)`: whether the log signed this."""


def witness_checkpoint(
    note: str,
    consistency: Sequence[bytes],
    public_key: bytes,
    *,
    name: str,
    now: datetime,
    memory: WitnessMemory,
    verify: Verify,
    cosigner: Cosigner,
) -> str:
    """The cosignature line for a checkpoint that follows the last one seen, or is that one.

    Raises WitnessRefused, and StaleHead if another call came first.
    """
    shown = _signed_by_the_log(note, public_key, verify)
    before = memory.recall(shown.origin)
    if before is not None and before.public_key != public_key:
        message = "the log's key is not the one that signed its earlier checkpoints"
        raise WitnessRefused(message)
    if before is None or shown.hashed() != before.hashed:
        _check_growth(before, shown, consistency)
        after = Seen(
            public_key=public_key,
            number=shown.number,
            size=shown.size,
            root=shown.root,
            hashed=shown.hashed(),
        )
        memory.remember(shown.origin, before, after)
    seconds = int(now.timestamp())
    signature = cosigner.sign(signed_note.cosigned_message(shown.text(), seconds))
    key_id = signed_note.cosigner_key_id(name, cosigner.public_key())
    return signed_note.signature_line(name, key_id, seconds.to_bytes(8, "big") + signature)


def _signed_by_the_log(note: str, public_key: bytes, verify: Verify) -> Checkpoint:
    try:
        text, lines = signed_note.split_note(note)
        shown = Checkpoint.parse(text)
    except Malformed as error:
        raise WitnessRefused(str(error)) from error
    key_id = signed_note.log_key_id(public_key)
    signatures = signed_note.signatures_by(shown.origin, key_id, lines)
    if not any(verify(public_key, text, signature) for signature in signatures):
        message = "the checkpoint is not signed by the log's key"
        raise WitnessRefused(message)
    return shown


def _check_growth(before: Seen | None, shown: Checkpoint, consistency: Sequence[bytes]) -> None:
    number, size, root, hashed = (
        (before.number, before.size, before.root, before.hashed) if before else _NOT_SEEN
    )
    if shown.number != number + 1 or shown.previous != hashed:
        message = f"checkpoint {shown.number} does not follow checkpoint {number}, the last seen"
        raise WitnessRefused(message)
    if not extends(size, root, shown.size, shown.root, consistency):
        message = f"checkpoint {shown.number} does not begin with what checkpoint {number} held"
        raise WitnessRefused(message)
