"""An exported trail proves itself; whatever was done to it is found, and named."""

import base64
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.trail import layout
from cli.trail.check import Disproof, Trusted, check_trail
from cli.trail.files import Folder, pem
from cli.trail.layout import Manifest
from pam.domain import signed_note
from pam.domain.audit_record import canonical_json, hash_of
from pam.domain.checkpoint import Checkpoint, Interval
from tests.fakes.log import ORIGIN, Log, Signer, a_log
from tests.trail.conftest import exported, trusted

pytestmark = pytest.mark.guarantee("G13")


def test_a_trail_of_a_thousand_records_is_proven(large: Log, trail_of_large: Path) -> None:
    proof = check_trail(trail_of_large, trusted(large))
    assert (proof.records, proof.sessions) == (50 * 21 + 10, 50)
    assert (proof.cosigned, proof.unwitnessed) == (12, 0)
    assert proof.texts == 50
    assert proof.size == proof.records


def test_the_trail_of_one_session_is_proven_with_no_other_sessions_records(
    large: Log, tmp_path: Path
) -> None:
    session_id = sorted(large.story.store.sessions)[20]
    folder = exported(large, tmp_path / "one", session_id=session_id)
    proof = check_trail(folder, trusted(large))
    assert (proof.records, proof.sessions) == (21, 1)
    for other in set(large.story.store.sessions) - {session_id}:
        for name in (layout.RECORDS, layout.TEXTS, layout.PROOFS):
            assert other not in (folder / name).read_text(encoding="utf-8")


def test_a_trail_that_begins_in_the_middle_is_proven(large: Log, tmp_path: Path) -> None:
    from cli.trail.export import Wanted, export_trail

    middle = large.head().at
    assert middle is not None
    begin = Interval.decode(large.archive.intervals[5]).checkpoint.at
    exported_to = tmp_path / "some"
    wanted = Wanted(since=begin, until=middle)
    manifest = export_trail(large, wanted, exported_to, now=large.story.now).manifest
    assert manifest.first == 5
    assert check_trail(tmp_path / "some", trusted(large)).records > 0


def test_silence_is_proven_too(tmp_path: Path) -> None:
    log = Log()
    for _ in range(3):
        log.seal()
    proof = check_trail(exported(log, tmp_path / "none"), trusted(log))
    assert (proof.records, proof.cosigned) == (0, 3)


def test_the_newest_checkpoint_may_still_wait_for_the_witness(tmp_path: Path) -> None:
    log = a_log(3, 2)
    log.seal(witnessed=False)
    proof = check_trail(exported(log, tmp_path / "new"), trusted(log))
    assert (proof.unwitnessed, proof.witness_age_seconds) == (1, 5 * 60)


def test_what_was_written_after_the_last_checkpoint_is_not_held_against_the_trail(
    tmp_path: Path,
) -> None:
    log = Log()
    session = log.open(reason="ledger stuck, INC-1")
    log.seal()
    log.story.revoke(session.session_id)
    folder = exported(log, tmp_path / "early")
    assert check_trail(folder, trusted(log)).texts == 1


def test_an_erased_text_is_not_exported_and_the_trail_is_proven(tmp_path: Path) -> None:
    log = Log()
    session = log.open(reason="for Jane Roe, INC-1")
    log.seal()
    log.story.store.sessions[session.session_id] = session.without_texts()
    folder = exported(log, tmp_path / "erased")
    assert "Jane" not in "".join(path.read_text() for path in folder.rglob("*.*"))
    assert check_trail(folder, trusted(log)).texts == 0


# ------------------------------------------------------------------ every mutation is found


def lines(folder: Path) -> list[bytes]:
    return (folder / layout.RECORDS).read_bytes().splitlines(keepends=True)


def flips(raw: bytes, *, every: int = 1) -> Iterator[bytes]:
    """The same with one byte another."""
    for at in range(0, len(raw), every):
        yield raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def without(items: list[bytes], at: int) -> list[bytes]:
    return items[:at] + items[at + 1 :]


def swapped(items: list[bytes], at: int, other: int) -> list[bytes]:
    changed = list(items)
    changed[at], changed[other] = changed[other], changed[at]
    return changed


