"""`pam audit verify` on the live stores: they tell the same, or the difference is named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from cli.trail.checkpoints import Trusted
from cli.trail.live import Found, compare_stores
from pam.domain.checkpoint import Interval
from pam.domain.session import Session
from tests.fakes.log import CosignerKey, Log, a_log
from tests.fakes.story import NOON
from tests.trail.conftest import trusted
from tests.trail.forging import struck
from tests.trail.harms import (
    HARMS,
    for_another,
    made_active,
    no_lone_item,
    no_session,
    no_session_item,
    no_session_nor_line,
    sealed_alone,
    sealed_another,
    second_line,
    second_object,
    session_of,
    unlawful,
)

pytestmark = pytest.mark.guarantee("G13")


def compare(log: Log, trust: Trusted | None = None) -> Found:
    """Within two intervals of the newest checkpoint, and when nothing is on its way any more."""
    now = log.story.now + timedelta(minutes=9)
    return compare_stores(log, since=NOON, until=log.story.now, now=now, trusted=trust)


def test_stores_that_agree_have_no_fault() -> None:
    log = a_log(5, 3)
    log.lines.append(log.lines[3])  # delivered twice
    found = compare(log, trusted(log))
    assert (found.faults, found.sessions, found.records, found.waiting) == ([], 5, 16, 0)
    assert (found.unwitnessed, found.witness_age_seconds) == (0, 9 * 60)


def test_what_is_not_sealed_yet_is_counted() -> None:
    log = a_log(2, 3)
    log.open()
    assert (compare(log).waiting, compare(log).faults) == (1, [])


def test_what_was_written_just_now_may_be_on_its_way() -> None:
    log = a_log(2, 3)
    session = log.story.request()
    now = log.story.now
    assert not compare_stores(log, since=NOON, until=now, now=now).faults
    assert f"record 1 of {session.session_id}: in the table, not in the log group" in (
        compare(log).faults
    )


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_each_difference_is_named(harm: Callable[[Log], None]) -> None:
    log = a_log(3, 3)
    assert not compare(log).faults
    harm(log)
    assert compare(log).faults


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (no_session, "record 2 of {}: in the log group, not in the table"),
        (no_session_nor_line, "record 2 of {}: in the archive, not in the table"),
        (sealed_alone, "record 2 of {}: sealed by a checkpoint, not in the archive"),
        (no_session_item, "{}: the session itself is not in the table"),
        (made_active, "{}: its status in the table is not what its records tell"),
        (for_another, "{}: its requester in the table is not what its records tell"),
        (second_line, "record 2 of {}: another in the log group than in the table"),
        (second_object, "record 2 of {}: another in the archive than in the table"),
        (
            unlawful,
            "record 4 of {}: unlawful: Leased: credentials were handed out while the session was "
            "PENDING_APPROVAL",
        ),
        (sealed_another, "record 3 of {}: another was sealed by a checkpoint than is in the table"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_difference_is_named_with_its_place(harm: Callable[[Log], None], told: str) -> None:
    log = a_log(3, 3)
    session_id = session_of(log)
    harm(log)
    assert told.format(session_id) in compare(log).faults


REWRITTEN: dict[str, Callable[[Session], Session]] = {
    "target": lambda s: replace(
        s,
        target=replace(s.target, names={**s.target.names, "arn": f"{s.target.arn}-other"}),
    ),
    "circumstances": lambda s: replace(s, circumstances=replace(s.circumstances, auth=None)),
    "end": lambda s: replace(s, expires_at=s.expires_at and s.expires_at + timedelta(seconds=1)),
}


@pytest.mark.parametrize("what", REWRITTEN)
def test_an_item_that_claims_what_no_record_tells_is_named(what: str) -> None:
    log = Log()
    session = log.story.granted()
    log.carry()
    log.seal()
    assert not compare(log).faults
    log.story.store.sessions[session.session_id] = REWRITTEN[what](session)
    (fault,) = compare(log).faults
    assert fault.startswith(f"{session.session_id}: its {what} in the table is ")


def test_a_vote_that_did_not_count_is_held_against_nobody() -> None:
    log = Log()
    struck(log)
    log.carry()
    log.seal()
    assert not compare(log).faults


def test_an_unlawful_session_is_named_once() -> None:
    log = a_log(3, 3)
    unlawful(log)
    assert len(compare(log).faults) == 1


def test_a_lone_record_that_was_removed_from_the_table_is_named() -> None:
    log = a_log(3, 3)
    (event_id,) = log.lone
    no_lone_item(log)
    assert f"record 0 of {event_id}: in the log group, not in the table" in compare(log).faults


def test_a_record_that_no_checkpoint_sealed_in_its_time_is_named() -> None:
    log = a_log(3, 3)
    session = log.open()
    log.checkpoints.waiting.clear()
    log.seal()
    place = f"record 1 of {session.session_id}"
    assert compare(log).faults == [f"{place}: sealed by no checkpoint, though later ones were made"]


@pytest.mark.parametrize("chosen", ["00000000010000000000000000", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"])
def test_a_session_whose_id_lies_about_its_time_is_compared_all_the_same(chosen: str) -> None:
    log = a_log(3, 3)
    real = log.story.request()
    stored = log.story.store.sessions.pop(real.session_id)
    del log.story.store.trails[real.session_id]
    log.remake(replace(stored, session_id=chosen))
    log.carry()
    log.seal()
    assert not compare(log).faults
    trail = log.story.store.trails[chosen]
    trail[0] = dict(trail[0]) | {"outcome": "failure"}
    assert any(chosen in fault for fault in compare(log).faults)


# ------------------------------------------------------------------ what is asked, and how often


def test_the_witness_must_have_cosigned_what_the_archive_has() -> None:
    log = a_log(3, 3)
    log.seal(witnessed=False)
    assert not compare(log, trusted(log)).faults
    late = compare_stores(
        log,
        since=NOON,
        until=log.story.now,
        now=log.story.now + timedelta(minutes=11),
        trusted=trusted(log),
    )
    assert any("not cosigned by the witness, though" in fault for fault in late.faults)
    stranger = Trusted(witness_key=CosignerKey().public_key())
    assert any("not cosigned" in fault for fault in compare(log, stranger).faults)
    log.archive.cosignatures.clear()
    assert any("cosign" in fault for fault in compare(log, trusted(log)).faults)


def test_a_key_that_the_auditor_does_not_trust_is_named() -> None:
    log = a_log(2, 2)
    assert any(
        "not the key that you trust" in f
        for f in compare(log, Trusted(log_fingerprint="0" * 64)).faults
    )


@pytest.mark.parametrize(("minutes", "covered"), [(0, True), (-30, False)])
def test_a_time_before_the_log_began_is_a_fault(minutes: int, covered: bool) -> None:
    log = a_log(2, 2)
    since, now = NOON + timedelta(minutes=minutes), log.story.now
    found = compare_stores(log, since=since, until=now, now=now)
    assert any("the log begins only then" in fault for fault in found.faults) is not covered


@pytest.mark.parametrize(("minutes", "covered"), [(10, True), (11, False)])
def test_a_time_that_no_checkpoint_covers_is_a_fault(minutes: int, covered: bool) -> None:
    log = a_log(2, 2)
    until = log.story.now + timedelta(minutes=minutes)
    found = compare_stores(log, since=NOON, until=until, now=until)
    assert any("is not covered" in fault for fault in found.faults) is not covered


class Counting(Log):
    """Counts what is read of each kind."""

    def __init__(self, log: Log) -> None:
        super().__init__(
            story=log.story,
            archive=log.archive,
            checkpoints=log.checkpoints,
            witness=log.witness,
            signer=log.signer,
            lines=log.lines,
            lone=log.lone,
        )
        self.reads = 0

    def table_records(self, session_id: str) -> list[object]:  # type: ignore[override]
        self.reads += 1
        return list(super().table_records(session_id))

    def archived_records(self, session_id: str, event_id: str = "") -> list[str]:
        self.reads += 1
        return super().archived_records(session_id, event_id)


def test_what_is_read_goes_by_the_time_that_is_asked_about() -> None:
    log = Counting(a_log(40, 3))
    everything = compare_stores(
        log, since=NOON, until=log.story.now, now=log.story.now + timedelta(minutes=9)
    )
    all_reads, log.reads = log.reads, 0
    since = Interval.decode(log.archive.intervals[7]).checkpoint.at
    some = compare_stores(
        log, since=since, until=log.story.now, now=log.story.now + timedelta(minutes=9)
    )
    assert not everything.faults
    assert not some.faults
    assert 0 < some.sessions < everything.sessions / 2
    assert log.reads < all_reads / 2


def test_more_faults_than_anybody_reads_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from cli.trail import compare as comparing

    monkeypatch.setattr(comparing, "_MOST_TOLD", 3)
    log = a_log(5, 3)
    log.lines.clear()
    found = compare(log)
    assert (len(found.faults), found.untold) == (3, 13)


def test_an_item_that_says_something_else_beside_its_document_is_named() -> None:
    log = a_log(5, 3)
    session_id = next(iter(log.story.store.sessions))
    log.odd.add(session_id)
    assert compare(log).faults == [
        f"{session_id}: its item in the table says something else beside its document"
    ]
