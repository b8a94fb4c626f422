"""A record is at most 16 kB, whatever somebody wrote: cut, and never refused for it."""

from typing import Any

import pytest

from pam.domain import new_records
from pam.domain.audit_record import (
    LARGEST_RECORD,
    Entry,
    PolicyTrace,
    RecordType,
    canonical_json,
    hash_of,
)
from pam.domain.errors import Code
from pam.domain.people import Actor, ActorKind
from pam.ids import new_id
from tests.fakes.story import NOON

LONG: dict[str, dict[str, Any]] = {
    "a detail": {"detail": "x" * 300_000},
    "a detail of wide characters": {"detail": "\U0001f600" * 80_000},
    "quotes, which JSON escapes": {"detail": '"' * 100_000},
    "a user agent": {"agent": "x" * 100_000},
    "an id of a call": {"request_id": "x" * 100_000},
    "many policies": {"policies": ("policy-of-a-name",) * 9_000},
    "everything": {
        "detail": "x" * 50_000,
        "agent": "y" * 50_000,
        "request_id": "z" * 50_000,
        "policies": ("p" * 900,) * 100,
    },
}


def entry(case: dict[str, Any]) -> Entry:
    return Entry(
        type=RecordType.REFUSED,
        actor=Actor(
            principal="arn:aws:iam::000000000000:user/alice",
            kind=ActorKind.PERSON,
            user_agent=case.get("agent", ""),
        ),
        detail=case.get("detail", ""),
        trace=PolicyTrace(policy_ids=case.get("policies", ())),
        request_id=case.get("request_id", ""),
    )


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("case", LONG)
def test_a_record_is_cut_to_its_bound_and_its_hash_is_of_what_is_kept(case: str) -> None:
    record = new_records.refusal(
        entry=entry(LONG[case]),
        code=Code.VALIDATION,
        resource="",
        requester="alice",
        now=NOON,
        new_id=new_id,
    )
    assert len(canonical_json(record).encode()) <= LARGEST_RECORD
    assert record["hash"] == hash_of(record)
    assert (record["type"], record["requester"]) == ("Refused", "alice")
    assert len(record["event_id"]) == 26


def test_a_record_that_fits_is_left_as_it_is() -> None:
    record = {"detail": "x" * 10_000, "target": None, "sequence": 1}
    assert new_records.bounded(dict(record)) == record
