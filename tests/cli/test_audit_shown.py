"""`pam audit show`: the timeline, and a chain that no tampering passes."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.trail.chain import faults_of
from pam.domain.audit_record import FIRST_PREVIOUS_HASH, hash_of
from pam.domain.free_text import commitment
from tests.cli.fake_api import ALICE, BOB, SESSION_ID, FakeApi, Pam

CALL = f"GET /pam/sessions/{SESSION_ID}/audit"
Records = list[dict[str, Any]]


def _trail() -> Records:
    """Four records, chained as PAM chains them."""
    records: Records = []
    previous = FIRST_PREVIOUS_HASH
    acts = [("Requested", ALICE), ("Voted", BOB), ("Approved", BOB), ("Activated", "")]
    for sequence, (kind, principal) in enumerate(acts, start=1):
        record: dict[str, Any] = {
            "event_id": f"01JD8XGZ6Q3M4V5N6P7R8S9T{sequence:02}",
            "session_id": SESSION_ID,
            "sequence": sequence,
            "type": kind,
            "at": f"2026-11-20T01:0{sequence}:00.000Z",
            "actor": {"principal": principal, "kind": "person" if principal else "workflow"},
            "reason": 'grüße "☃"\u007f\n',
            "outcome": "success",
            "detail": "",
            "target": None,
            "previous_hash": previous,
        }
        previous = hash_of(record)
        records.append(record | {"hash": previous})
    return records


def _rehashed(record: dict[str, Any]) -> dict[str, Any]:
    return record | {"hash": hash_of(record)}


def test_a_whole_trail_is_a_timeline_with_its_chain_checked(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, {"items": _trail()})
    result = pam("audit", "show", SESSION_ID)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert ["Requested" in lines[2], "alice" in lines[2], "Activated" in lines[5]] == [True] * 3
    assert lines[-1] == "chain checked: 4 records, every hash fits"


def test_what_people_wrote_is_shown_in_place_of_the_commitment_to_it(
    fake: FakeApi, pam: Pam
) -> None:
    known, forgotten = commitment("00" * 32, "ledger stuck"), commitment("01" * 32, "who knows")
    records = _trail()
    records[0] |= {"reason": known}
    records[1] |= {"detail": f"APPROVE: {forgotten}"}
    fake.on(CALL, {"items": records, "texts": {known: "ledger stuck"}})
    shown = pam("audit", "show", SESSION_ID).stdout
    assert "reason: ledger stuck" in shown
    assert "APPROVE: [erased]" in shown
    assert "hmac" not in shown


def test_a_broken_chain_fails_and_names_the_record(fake: FakeApi, pam: Pam) -> None:
    records = _trail()
    records[1]["actor"]["principal"] = ALICE
    fake.on(CALL, {"items": records})
    result = pam("audit", "show", SESSION_ID)
    assert result.exit_code == 1
    assert "chain checked" not in result.stdout
    assert result.stderr == (
        "the audit chain is broken: record 2: its content is not what was recorded\n"
    )


def test_json_is_the_apis_object_even_if_the_chain_is_broken(fake: FakeApi, pam: Pam) -> None:
    document = {"items": _trail()[1:]}
    fake.on(CALL, document)
    result = pam("audit", "show", SESSION_ID, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == document


def _paged(fake: FakeApi) -> list[dict[str, Any]]:
    """A trail in three pages, each with the texts of its own records."""
    records = _trail()
    pages = [
        {"items": records[:2], "texts": {"a": "1"}, "cursor": "second"},
        {"items": records[2:3], "texts": {"b": "2"}, "cursor": "third"},
        {"items": records[3:], "texts": {}, "cursor": None},
    ]
    fake.on(CALL, *pages)
    return pages


def test_all_pages_of_a_trail_are_shown_as_one(fake: FakeApi, pam: Pam) -> None:
    _paged(fake)
    result = pam("audit", "show", SESSION_ID)
    assert result.exit_code == 0, result.stderr
    assert "chain checked: 4 records, every hash fits" in result.stdout
    assert [asked.query for asked in fake.asked] == [{}, {"cursor": "second"}, {"cursor": "third"}]


def test_as_json_the_pages_are_one_document(fake: FakeApi, pam: Pam) -> None:
    _paged(fake)
    document = json.loads(pam("audit", "show", SESSION_ID, "--json").stdout)
    assert document == {"items": _trail(), "texts": {"a": "1", "b": "2"}, "cursor": None}


def test_a_page_that_leads_nowhere_ends_the_trail(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, {"items": _trail(), "cursor": "on"}, {"items": [], "cursor": "on"})
    assert pam("audit", "show", SESSION_ID).exit_code == 0
    assert len(fake.asked) == 2


def test_the_hash_is_sha256_of_canonical_json() -> None:
    """Computed by hand, so that the rule is not only tested against itself."""
    import hashlib

    text = '{"a":"\\u0001é","b":[1,true,null],"previous_hash":"x"}'
    record = {"b": [1, True, None], "previous_hash": "x", "hash": "?", "a": "\x01é"}
    assert hash_of(record) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_missing_record_is_seen(gone: int) -> None:
    records = _trail()
    del records[gone]
    assert faults_of(records, session_id=SESSION_ID)


def test_swapped_records_are_seen() -> None:
    records = _trail()
    records[1], records[2] = records[2], records[1]
    assert faults_of(records, session_id=SESSION_ID)


def test_a_record_put_in_between_is_seen() -> None:
    records = _trail()
    records.insert(2, _rehashed(records[1] | {"sequence": 3, "previous_hash": records[1]["hash"]}))
    assert faults_of(records, session_id=SESSION_ID)


def test_a_record_of_another_session_is_seen() -> None:
    records = [_rehashed(record | {"session_id": "other"}) for record in _trail()[:1]]
    faults = faults_of(records, session_id=SESSION_ID)
    assert [str(fault) for fault in faults] == ["record 1: it belongs to another session"]


def test_an_empty_trail_is_no_chain() -> None:
    assert faults_of([], session_id=SESSION_ID)


def test_a_record_that_cannot_be_hashed_is_a_fault_and_no_crash() -> None:
    records = _trail()
    records[0]["reason"] = "\ud800"
    assert faults_of(records, session_id=SESSION_ID)


@given(
    position=st.integers(0, 3),
    name=st.sampled_from(sorted(_trail()[0])),
    value=st.one_of(st.none(), st.text(), st.integers(), st.booleans(), st.just([])),
)
def test_no_changed_field_passes_unseen(position: int, name: str, value: Any) -> None:
    records = _trail()
    changed = deepcopy(records)
    changed[position][name] = value
    # By text: to Python, 1 == True; to the chain they differ.
    same = json.dumps(records) == json.dumps(changed)
    assert bool(faults_of(changed, session_id=SESSION_ID)) is not same
