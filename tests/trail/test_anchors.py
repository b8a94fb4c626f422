"""Absence of evidence is no evidence: of a witness, of a checkpoint, of a session, of a key."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cli.problems import Failure
from cli.trail import layout
from cli.trail.check import Disproof, Span, Trusted, check_trail
from cli.trail.export import Wanted, export_trail
from cli.trail.files import Folder
from cli.trail.layout import Manifest
from pam.domain import signed_note, timestamps
from pam.domain.checkpoint import Interval
from tests.fakes.log import INTERVAL, ORIGIN, Log, a_log
from tests.fakes.story import NOON
from tests.trail.conftest import exported, trusted

pytestmark = pytest.mark.guarantee("G13")


def anchored(log: Log) -> Trusted:
    return replace(trusted(log), log_fingerprint=layout.fingerprint(log.public_key()))


def exported_until(log: Log, folder: Path, until: datetime, *, at: datetime | None = None) -> Path:
    export_trail(log, Wanted(since=NOON, until=until), folder, now=at or until)
    return folder


# ------------------------------------------------------------------ the witness


def drop(folder: Path, *numbers: int) -> None:
    for number in numbers:
        (folder / layout.cosignature_name(number)).unlink()


@pytest.mark.parametrize("lacking", ["the folder", "all", "the last two", "the first", "the sixth"])
def test_with_the_witnesss_key_nothing_but_the_newest_may_lack_its_cosignature(
    lacking: str, large: Log, trail_of_large: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "trail"
    shutil.copytree(trail_of_large, folder)
    last = Manifest.read(Folder(folder)).last
    if lacking == "the folder":
        shutil.rmtree(folder / layout.COSIGNATURES)
    dropped = {
        "all": range(1, last + 1),
        "the last two": range(last - 1, last + 1),
        "the first": [1],
        "the sixth": [6],
    }
    drop(folder, *dropped.get(lacking, []))
    with pytest.raises(Disproof, match="cosign"):
        check_trail(folder, anchored(large))
    assert check_trail(folder, replace(anchored(large), witness_key=b"")).records


def test_a_log_begun_anew_with_the_logs_own_key_is_not_proven(tmp_path: Path) -> None:
    """Table, archive and signing key in one hand: what the witness is there for."""
    log = a_log(3, 2)
    anew = Log(signer=log.signer)
    for _ in range(4):
        anew.seal(witnessed=False)
    folder = exported(anew, tmp_path / "anew")
    with pytest.raises(Disproof, match=r"not cosigned|witness has seen nothing"):
        check_trail(folder, anchored(log))


def test_a_single_checkpoint_that_nobody_has_cosigned_is_not_proven(tmp_path: Path) -> None:
    log = Log()
    log.seal(witnessed=False)
    with pytest.raises(Disproof, match="the witness has seen nothing"):
        check_trail(exported(log, tmp_path / "one"), anchored(log))


def test_one_checkpoint_without_cosignature_does_not_stand_for_a_month(tmp_path: Path) -> None:
    """Whoever has the log's key goes on from an early checkpoint, and seals all of it in one."""
    log = a_log(3, 2)
    log.story.later(days=30)
    log.open()
    log.seal(witnessed=False)
    folder = exported(log, tmp_path / "trail")
    with pytest.raises(Disproof, match="more than two intervals later than the one before"):
        check_trail(folder, anchored(log))
    log.have_witnessed()
    assert check_trail(exported(log, tmp_path / "later"), anchored(log)).unwitnessed == 0


def test_how_long_the_newest_may_wait_is_not_its_own_word(tmp_path: Path) -> None:
    log = a_log(3, 2)
    log.interval = timedelta(hours=1)
    log.seal(witnessed=False)
    log.story.later(hours=2)
    with pytest.raises(Disproof, match="though it is more than two intervals old"):
        check_trail(exported(log, tmp_path / "trail"), anchored(log))


@pytest.mark.parametrize(("minutes", "proven"), [(0, True), (10, True), (11, False)])
def test_the_newest_may_wait_for_the_witness_for_two_intervals(
    minutes: int, proven: bool, tmp_path: Path
) -> None:
    log = a_log(3, 2)
    log.seal(witnessed=False)
    sealed_at = log.head().at
    assert sealed_at is not None
    looked_at = sealed_at + timedelta(minutes=minutes)
    folder = exported_until(log, tmp_path / "trail", sealed_at, at=looked_at)
    if proven:
        proof = check_trail(folder, anchored(log))
        assert (proof.unwitnessed, proof.witness_age_seconds) == (1, INTERVAL.total_seconds())
    else:
        with pytest.raises(Disproof, match="not cosigned by the witness, though"):
            check_trail(folder, anchored(log))


# ------------------------------------------------------------------ the time that is covered


