"""A report of what was removed, changed or made up: told as far as it goes, and never proven."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.trail import layout
from cli.trail.checkpoints import Trusted
from cli.trail.report_forms import table, write_csv
from pam.domain.audit_record import canonical_json, hash_of
from tests.fakes.log import CosignerKey, Log, a_log
from tests.trail.conftest import exported
from tests.trail.harms import (
    no_lone_item,
    no_session,
    no_session_nor_line,
    other_lone_item,
    sealed_alone,
    unlawful,
)
from tests.trail.reporting import a_day_sealed, anchored, day, folder, of_folder, of_stores

__all__ = ["day", "folder"]

pytestmark = pytest.mark.guarantee("G13")


@pytest.mark.parametrize("harm", [sealed_alone, unlawful])
def test_a_trail_with_a_removed_or_an_unlawful_record_is_not_proven(
    harm: Callable[[Log], None],
) -> None:
    log = a_log(3, 3)
    harm(log)
    log.seal()
    head, _ = of_stores(log, anchored(log))
    assert head.verdict == "NOT PROVEN"
    assert "record" in head.faults[0]


@pytest.mark.parametrize("harm", [no_session, no_session_nor_line])
def test_what_was_removed_from_the_table_is_told_from_the_archive(
    harm: Callable[[Log], None],
) -> None:
    log = a_log(3, 3)
    whole = of_stores(log)[1]
    harm(log)
    head, lines = of_stores(log)
    assert head.verdict == "PROVEN"
    assert [line["session_id"] for line in lines] == [line["session_id"] for line in whole]


def test_a_record_changed_in_both_places_is_not_proven_and_its_line_says_so() -> None:
    log = a_day_sealed()
    session_id = min(log.story.store.sessions)
    trail = log.story.store.trails[session_id]
    trail[0] = dict(trail[0]) | {"outcome": "failure"}
    log.archive.objects[session_id][0] = canonical_json(trail[0])
    head, lines = of_stores(log)
    why = f"{session_id}: record 1: its content is not what was recorded"
    assert (head.verdict, head.faults) == ("NOT PROVEN", [why])
    assert [line["fault"] for line in lines if line["fault"]] == [why]


def test_another_record_in_its_place_is_not_proven_either() -> None:
    log = a_day_sealed()
    session_id = min(log.story.store.sessions)
    trail = log.story.store.trails[session_id]
    other = dict(trail[-1]) | {"outcome": "failure"}
    trail[-1] = other | {"hash": hash_of(other)}
    log.archive.objects[session_id][-1] = canonical_json(trail[-1])
    head, _ = of_stores(log)
    place = f"record {len(trail)} of {session_id}"
    assert head.faults == [f"{place}: not the one that was sealed"]


@pytest.mark.parametrize("harm", [other_lone_item, no_lone_item])
def test_a_record_of_no_session_is_held_against_its_leaf(harm: Callable[[Log], None]) -> None:
    log = a_day_sealed()
    (event_id,) = log.lone
    harm(log)
    assert of_stores(log)[0].verdict == "PROVEN"  # the archive has it
    del log.archive.objects[event_id]
    (fault,) = of_stores(log)[0].faults
    assert fault.startswith(f"record 0 of {event_id}: ")


def test_an_export_with_a_removed_record_is_not_proven_and_is_told_all_the_same(
    day: Log, tmp_path: Path
) -> None:
    folder = exported(day, tmp_path / "cut")
    records = folder / layout.RECORDS
    kept = [
        line
        for line in records.read_bytes().splitlines(keepends=True)
        if json.loads(line)["type"] != "Leased"
    ]
    records.write_bytes(b"".join(kept))
    head, lines = of_folder(folder, day, anchored(day))
    assert head.verdict == "NOT PROVEN"
    assert head.faults[0].startswith("records.jsonl line ")
    assert len(lines) == len(day.story.store.sessions)


ODD: dict[str, Callable[[dict[str, Any]], object]] = {
    "a basic time": lambda r: r | {"at": "20260301T120500Z"},
    "a time of elsewhere": lambda r: r | {"at": "2026-03-01T12:05:00+05:00"},
    "no ticket": lambda r: r | {"ticket": None},
    "a sequence of its own": lambda r: r | {"sequence": 2**80},
    "half a character": lambda r: r | {"reason": "\ud800", "detail": "\ud800"},
    "a policy set that is none": lambda r: r | {"policy_version": "../../etc/passwd"},
    "no decision": lambda r: r | {"decision": None},
    "a type of another": lambda r: r | {"type": "Revoked", "detail": "[x" * 4000},
    "no record": lambda _: [],
    "a deep one": lambda r: r | {"decision": json.loads("[" * 500 + "]" * 500)},
}


@pytest.mark.parametrize("what", ODD)
def test_what_somebody_wrote_into_an_export_is_told_and_not_proven(
    what: str, day: Log, folder: Path, tmp_path: Path
) -> None:
    odd = tmp_path / "odd"
    shutil.copytree(folder, odd)
    records = odd / layout.RECORDS
    lines = [json.loads(line) for line in records.read_bytes().splitlines()]
    records.write_text("".join(f"{json.dumps(ODD[what](line))}\n" for line in lines))
    (odd / layout.TEXTS).write_text('{"x": {"key": "no", "texts": [1]}}')
    head, told = of_folder(odd, day, anchored(day))
    assert head.verdict == "NOT PROVEN"
    shown = [*table(told, 80), *table(told, 250)]
    assert all(line.isprintable() for line in shown)
    write_csv(told, head.verdict, io.StringIO())


def test_an_export_without_a_key_of_the_auditors_is_not_anchored(day: Log, folder: Path) -> None:
    head, _ = of_folder(folder, day)
    assert (head.verdict, head.key_by) == ("NOT ANCHORED", "this trail alone")


def test_another_key_or_another_witness_proves_nothing(day: Log, folder: Path) -> None:
    for trust in (
        Trusted(log_fingerprint="0" * 64),
        Trusted(witness_key=CosignerKey().public_key()),
    ):
        assert of_stores(day, trust)[0].verdict == "NOT PROVEN"
        assert of_folder(folder, day, trust)[0].verdict == "NOT PROVEN"
