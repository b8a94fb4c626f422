"""`pam audit report`: a line a session, and a head that says no more than what is proven."""

from datetime import timedelta
from pathlib import Path

import pytest

from cli.problems import Failure
from cli.trail.report_line import NO_TEXT
from pam.domain import timestamps
from pam.domain.free_text import ERASED
from tests.fakes.log import Log
from tests.fakes.story import KYC, LEDGER, NOON, arn
from tests.trail.conftest import exported
from tests.trail.reporting import anchored, day, folder, of_folder, of_stores

__all__ = ["day", "folder"]

pytestmark = pytest.mark.guarantee("G13")


def test_each_session_is_a_line_and_the_range_is_proven(day: Log) -> None:
    head, lines = of_stores(day, anchored(day))
    assert (head.verdict, head.complete, head.faults) == ("PROVEN", True, [])
    assert [line["session_id"] for line in lines] == sorted(day.story.store.sessions)
    assert head.sessions == len(lines)
    assert head.break_glass == sum(line["break_glass"] for line in lines) == 2
    assert (head.refusals, head.cosigned, head.unwitnessed) == (1, 2, 0)
    assert head.log_begins == timestamps.render(NOON - timedelta(minutes=5))
    assert (head.first_checkpoint, head.last_checkpoint) == (1, 2)


def test_an_export_is_reported_offline_as_the_stores_are(day: Log, folder: Path) -> None:
    live_head, live = of_stores(day, anchored(day))
    head, lines = of_folder(folder, day, anchored(day))
    # Of a text that is gone without a record in it, an export cannot say why.
    gone = {NO_TEXT: ERASED}
    told = [line | {"reason": gone.get(line["reason"], line["reason"])} for line in lines]
    assert told == live
    assert NO_TEXT in {line["reason"] for line in lines}
    assert (head.verdict, head.complete, head.key_by) == ("PROVEN", True, "--key")
    same = ("log_begins", "origin", "sealed_until", "key_fingerprint", "cosigned", "refusals")
    assert [getattr(head, name) for name in same] == [getattr(live_head, name) for name in same]
    assert head.records == live_head.records


def test_a_line_says_who_had_what_and_how_it_ended(day: Log) -> None:
    lines = of_stores(day)[1]
    ends = {line["status"] for line in lines}
    assert ends == {"REVOKED", "ENDED", "DENIED", "WITHDRAWN", "ACTIVE", "EXPIRED", "UNANSWERED"}
    (denied,) = [line for line in lines if line["status"] == "DENIED"]
    assert [(vote["approver"], vote["decision"]) for vote in denied["votes"]] == [
        (arn("bob"), "approve"),
        (arn("carol"), "deny"),
    ]
    assert (denied["from"], denied["ended_by"]) == ("", arn("carol"))
    assert denied["ending"]["method"] == "never-granted"
    (expired,) = [line for line in lines if line["status"] == "EXPIRED"]
    assert (expired["person"], expired["requester"]) == ("dave", arn("dave"))
    assert expired["from"] < expired["to"]
    assert expired["ending"]["proven"]
    assert expired["reason"] == "ledger stuck, see INC-1"
    assert {line["risk"] for line in lines} == {None}


def test_an_emergency_shows_its_review_and_an_erased_reason_says_so(day: Log) -> None:
    emergencies = [line for line in of_stores(day)[1] if line["break_glass"]]
    for line in emergencies:
        assert line["reason"] == "[erased]"
        assert line["review"]["outcome"] == "justified"
        assert line["review"]["looks"] == [[arn("bob"), "justified"], [arn("carol"), "justified"]]
        assert line["review"]["due_at"] > line["asked_at"]


def test_acts_are_counted(tmp_path: Path) -> None:
    from pam.domain.audit_record import RecordType
    from pam.domain.people import Actor, ActorKind
    from tests.trail.forging import entry

    log = Log()
    log.seal()
    used = log.story.granted()
    by = Actor(principal=arn("alice"), kind=ActorKind.PERSON)
    log.forge(used.session_id, *(entry(RecordType.ACTIVITY, by, "s3:GetObject") for _ in range(3)))
    log.carry()
    log.seal()
    assert [line["acts"] for line in of_stores(log)[1]] == [3]
    assert [line["acts"] for line in of_folder(exported(log, tmp_path / "x"), log)[1]] == [3]


