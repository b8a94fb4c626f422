"""Checkpoints that sealed nothing are passed over; what is left out of the others is found."""

from dataclasses import replace

import pytest

from cli.trail.checkpoints import Disproof, Shown, proven_intervals
from cli.trail.report_walk import Walk
from pam.domain.checkpoint import Interval
from tests.fakes.log import ORIGIN, Log, Signer

pytestmark = pytest.mark.guarantee("G13")
SILENT = 60


@pytest.fixture(scope="module")
def unharmed() -> Log:
    """Three checkpoints of 183 sealed something, and a session each."""
    made = Log()
    for _ in range(3):
        for _ in range(SILENT):
            made.seal()
        made.open()
        made.seal()
    return made


@pytest.fixture
def log(unharmed: Log) -> Log:
    there = unharmed.archive
    archive = replace(there, intervals=dict(there.intervals), cosignatures=dict(there.cosignatures))
    return replace(unharmed, archive=archive, checkpoints=replace(unharmed.checkpoints))


def walk(log: Log, *, witnessed: bool = True) -> Walk:
    return Walk(
        source=log.archive,
        origin=ORIGIN,
        public_key=log.public_key(),
        witness_key=log.witness.key.public_key() if witnessed else b"",
        shown=Shown(),
    )


def test_those_that_sealed_something_are_found_without_reading_the_others(log: Log) -> None:
    walked = walk(log)
    sealing = list(walked.sealing(1, 183))
    assert [each.checkpoint.number for each in sealing] == [61, 122, 183]
    assert walked.read < 183 / 3
    assert walked.shown.cosigned == walked.read


@pytest.mark.parametrize(("first", "last"), [(1, 183), (2, 183), (61, 122), (62, 121), (61, 61)])
def test_they_are_those_that_reading_all_finds(log: Log, first: int, last: int) -> None:
    every = proven_intervals(
        log.archive,
        range(first, last + 1),
        origin=ORIGIN,
        public_key=log.public_key(),
        witness_key=b"",
        shown=Shown(),
    )
    wanted = [each.checkpoint.number for each in every if each.leaves]
    found = walk(log).sealing(first, last)
    assert [each.checkpoint.number for each in found] == wanted


def test_one_that_is_missing_with_its_records_is_named(log: Log) -> None:
    del log.archive.intervals[122]
    with pytest.raises(Disproof, match="checkpoint 122: missing"):
        list(walk(log).sealing(1, 183))


def test_leaves_that_are_left_out_break_the_root(log: Log) -> None:
    interval = Interval.decode(log.archive.intervals[122])
    log.archive.intervals[122] = replace(interval, leaves=()).encode()
    with pytest.raises(Disproof, match="its root is not that of its leaves"):
        list(walk(log).sealing(1, 183))


def test_a_silence_that_is_said_over_leaves_breaks_the_root(log: Log) -> None:
    """The last but one is always read: leaves are put into it that its root does not have."""
    interval = Interval.decode(log.archive.intervals[182])
    stolen = Interval.decode(log.archive.intervals[122]).leaves
    log.archive.intervals[182] = replace(interval, leaves=stolen).encode()
    with pytest.raises(Disproof, match="checkpoint 182: its root is not that of its leaves"):
        list(walk(log).sealing(123, 183))


def test_one_of_another_key_is_named(log: Log) -> None:
    other = Log(signer=Signer())
    other.seal()
    log.archive.intervals[1] = other.archive.intervals[1]
    with pytest.raises(Disproof, match="checkpoint 1: not signed by the log's key"):
        list(walk(log).sealing(1, 183))


def test_one_that_the_witness_has_not_seen_is_named(log: Log) -> None:
    del log.archive.cosignatures[61]
    with pytest.raises(Disproof, match="checkpoint 61: not cosigned by the witness, and it is not"):
        list(walk(log).sealing(1, 183))
    assert list(walk(log, witnessed=False).sealing(1, 183))


def test_the_newest_may_wait_for_the_witness_as_long_as_it_may_elsewhere(log: Log) -> None:
    from cli.trail.checkpoints import check_witness

    for _ in range(5):
        log.seal()
    log.seal(witnessed=False)
    walked = walk(log)
    list(walked.sealing(1, 189))
    assert walked.shown.unwitnessed == 1
    check_witness(walked.shown, log.story.now)