def edited(line: bytes, **changes: Any) -> bytes:
    record = json.loads(line) | changes
    record["hash"] = hash_of(record)
    return f"{canonical_json(record)}\n".encode()


def rechained(items: list[bytes], at: int, /, **changes: Any) -> list[bytes]:
    """What somebody would do who knows the rules: the record is changed, and every later one of its
    session gets a hash that fits.
    """
    changed = list(items)
    session_id = json.loads(items[at])["session_id"]
    changed[at] = edited(items[at], **changes)
    last_hash = json.loads(changed[at])["hash"]
    for later in range(at + 1, len(items)):
        record = json.loads(items[later])
        if record["session_id"] == session_id:
            changed[later] = edited(items[later], previous_hash=last_hash)
            last_hash = json.loads(changed[later])["hash"]
    return changed


def mutated_records(items: list[bytes]) -> Iterator[tuple[str, bytes]]:
    count = len(items)
    for at in (0, 9, 30):
        for changed in flips(items[at]):
            yield "a byte", b"".join([*items[:at], changed, *items[at + 1 :]])
    for changed in flips(items[-1], every=97):
        yield "a byte of the last record", b"".join([*items[:-1], changed])
    for at in {*range(0, count, 60), count - 1}:
        yield "a record removed", b"".join(without(items, at))
        yield "a record twice", b"".join([*items[: at + 1], items[at], *items[at + 1 :]])
        yield "a record twice, at the end", b"".join([*items, items[at]])
        yield "two swapped", b"".join(swapped(items, at, (at + 1) % count))
        yield "two far apart swapped", b"".join(swapped(items, at, (at + count // 2) % count))
        moved = edited(items[at], session_id=json.loads(items[(at + 25) % count])["session_id"])
        yield "moved to another session", b"".join([*items[:at], moved, *items[at + 1 :]])
        elsewhere = without(items, at)
        elsewhere.insert((at + count // 3) % count, items[at])
        yield "moved within the log", b"".join(elsewhere)
        for name, value in (
            ("at", "2026-03-01T11:00:00.000Z"),
            ("recorded_at", "2026-03-01T11:00:00.000Z"),
            ("outcome", "refused"),
            ("requester", "arn:aws:iam::000000000000:user/kim"),
        ):
            yield f"{name} changed, hashes mended", b"".join(rechained(items, at, **{name: value}))
    for kept in (0, 1, count // 2, count - 21, count - 2):
        yield "cut at the end", b"".join(items[:kept])
    yield "no line end", b"".join(items)[:-1]
    yield "an empty line", b"".join([*items, b"\n"])


Tamper = Callable[[Path], None]


def rewritten(folder: Path, number: int, change: Callable[[Interval], Interval]) -> None:
    path = folder / layout.checkpoint_name(number)
    interval = Interval.decode(path.read_text(encoding="utf-8"))
    path.write_text(change(interval).encode() + "\n", encoding="utf-8")


def resigned(interval: Interval, signer: Signer, **changes: Any) -> Interval:
    from dataclasses import replace

    sealed = replace(interval.checkpoint, **changes)
    line = signed_note.signature_line(
        ORIGIN, signed_note.log_key_id(signer.public_key()), signer.sign(sealed.text())
    )
    return replace(interval, note=signed_note.note_of(sealed.text(), line))


def tampering(folder: Path) -> dict[str, Tamper]:
    """Of checkpoints, keys, cosignatures, texts and the manifest."""
    from dataclasses import replace

    manifest, stranger = Manifest.read(Folder(folder)), Signer()

    def leaf_moved(interval: Interval) -> Interval:
        return replace(interval, leaves=(*interval.leaves[1:], interval.leaves[0]))

    def manifest_says(**changes: Any) -> Tamper:
        def said(where: Path) -> None:
            (where / layout.MANIFEST).unlink()
            replace(manifest, **changes).write(where)

        return said

    def to(path: str, raw: bytes) -> Tamper:
        return lambda where: (where / path).unlink() if not raw else _write(where / path, raw)

    acts: dict[str, Tamper] = {
        "another key and all signed anew, but the auditor knows the key": lambda where: _forge(
            where, manifest, stranger
        ),
        "the key replaced": to(layout.PUBLIC_KEY, pem(stranger.public_key()).encode()),
        "the key removed": to(layout.PUBLIC_KEY, b""),
        "the records removed": to(layout.RECORDS, b""),
        "the manifest removed": to(layout.MANIFEST, b""),
        "the manifest begins later": manifest_says(first=2),
        "the manifest ends earlier": manifest_says(last=manifest.last - 1),
        "the manifest ends later": manifest_says(last=manifest.last + 1),
        "the manifest is of another log": manifest_says(origin="mod046.pam/other"),
        "the manifest is of one session": manifest_says(session_id="01JD8XGZ6Q3M4V5N6P7R8S9T00"),
        "the manifest is of another format": manifest_says(format=1),
        "a text changed": lambda where: _text(where, "ledger stuck", "ledger stack"),
        "a text that nobody wrote": lambda where: _text(where, '"texts": [', '"texts": ["x",'),
        "texts moved to another session": _swap_texts,
    }
    for number in (1, 4, manifest.last):
        name = f"checkpoint {number}"
        acts |= {
            f"{name} removed": lambda where, n=number: (where / layout.checkpoint_name(n)).unlink(),
            f"{name} in place of the next": lambda where, n=number: (
                shutil.copy(
                    where / layout.checkpoint_name(n), where / layout.checkpoint_name(n % 5 + 1)
                )
                and None
            ),
            f"{name} signed by another": lambda where, n=number: rewritten(
                where, n, lambda i: resigned(i, stranger)
            ),
            f"{name} with its clock set back": lambda where, n=number: rewritten(
                where, n, lambda i: resigned(i, stranger, at=i.checkpoint.at.replace(year=2020))
            ),
            f"{name} unsigned": lambda where, n=number: rewritten(
                where, n, lambda i: replace(i, note=i.checkpoint.text())
            ),
            f"{name} with its leaves moved": lambda where, n=number: (
                rewritten(where, n, leaf_moved) if n == 4 else rewritten(where, 4, leaf_moved)
            ),
            f"{name} without its proof": lambda where, n=number: rewritten(
                where, max(n, 3), lambda i: replace(i, consistency=(b"x" * 32,))
            ),
            f"{name} with another past": lambda where, n=number: rewritten(
                where, max(n, 3), lambda i: replace(i, before=type(i.before)())
            ),
            f"{name} cosigned by another": lambda where, n=number: _write(
                where / layout.cosignature_name(n),
                (where / layout.cosignature_name(n % 5 + 1)).read_bytes(),
            ),
        }
    acts["a cosignature removed in the middle"] = lambda where: (
        where / layout.cosignature_name(4)
    ).unlink()
    acts["a checkpoint too many"] = lambda where: _write(
        where / layout.checkpoint_name(99), (where / layout.checkpoint_name(1)).read_bytes()
    )
    return acts


def _write(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)


def _text(where: Path, old: str, new: str) -> None:
    path = where / layout.TEXTS
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _swap_texts(where: Path) -> None:
    path = where / layout.TEXTS
    texts = json.loads(path.read_text(encoding="utf-8"))
    one, two, *_ = texts
    texts[one], texts[two] = texts[two], texts[one]
    path.write_text(json.dumps(texts), encoding="utf-8")


def _forge(where: Path, manifest: Manifest, stranger: Signer) -> None:
    """Everything made anew with another key: only who knows the bank's key can tell."""
    _write(where / layout.PUBLIC_KEY, pem(stranger.public_key()).encode())
    previous = ""
    for number in range(manifest.first, manifest.last + 1):
        path = where / layout.checkpoint_name(number)
        interval = Interval.decode(path.read_text(encoding="utf-8"))
        forged = resigned(interval, stranger, previous=previous or interval.checkpoint.previous)
        previous = forged.checkpoint.hashed()
        path.write_text(forged.encode() + "\n", encoding="utf-8")


def tell(capsys: pytest.CaptureFixture[str], line: str) -> None:
    """The numbers are part of the result: a set that shrank would prove less."""
    with capsys.disabled():
        sys.stdout.write(f"\n{line}\n")


def found(folder: Path, trust: Trusted) -> bool:
    try:
        check_trail(folder, trust)
    except Disproof as wrong:
        return bool(wrong.where and wrong.why)
    return False


def test_every_mutation_of_the_records_is_found(
    large: Log, trail_of_large: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "trail"
    shutil.copytree(trail_of_large, folder)
    tried, missed = 0, []
    for name, raw in mutated_records(lines(trail_of_large)):
        _write(folder / layout.RECORDS, raw)
        tried += 1
        if not found(folder, Trusted()):
            missed.append(name)
    tell(capsys, f"{tried} mutations of the records tried, {tried - len(missed)} found")
    assert not missed
    assert tried > 3000


def test_every_mutation_of_the_rest_is_found(
    large: Log, trail_of_large: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    trust = replace(trusted(large), log_fingerprint=layout.fingerprint(large.public_key()))
    acts = tampering(trail_of_large)
    tried, missed = 0, []
    for number, (name, act) in enumerate(acts.items()):
        folder = tmp_path / str(number)
        shutil.copytree(trail_of_large, folder)
        act(folder)
        tried += 1
        if not found(folder, trust):
            missed.append(name)
        shutil.rmtree(folder)
    folder = tmp_path / "flips"
    shutil.copytree(trail_of_large, folder)
    for path in (
        folder / layout.checkpoint_name(1),
        folder / layout.cosignature_name(2),
        folder / layout.PUBLIC_KEY,
    ):
        whole = path.read_bytes()
        for changed in flips(whole):
            _write(path, changed)
            tried += 1
            if not found(folder, trust):
                missed.append(f"a byte of {path.name}: {changed!r}")
        _write(path, whole)
    tell(capsys, f"{tried} mutations of the rest tried, {tried - len(missed)} found")
    assert not missed
    assert not found(folder, trust)


def test_a_single_proof_that_does_not_hold_is_found(large: Log, tmp_path: Path) -> None:
    session_id = sorted(large.story.store.sessions)[20]
    folder = exported(large, tmp_path / "one", session_id=session_id)
    path = folder / layout.PROOFS
    whole = path.read_text(encoding="utf-8")
    proofs = [json.loads(line) for line in whole.splitlines()]
    other = base64.b64encode(b"x" * 32).decode()
    for changed in (
        [proofs[0] | {"path": [other, *proofs[0]["path"][1:]]}, *proofs[1:]],
        [proofs[0] | {"index": proofs[0]["index"] + 1}, *proofs[1:]],
        [proofs[0] | {"checkpoint": 1}, *proofs[1:]],
        [proofs[0] | {"checkpoint": 99}, *proofs[1:]],
        proofs[1:],
        [],
    ):
        path.write_text("".join(f"{json.dumps(proof)}\n" for proof in changed), encoding="utf-8")
        assert found(folder, trusted(large))
    path.write_text(whole, encoding="utf-8")
    assert not found(folder, trusted(large))


def test_the_first_wrong_record_is_named_with_what_is_wrong(
    trail_of_large: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "trail"
    shutil.copytree(trail_of_large, folder)
    items = lines(folder)
    record = json.loads(items[40])
    place = f"record {record['sequence']} of {record['session_id']}"
    cases = {
        f"missing|{place} should stand here": b"".join(without(items, 40)),
        f"{place} was changed": b"".join([*items[:40], items[40].replace(b"approve", b"approvE")]),
        f"{place} is not the one that was sealed": b"".join(
            [*items[:40], edited(items[40], detail="approve 99"), *items[41:]]
        ),
        "missing, though a checkpoint sealed it": b"".join(items[:40]),
        "a record that no checkpoint sealed": b"".join([*items, items[40]]),
    }
    for why, raw in cases.items():
        _write(folder / layout.RECORDS, raw)
        with pytest.raises(Disproof, match=why):
            check_trail(folder, Trusted())


def test_an_interval_is_read_in_its_one_form_only(large: Log) -> None:
    text = large.archive.intervals[2]
    assert Interval.decode(text).encode() == text
    for other in (text.replace(",", ", ", 1), "{}", "[]", "", "null", text + "x"):
        with pytest.raises(signed_note.Malformed):
            Interval.decode(other)


def test_a_checkpoint_is_read_in_its_one_form_only(large: Log) -> None:
    text = Interval.decode(large.archive.intervals[2]).checkpoint.text()
    assert Checkpoint.parse(text).text() == text
    for other in (text[:-1], text + "x\n", text.replace("number 2", "number 02"), "", "\n\n\n"):
        with pytest.raises(signed_note.Malformed):
            Checkpoint.parse(other)