# ------------------------------------------------------------------ which time


def test_a_time_before_the_log_began_is_not_proven(day: Log, folder: Path) -> None:
    early = NOON - timedelta(days=30)
    for head, lines in (
        of_stores(day, anchored(day), since=early),
        of_folder(folder, day, anchored(day), since=early),
    ):
        assert head.verdict == "NOT PROVEN"
        assert "is not covered: the log begins only then" in head.faults[0]
        assert lines
    with pytest.raises(Failure, match="nothing of this time is covered"):
        of_stores(day, since=early, until=early + timedelta(days=1))
    head, lines = of_folder(folder, day, since=early, until=early + timedelta(days=1))
    assert (head.verdict, lines) == ("NOT PROVEN", [])


def test_a_time_after_the_newest_checkpoint_is_not_proven(day: Log, folder: Path) -> None:
    late = day.story.now + timedelta(hours=1)
    assert of_stores(day, until=late)[0].verdict == "NOT PROVEN"
    assert of_folder(folder, day, until=late)[0].verdict == "NOT PROVEN"


def test_a_session_is_in_it_by_a_record_or_because_it_was_open() -> None:
    log = Log()
    log.seal()
    session = log.story.granted(seconds=3600)
    log.carry()
    for _ in range(3):
        log.seal()
    active = log.story.now
    log.story.later(minutes=20)
    log.seal()
    silent = (active + timedelta(minutes=1), active + timedelta(minutes=2))
    assert [one["status"] for one in of_stores(log, since=silent[0], until=silent[1])[1]] == [
        "ACTIVE"
    ]
    log.story.end(session.session_id)
    ended = log.story.now
    log.carry()
    log.seal()
    log.story.later(hours=1)
    log.seal()
    after = ended + timedelta(minutes=20)
    assert of_stores(log, since=after)[1] == []
    assert [one["status"] for one in of_stores(log, since=ended)[1]] == ["ENDED"]


def test_a_line_is_as_its_time_was_sealed_whenever_it_is_asked_for() -> None:
    log = Log()
    log.seal()
    session = log.story.granted()
    log.carry()
    until = log.story.now + timedelta(minutes=1)
    log.seal()  # the first more than two minutes after its end
    before = of_stores(log, until=until)[1]
    log.story.end(session.session_id)
    log.carry()
    log.seal()
    assert of_stores(log, until=until)[1] == before


# ------------------------------------------------------------------ of whom, of what


def test_one_persons_lines_are_proven_and_that_none_is_missing_is_not(
    day: Log, folder: Path
) -> None:
    head, lines = of_stores(day, anchored(day), who="Dave", resource=LEDGER)
    assert {(line["person"], line["resource"]) for line in lines} == {("dave", LEDGER)}
    assert (head.verdict, head.complete) == ("PROVEN", False)
    assert "not that none is missing" in head.why_incomplete
    offline, same = of_folder(folder, day, anchored(day), who="dave", resource=LEDGER)
    assert (offline.verdict, offline.complete, same) == ("PROVEN", True, lines)


def test_a_principal_is_looked_for_in_every_record(day: Log) -> None:
    head, lines = of_stores(day, who=arn("dave"))
    assert (head.verdict, head.complete) == ("PROVEN", True)
    assert {line["person"] for line in lines} == {"dave"}


def test_a_resource_alone_is_asked_for(day: Log) -> None:
    assert {line["resource"] for line in of_stores(day, resource=KYC)[1]} == {KYC}


def test_the_trail_of_one_session_proves_no_range(day: Log, tmp_path: Path) -> None:
    session_id = min(day.story.store.sessions)
    one = exported(day, tmp_path / "one", session_id=session_id)
    head, lines = of_folder(one, day, anchored(day))
    assert (head.complete, [line["session_id"] for line in lines]) == (False, [session_id])
    assert head.why_incomplete == f"this is the trail of session {session_id} alone"
