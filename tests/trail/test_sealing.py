"""Checkpoints: one after the other, whatever dies in between, and a witness who is not fooled."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cli.trail.check import check_trail
from pam.domain.checkpoint import Head, Interval, Leaf
from pam.domain.errors import WitnessRefused
from pam.domain.merkle import Frontier
from pam.operations import seal_records as module
from pam.operations.seal_records import ForkedLog
from tests.fakes.log import CosignerKey, Log, Signer, a_log
from tests.trail.conftest import exported, trusted

pytestmark = pytest.mark.guarantee("G13")


class Died(Exception):
    pass


def leaves_of(log: Log) -> list[Leaf]:
    texts = (log.archive.intervals[number] for number in sorted(log.archive.intervals))
    return [leaf for text in texts for leaf in Interval.decode(text).leaves]


def dying(owner: Any, name: str, *, effective: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next call of that method dies, before or after its effect."""
    whole: Callable[..., Any] = getattr(owner, name)

    def once(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(owner, name, whole)
        if effective:
            whole(*given, **named)
        raise Died

    monkeypatch.setattr(owner, name, once)


CALLS = {
    "the queue is read": ("checkpoints", "leaves"),
    "the head is read": ("checkpoints", "head"),
    "it is signed": ("signer", "sign"),
    "it is archived": ("archive", "add_interval"),
    "the head moves on": ("checkpoints", "advance"),
    "the queue is cleared": ("checkpoints", "remove"),
    "the witness is asked how far": ("witness", "seen"),
    "the witness cosigns": ("witness", "cosign"),
    "the cosignature is archived": ("archive", "add_cosignature"),
}


@pytest.mark.parametrize("effective", [False, True], ids=["before its effect", "after its effect"])
@pytest.mark.parametrize("call", CALLS)
def test_wherever_it_dies_the_next_run_goes_on_and_each_record_is_sealed_once(
    call: str, effective: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    log = a_log(6, 3)
    session = log.open()
    part, name = CALLS[call]
    dying(getattr(log, part), name, effective=effective, monkeypatch=monkeypatch)
    with pytest.raises(Died):
        log.seal()
    log.act(session)
    log.seal()
    log.seal()
    sealed = leaves_of(log)
    assert len(sealed) == len(set(sealed)) == 6 * 3 + 2 + 2
    assert not log.checkpoints.waiting
    proof = check_trail(exported(log, tmp_path / "trail"), trusted(log))
    assert (proof.records, proof.unwitnessed) == (len(sealed), 0)


def test_a_backlog_is_sealed_in_bounded_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 10)
    log = Log()
    log.act(log.open(), 34)
    sizes = [log.seal().frontier.size for _ in range(5)]
    assert sizes == [10, 20, 30, 35, 35]


def test_of_two_runs_at_once_one_makes_the_checkpoint_and_the_other_takes_it_up() -> None:
    log = a_log(2, 3)
    session = log.open()
    first = Log(
        story=log.story,
        archive=log.archive,
        checkpoints=log.checkpoints,
        signer=log.signer,
        witness=log.witness,
    )
    add = log.archive.add_interval

    def overtaken(number: int, text: str) -> str:
        log.archive.add_interval = add  # type: ignore[method-assign]
        first.seal()
        return add(number, text)

    log.archive.add_interval = overtaken  # type: ignore[method-assign]
    log.seal()
    log.act(session)
    log.seal()
    sealed = leaves_of(log)
    assert len(sealed) == len(set(sealed))


def test_a_table_that_was_turned_back_catches_up_with_the_archive() -> None:
    log = a_log(3, 3)
    newest = log.checkpoints.newest
    log.checkpoints.newest = Interval.decode(log.archive.intervals[newest.number - 2]).head
    for _ in range(2):
        log.seal(witnessed=False)
    assert log.checkpoints.newest == newest
    assert log.have_witnessed() == 0


def test_an_archive_with_another_past_than_the_table_stops_the_log() -> None:
    log, other = a_log(3, 3), a_log(2, 2)
    number = log.checkpoints.newest.number + 1
    log.archive.intervals[number] = other.archive.intervals[2]
    with pytest.raises(ForkedLog):
        log.seal()


def test_time_goes_on_in_checkpoints_even_if_the_clock_is_set_back() -> None:
    log = a_log(2, 2)
    before = log.checkpoints.newest.at
    log.story.later(days=-1)
    after = log.seal().at
    assert before is not None
    assert after is not None
    assert after > before


# ------------------------------------------------------------------ the witness


def test_a_witness_that_was_away_is_told_everything_in_order() -> None:
    log = a_log(4, 2)
    for _ in range(3):
        log.seal(witnessed=False)
    assert log.have_witnessed() == 3
    assert log.have_witnessed() == 0
    assert sorted(log.archive.cosignatures) == sorted(log.archive.intervals)


def test_a_run_that_comes_after_another_one_has_nothing_to_show() -> None:
    log = a_log(4, 2)
    head = log.seal(witnessed=False)
    log.seal()
    assert log.have_witnessed(head) == 0


@pytest.mark.parametrize("further", [False, True])
@pytest.mark.parametrize("when", ["seen", "recall", "remember"])
def test_of_two_runs_at_once_none_is_refused(when: str, further: bool) -> None:
    log = a_log(4, 2)
    log.seal(witnessed=False)
    asked = getattr(log.witness, when)

    def while_another_runs(*given: Any) -> Any:
        setattr(log.witness, when, asked)
        answer = asked(*given) if when != "remember" else None
        if further:
            log.seal()
        else:
            log.have_witnessed()
        return asked(*given) if when == "remember" else answer

    setattr(log.witness, when, while_another_runs)
    log.have_witnessed()
    assert log.witness.seen(log.origin) == log.checkpoints.newest.number
    assert sorted(log.archive.cosignatures) == sorted(log.archive.intervals)


def test_log_and_checkpoints_turned_back_together_are_refused() -> None:
    log = a_log(4, 2)
    kept = log.checkpoints.newest.number - 2
    log.checkpoints.newest = Interval.decode(log.archive.intervals[kept]).head
    for number in range(kept + 1, kept + 3):
        del log.archive.intervals[number]
        del log.archive.cosignatures[number]
    with pytest.raises(WitnessRefused, match="has seen checkpoint"):
        log.have_witnessed()
    with pytest.raises(WitnessRefused):
        log.seal()
    log.seal(witnessed=False)
    log.seal(witnessed=False)
    log.open()
    with pytest.raises(WitnessRefused, match="does not follow"):
        log.seal()


def test_a_log_that_begins_anew_under_the_same_name_is_refused() -> None:
    log = a_log(4, 2)
    anew = Log(witness=log.witness, signer=log.signer)
    anew.open()
    for _ in range(log.checkpoints.newest.number):
        anew.seal(witnessed=False)
    anew.open()
    with pytest.raises(WitnessRefused):
        anew.seal()


@pytest.mark.parametrize("others", ["key", "past", "size", "signature", "nothing"])
def test_the_witness_signs_for_the_growth_that_it_can_see_and_for_nothing_else(
    others: str,
) -> None:
    log = a_log(4, 2)
    log.seal(witnessed=False)
    text = log.archive.intervals[log.checkpoints.newest.number]
    interval, signer = Interval.decode(text), log.signer
    note, proof, public_key = interval.note, interval.consistency, signer.public_key()
    match others:
        case "key":
            signer = Signer()
            public_key = signer.public_key()
        case "past":
            proof = (*proof, b"x" * 32)
        case "size":
            note = note.replace(f"\n{log.checkpoints.newest.frontier.size}\n", "\n99\n", 1)
        case "signature":
            note = note.partition("\n\n")[0]
        case _:
            assert log.witness.cosign(note, proof, public_key).startswith("— mod046.pam-witness")
            return
    with pytest.raises(WitnessRefused):
        log.witness.cosign(note, proof, public_key)


def test_the_witness_remembers_the_key_that_it_saw_first() -> None:
    log = a_log(2, 2)
    log.signer = Signer()
    with pytest.raises(WitnessRefused, match="key"):
        log.seal()


def test_another_witness_is_not_taken_for_the_one_that_is_trusted(tmp_path: Any) -> None:
    from cli.trail.check import Disproof

    log = a_log(2, 2)
    trust = trusted(log)
    log.witness.key = CosignerKey()
    log.seal()
    with pytest.raises(Disproof, match="not cosigned"):
        check_trail(exported(log, tmp_path / "trail"), trust)


def test_an_empty_log_has_a_frontier_without_peaks() -> None:
    assert Log().head().frontier == Frontier()


FORGED_HEADS: dict[str, Callable[[Head], Head]] = {
    "another past": lambda head: replace(head, frontier=Frontier(0, ())),
    "another number": lambda head: replace(head, number=head.number + 1),
    "a checkpoint that there never was": lambda head: replace(head, number=99),
    "another hash": lambda head: replace(head, hashed="0" * 64),
}


@pytest.mark.parametrize("case", FORGED_HEADS)
def test_nothing_is_sealed_on_a_head_that_the_archive_does_not_bear_out(case: str) -> None:
    log = a_log(3, 3)
    log.act(log.open())
    log.checkpoints.newest = FORGED_HEADS[case](log.checkpoints.newest)
    sealed = dict(log.archive.intervals)
    with pytest.raises(ForkedLog):
        log.seal()
    assert log.archive.intervals == sealed
