"""A decision is replayed with the circumstances in which it was made, from the records alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cli.trail.law import Law, Unlawful
from pam.domain import new_records
from pam.domain.circumstances import UNKNOWN, Circumstances
from pam.domain.people import Surface
from pam.policy.compiled import CompiledPolicy
from tests.fakes.story import COMPILED, KYC_SANDBOX, LEDGER, PLAIN, SANDBOX, Story
from tests.trail.forging import APPROVED, RecordType, entry, new_id

pytestmark = pytest.mark.guarantee("G13")

CHECKED_TICKETS = replace(
    COMPILED,
    cedar=COMPILED.cedar
    + """
@id("a-ticket-that-could-not-be-checked")
forbid (principal, action == PAM::Action::"grant", resource)
when { context.ticket == "unknown" && context.approvals < 3 };""",
)
"""A policy set that reads a signal."""


def seen(records: list[Any], compiled: CompiledPolicy = COMPILED) -> Law:
    law = Law(lambda _: compiled.to_json())
    for record in records:
        law.see({**record, "policy_version": compiled.digest})
    return law


@pytest.mark.parametrize("resource", [LEDGER, SANDBOX, KYC_SANDBOX])
@pytest.mark.parametrize("break_glass", [True, False])
@pytest.mark.parametrize("ticket", ["", "INC-1"])
def test_the_records_tell_the_circumstances_that_are_stored(
    resource: str, ticket: str, *, break_glass: bool
) -> None:
    story = Story()
    story.request(resource=resource, break_glass=break_glass, ticket=ticket)
    story.by_runbook(resource=resource, break_glass=break_glass)
    for session_id, session in story.store.sessions.items():
        told = seen(list(story.store.records(session_id))).session_of(session_id)
        assert told is not None
        assert told.circumstances == session.circumstances


def approved_in(asked: Circumstances) -> list[Any]:
    """The records of a request for a sandbox, which needs no vote, in these circumstances."""
    real = Story().request(resource=SANDBOX)
    begun = replace(real, sequence=0, last_hash="", circumstances=asked)
    entries = (entry(RecordType.REQUESTED, "alice"), APPROVED)
    return list(new_records.chain(begun, entries, now=real.created_at, new_id=new_id)[1])


@pytest.mark.parametrize("signals", [{}, {"ticket": "named"}, {"ticket": UNKNOWN}])
def test_a_decision_is_judged_by_what_the_sources_said_at_the_time(signals: dict[str, str]) -> None:
    records = approved_in(replace(PLAIN, ticket="INC-1", signals=signals))
    told = seen(records[:1], CHECKED_TICKETS).session_of(records[0]["session_id"])
    assert told is not None
    assert told.circumstances.signals == signals
    if signals == {"ticket": UNKNOWN}:
        with pytest.raises(Unlawful, match=r"Approved: 0 approval\(s\) do not make this grant"):
            seen(records, CHECKED_TICKETS)
    else:
        seen(records, CHECKED_TICKETS)


def test_a_record_says_nothing_of_signals_where_no_source_was_asked() -> None:
    (record, _) = approved_in(PLAIN)
    assert set(record["decision"]) == {"policy_ids", "required", "received"}


def test_a_record_of_before_there_were_surfaces_is_of_a_signed_call() -> None:
    (record, _) = approved_in(PLAIN)
    actor = {name: record["actor"][name] for name in ("principal", "kind")}
    told = seen([{**record, "actor": actor}]).session_of(record["session_id"])
    assert told is not None
    assert told.circumstances == PLAIN


MISSHAPEN: dict[str, Mapping[str, Any]] = {
    "a surface that there is not": {"surface": "moon", "auth": "sigv4"},
    "a proof that there is not": {"surface": Surface.API.value, "auth": "word of honour"},
    "a surface that is none": {"surface": ["api"], "auth": "sigv4"},
}


@pytest.mark.parametrize("case", MISSHAPEN)
def test_a_record_that_does_not_say_how_it_was_asked_for_is_unlawful(case: str) -> None:
    (record, _) = approved_in(PLAIN)
    with pytest.raises(Unlawful, match="Requested: it does not say which way it came in"):
        seen([{**record, "actor": {**record["actor"], **MISSHAPEN[case]}}])


@pytest.mark.parametrize("decision", [None, [], {"signals": "ticket"}, {"signals": ["ticket"]}])
def test_a_record_whose_signals_are_none_is_unlawful(decision: object) -> None:
    (record, _) = approved_in(PLAIN)
    with pytest.raises(Unlawful, match="Requested: it does not say how it was asked for"):
        seen([{**record, "decision": decision}])