@pytest.mark.parametrize(("minutes", "proven"), [(0, True), (10, True), (11, False), (600, False)])
def test_an_end_more_than_two_intervals_after_the_newest_checkpoint_is_not_proven(
    minutes: int, proven: bool, tmp_path: Path
) -> None:
    log = a_log(3, 2)
    newest = log.head().at
    assert newest is not None
    folder = exported_until(log, tmp_path / "trail", newest + timedelta(minutes=minutes))
    if proven:
        assert check_trail(folder, anchored(log)).until == timestamps.render(newest)
    else:
        with pytest.raises(Disproof, match="more than two intervals older"):
            check_trail(folder, anchored(log))


def test_checkpoints_cut_off_with_the_manifest_made_to_fit_are_missed(
    large: Log, trail_of_large: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "trail"
    shutil.copytree(trail_of_large, folder)
    manifest = Manifest.read(Folder(folder))
    cut = (folder / layout.RECORDS).read_bytes().splitlines(keepends=True)
    for number in range(manifest.last - 2, manifest.last + 1):
        gone = len(Interval.decode(large.archive.intervals[number]).leaves)
        cut = cut[: len(cut) - gone]
        (folder / layout.checkpoint_name(number)).unlink()
        (folder / layout.cosignature_name(number)).unlink()
    (folder / layout.RECORDS).write_bytes(b"".join(cut))
    rewrite(folder, last=manifest.last - 3)
    (folder / layout.TEXTS).unlink()
    with pytest.raises(Disproof, match="more than two intervals older"):
        check_trail(folder, anchored(large))
    # Whoever hands it over may lower the end as well; not the end that the auditor asks for.
    rewrite(folder, last=manifest.last - 3, until=check_trail_until(large, manifest.last - 3))
    assert check_trail(folder, anchored(large)).records
    with pytest.raises(Disproof, match="more than two intervals older"):
        check_trail(folder, anchored(large), Span(until=manifest.times[1]))


def check_trail_until(log: Log, number: int) -> str:
    return timestamps.render(Interval.decode(log.archive.intervals[number]).checkpoint.at)


def rewrite(folder: Path, **changes: object) -> None:
    path = folder / layout.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")


def test_a_beginning_that_no_checkpoint_covers_is_not_proven(large: Log, tmp_path: Path) -> None:
    since = Interval.decode(large.archive.intervals[5]).checkpoint.at
    folder = tmp_path / "trail"
    wanted = Wanted(since=since, until=large.story.now)
    assert export_trail(large, wanted, folder, now=large.story.now).manifest.first == 5
    assert check_trail(folder, anchored(large), Span(since=since)).records
    with pytest.raises(Disproof, match="is not covered"):
        check_trail(folder, anchored(large), Span(since=since - timedelta(minutes=1)))
    rewrite(folder, since=timestamps.render(since - timedelta(milliseconds=1)))
    with pytest.raises(Disproof, match="is not covered"):
        check_trail(folder, anchored(large))


def test_what_was_before_the_log_is_not_covered_by_it(tmp_path: Path) -> None:
    """However whole it is: a log begun in March says nothing of January."""
    log = a_log(3, 2)
    begins = Interval.decode(log.archive.intervals[1]).checkpoint.at - 2 * INTERVAL
    folder, january = tmp_path / "trail", NOON - timedelta(days=60)
    wanted = Wanted(since=january, until=log.story.now)
    given = export_trail(log, wanted, folder, now=log.story.now)
    assert given.manifest.since == timestamps.render(begins)
    assert check_trail(folder, anchored(log), Span(since=begins)).records
    for since in (january, begins - timedelta(seconds=1)):
        with pytest.raises(Disproof, match="is not covered: the log begins only then"):
            check_trail(folder, anchored(log), Span(since=since))
    rewrite(folder, since=timestamps.render(january))
    with pytest.raises(Disproof, match="is not covered: the log begins only then"):
        check_trail(folder, anchored(log))
    before = Wanted(since=january, until=january + timedelta(days=7))
    with pytest.raises(Failure, match="nothing of this time is covered"):
        export_trail(log, before, tmp_path / "january", now=log.story.now)
    assert not (tmp_path / "january").exists()


def test_the_interval_is_believed_from_what_is_signed(tmp_path: Path) -> None:
    """A log that is sealed every minute is late after two, whatever else says five."""
    log = Log(interval=timedelta(minutes=1))
    log.seal()
    newest = log.head().at
    assert newest is not None
    for seconds, proven in ((120, True), (121, False)):
        folder = tmp_path / str(seconds)
        exported_until(log, folder, newest + timedelta(seconds=seconds))
        if proven:
            assert check_trail(folder, anchored(log)).cosigned == 1
        else:
            with pytest.raises(Disproof, match="more than two intervals older"):
                check_trail(folder, anchored(log))


def test_a_note_of_before_that_says_no_interval_is_read_with_the_shortest(tmp_path: Path) -> None:
    log = Log()
    log.seal()
    interval = Interval.decode(log.archive.intervals[1])
    sealed = replace(interval.checkpoint, interval=None)
    key_id = signed_note.log_key_id(log.public_key())
    line = signed_note.signature_line(ORIGIN, key_id, log.signer.sign(sealed.text()))
    note = signed_note.note_of(sealed.text(), line)
    log.archive.intervals[1] = replace(interval, note=note).encode()
    key = replace(anchored(log), witness_key=b"")
    for minutes, proven in ((10, True), (11, False)):
        folder = tmp_path / str(minutes)
        exported_until(log, folder, sealed.at + timedelta(minutes=minutes))
        if proven:
            assert check_trail(folder, key).anchored
        else:
            with pytest.raises(Disproof, match="more than two intervals older"):
                check_trail(folder, key)


def test_an_export_of_a_session_that_the_log_does_not_have_is_not_proven(
    large: Log, tmp_path: Path
) -> None:
    session_id = sorted(large.story.store.sessions)[20]
    folder = exported(large, tmp_path / "one", session_id=session_id)
    other = f"{session_id[:-1]}{'0' if session_id[-1] != '0' else '1'}"
    rewrite(folder, session_id=other)
    for name in (layout.RECORDS, layout.PROOFS, layout.TEXTS):
        (folder / name).write_text("{}" if name == layout.TEXTS else "", encoding="utf-8")
    with pytest.raises(Disproof, match=f"no checkpoint here sealed a record of {other}"):
        check_trail(folder, anchored(large))


@pytest.mark.parametrize("ulid_time", ["0000000001", "7ZZZZZZZZZ"])
def test_a_session_with_a_chosen_id_is_exported_from_its_first_record(
    ulid_time: str, tmp_path: Path
) -> None:
    from cli.commands.audit_export import _supposed
    from cli.trail.export import beginning_of

    log = a_log(3, 2)
    real = log.story.request()
    chosen = ulid_time + "0" * 16
    stored = log.story.store.sessions.pop(real.session_id)
    del log.story.store.trails[real.session_id]
    log.remake(replace(stored, session_id=chosen))
    log.carry()
    log.seal()
    since = beginning_of(log, chosen, _supposed(chosen))
    folder = tmp_path / "trail"
    wanted = Wanted(session_id=chosen, since=since, until=log.story.now)
    export_trail(log, wanted, folder, now=log.story.now)
    assert check_trail(folder, anchored(log)).records == 1


@pytest.mark.parametrize(
    ("since", "until"),
    [(300, None), (0, None), (None, -300), (0, -1)],
    ids=["from after its end", "from its end", "to before its beginning", "backwards"],
)
def test_a_time_that_lies_outside_of_the_trail_is_not_proven(
    since: int | None, until: int | None, large: Log, trail_of_large: Path
) -> None:
    now = large.story.now
    span = Span(
        since=None if since is None else now + timedelta(days=since),
        until=None if until is None else now + timedelta(days=until),
    )
    with pytest.raises(Disproof, match="nothing is covered"):
        check_trail(trail_of_large, anchored(large), span)


def test_a_manifest_that_ends_before_it_begins_is_not_proven(large: Log, tmp_path: Path) -> None:
    folder = exported(large, tmp_path / "trail")
    rewrite(folder, until="2020-01-01T00:00:00.000Z")
    with pytest.raises(Disproof, match="nothing is covered"):
        check_trail(folder, anchored(large))


# ------------------------------------------------------------------ the key


def test_without_a_key_of_the_auditors_own_nothing_is_anchored(
    large: Log, trail_of_large: Path
) -> None:
    assert not check_trail(trail_of_large, Trusted()).anchored
    assert not check_trail(trail_of_large, trusted(large)).anchored
    assert check_trail(trail_of_large, anchored(large)).anchored


def test_an_export_gives_the_fingerprint_that_the_key_store_has_and_not_the_trails(
    large: Log, tmp_path: Path
) -> None:
    wanted = Wanted(since=NOON, until=large.story.now)
    given = export_trail(large, wanted, tmp_path / "trail", now=large.story.now)
    assert given.key_fingerprint == layout.fingerprint(large.public_key())


TYPED: dict[str, Callable[[str], str]] = {
    "as printed": lambda key: key,
    "in capitals": str.upper,
    "with its kind": lambda key: f"SHA256:{key}",
    "with colons": lambda key: ":".join(key[at : at + 2] for at in range(0, 64, 2)),
}


@pytest.mark.parametrize("form", TYPED)
def test_a_fingerprint_is_read_as_people_write_it(form: str) -> None:
    key = "0f" * 32
    assert layout.typed_fingerprint(TYPED[form](key)) == key


@pytest.mark.parametrize("typed", ["", "sha256:", "0f" * 31, "0f" * 33, "g" * 64, "٣" * 64])
def test_a_fingerprint_that_is_none_is_wrong_usage(typed: str) -> None:
    with pytest.raises(ValueError, match="64 hex digits"):
        layout.typed_fingerprint(typed)
