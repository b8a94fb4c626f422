"""Makes the next checkpoint: seals what was delivered since the last, signs it, has it witnessed.

The archive decides: a checkpoint exists once it stands there, whichever call died afterwards. Every
step can be repeated, so a crash between any two is mended by the next run.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pam.domain import checkpoint, signed_note
from pam.domain.checkpoint import Head, Interval
from pam.domain.errors import StaleHead, WitnessRefused
from pam.ports.audit import CheckpointArchive, LogHead, LogSigner, Unsealed, Witness

_AT_ONCE = 20_000
"""Bounds one checkpoint: a few MB in the archive."""


class ForkedLog(Exception):
    """Table and archive disagree about the log's past: one of them was turned back or changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notary:
    """The log's name and key, and how often it is sealed."""

    origin: str
    signer: LogSigner
    interval: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    head: Head
    more: bool
    """Whether another checkpoint should follow at once: so much was waiting, or the one that stood
    there already was taken up.
    """


def seal_records(
    *,
    now: datetime,
    unsealed: Unsealed,
    log: LogHead,
    archive: CheckpointArchive,
    notary: Notary,
) -> Sealed:
    """The checkpoint after the last, even if nothing happened since. Raises ForkedLog."""
    before = log.head()
    waiting = unsealed.leaves(_AT_ONCE)
    last = archive.interval(before.number) if before.number else None
    if before.number and (last is None or Interval.decode(last).head != before):
        message = f"the log's head is not what checkpoint {before.number} in the archive says"
        raise ForkedLog(message)
    # Left there by a call that died after it had sealed them.
    sealed = set(Interval.decode(last).leaves) if last else set()
    leaves = [leaf for leaf in waiting if leaf not in sealed]
    drawn, growth = checkpoint.drawn_up(
        before, leaves, origin=notary.origin, now=now, interval=notary.interval
    )
    ours = Interval(
        note=_signed(drawn.text(), notary),
        before=before.frontier,
        leaves=tuple(leaves),
        consistency=tuple(growth.consistency()),
    )
    there = Interval.decode(archive.add_interval(drawn.number, ours.encode()))
    if not there.follows(before):
        message = f"checkpoint {drawn.number} in the archive does not follow the one before"
        raise ForkedLog(message)
    try:
        log.advance(before, there.head)
    except StaleHead:
        return Sealed(head=log.head(), more=False)
    gone = set(there.leaves) | sealed
    unsealed.remove([leaf for leaf in waiting if leaf in gone])
    return Sealed(head=there.head, more=there != ours or len(waiting) == _AT_ONCE)


def have_witnessed(
    head: Head, *, log: LogHead, archive: CheckpointArchive, notary: Notary, witness: Witness
) -> int:
    """Has every checkpoint cosigned that the witness has not seen yet, one by one. How many.

    Raises WitnessRefused, ForkedLog.
    """
    try:
        return _cosigned(head, archive, notary, witness)
    except WitnessRefused:
        # The schedule may call twice, and what one of two runs shows is not news when the other was
        # first. Whatever is wrong with the log is so a second time.
        return _cosigned(log.head(), archive, notary, witness)


def _cosigned(head: Head, archive: CheckpointArchive, notary: Notary, witness: Witness) -> int:
    public_key, seen = notary.signer.public_key(), witness.seen(notary.origin)
    if seen > head.number:
        message = f"the witness has seen checkpoint {seen}, and the log is at {head.number}"
        raise WitnessRefused(message)
    # Its answer about the last one may have been lost on the way.
    lost = seen > 0 and archive.cosignature(seen) is None
    first = seen if lost else seen + 1
    for number in range(first, head.number + 1):
        text = archive.interval(number)
        if text is None:
            message = f"checkpoint {number} is not in the archive"
            raise ForkedLog(message)
        interval = Interval.decode(text)
        line = witness.cosign(interval.note, interval.consistency, public_key)
        archive.add_cosignature(number, line)
    return head.number + 1 - first


def _signed(text: str, notary: Notary) -> str:
    key_id = signed_note.log_key_id(notary.signer.public_key())
    line = signed_note.signature_line(notary.origin, key_id, notary.signer.sign(text))
    return signed_note.note_of(text, line)
