"""Each step that ought not to have happened is named, though chain, seal and signature hold."""

from dataclasses import replace
from pathlib import Path

import pytest

from cli.trail.check import Disproof, Trusted, check_trail
from pam.domain import audit_record, new_records
from pam.domain.audit_record import RecordType
from pam.domain.people import CLOCK, WORKFLOW
from pam.domain.resource import Environment
from pam.ids import new_id
from tests.fakes.log import Log
from tests.fakes.story import KYC, LEDGER, PLAIN, SANDBOX, arn
from tests.trail.conftest import exported
from tests.trail.forging import (
    ACTIVATED,
    ACTIVATING,
    APPROVED,
    EMERGENCY,
    LEASED,
    Forgery,
    a_day_before,
    a_day_later,
    a_whole_day,
    across,
    asked,
    begun,
    by,
    entry,
    granted,
    in_a_name,
    in_name_of,
    other_target,
    overtime,
    reviewed,
    reviewed_by,
    too_late,
    until_tomorrow,
    verified,
    voted,
    without_alert,
)

pytestmark = pytest.mark.guarantee("G13")

REVOKING = entry(RecordType.REVOKING, "sam")
CONFIRMED, ERASED = entry(RecordType.CONFIRMED, "alice"), entry(RecordType.ERASED, "sam")
OTHER_TICKET = replace(PLAIN, ticket="CHG-9")

UNLAWFUL: dict[str, tuple[str, Forgery]] = {
    "credentials without access": (
        "Leased: credentials were handed out while the session was PENDING_APPROVAL",
        lambda log: asked(log, LEASED),
    ),
    "credentials after the decision to end": (
        "Leased: credentials were handed out while the session was REVOKING",
        lambda log: granted(log, entry(RecordType.REVOKING, "sam"), LEASED),
    ),
    "access by votes of another day": (
        "Activating: its approvals are from another time",
        lambda log: a_day_later(log, ACTIVATING),
    ),
    "a vote from before the request": (
        "Voted: it is dated before what stands before it",
        lambda log: a_day_before(log, voted("bob")),
    ),
    "credentials after the end": (
        "Leased: credentials were handed out while the session was REVOKED",
        lambda log: granted(
            log, entry(RecordType.REVOKING, "sam"), entry(RecordType.REVOKED, "sam"), LEASED
        ),
    ),
    "credentials after the time": ("Leased: .* after the session's time", overtime),
    "credentials for another": (
        "Leased: credentials were handed out to somebody who may not",
        lambda log: granted(log, entry(RecordType.LEASED, "dave", lease_id="L")),
    ),
    "credentials for nobody": (
        "Leased: no person did it",
        lambda log: granted(log, entry(RecordType.LEASED, WORKFLOW, lease_id="L")),
    ),
    "access without the intent": (
        "Activated: a session cannot go from APPROVED to ACTIVE",
        lambda log: asked(log, voted("bob"), voted("carol"), APPROVED, ACTIVATED),
    ),
    "access without anything": (
        "Activated: a session cannot go from PENDING_APPROVAL to ACTIVE",
        lambda log: asked(log, ACTIVATED),
    ),
    "approved by nobody": (
        r"Approved: 0 approval\(s\) do not make this grant lawful",
        lambda log: asked(log, APPROVED),
    ),
    "approved by one of two": (
        r"Approved: 1 approval\(s\) do not make this grant lawful",
        lambda log: asked(log, voted("bob"), APPROVED),
    ),
    "approved by names that did not vote": (
        "Approved: it names an approver who has not approved",
        lambda log: asked(log, APPROVED, votes=(by("bob"), by("carol"))),
    ),
    "approved by the requester": (
        "Voted: no policy lets alice vote",
        lambda log: asked(log, voted("bob"), voted("alice"), APPROVED),
    ),
    "approved twice by one": (
        "Voted: bob has voted already",
        lambda log: asked(log, voted("bob"), voted("bob"), APPROVED),
    ),
    "approved by an engineer": (
        "Voted: no policy lets dave vote",
        lambda log: asked(log, voted("dave")),
    ),
    "approved by a stranger": (
        "Voted: this principal is not listed",
        lambda log: asked(log, voted("mallory")),
    ),
    "approved by the clock": (
        "Voted: no person did it",
        lambda log: asked(log, entry(RecordType.VOTED, CLOCK, "approve")),
    ),
    "approved too late": ("Voted: the time to vote was over", too_late),
    "a vote that says nothing": (
        "Voted: it says neither",
        lambda log: asked(log, voted("bob", "perhaps")),
    ),
    "the gate between domains skipped": (
        r"Approved: 3 approval\(s\) do not",
        lambda log: asked(log, voted("bob"), voted("carol"), voted("erin"), APPROVED, ask_for=KYC),
    ),
    "the gate skipped by break-glass": (
        r"Approved: 0 approval\(s\) do not",
        lambda log: asked(log, APPROVED, ask_for=KYC, emergency=True),
    ),
    "made though the votes do not suffice": (
        r"Approved: 1 approval\(s\)",
        lambda log: asked(log, voted("bob"), APPROVED, ACTIVATING),
    ),
    "break-glass without its alert": ("Activating: break-glass without its alert", without_alert),
    "an alert for no emergency": (
        "BreakGlass: it is no break-glass session",
        lambda log: asked(log, entry(RecordType.BREAK_GLASS, "alice")),
    ),
    "turned into break-glass": (
        "BreakGlass: another break-glass than was asked for",
        lambda log: asked(log, entry(RecordType.BREAK_GLASS, "alice"), circumstances=EMERGENCY),
    ),
    "revived after a denial": (
        "Voted: one denial ends a session",
        lambda log: asked(log, voted("bob", "deny"), voted("carol")),
    ),
    "approved over a denial": (
        "Approved: one denial ends a session",
        lambda log: asked(log, voted("bob"), voted("carol"), voted("erin", "deny"), APPROVED),
    ),
    "denied by somebody who approved": (
        "Denied: this principal's vote did not deny it",
        lambda log: asked(log, voted("bob"), entry(RecordType.DENIED, "bob")),
    ),
    "back to life": (
        "Activating: a session cannot go from EXPIRED to ACTIVATING",
        lambda log: granted(
            log, entry(RecordType.REVOKING, CLOCK), entry(RecordType.EXPIRED, CLOCK), ACTIVATING
        ),
    ),
    "an end without its decision": (
        "Revoked: a session cannot go from ACTIVE to REVOKED",
        lambda log: granted(log, entry(RecordType.REVOKED, "sam")),
    ),
    "asked for twice": (
        "Requested: a session cannot go from ACTIVE to PENDING_APPROVAL",
        lambda log: granted(log, entry(RecordType.REQUESTED, "alice")),
    ),
    "begun with credentials": (
        "Leased: a session begins with Requested",
        lambda log: begun(log, LEASED),
    ),
    "asked for in another's name": ("Requested: dave asked in the name of alice", in_name_of),
    "asked for by nobody": (
        "Requested: this principal is not listed",
        lambda log: begun(log, entry(RecordType.REQUESTED, "mallory"), requester=arn("mallory")),
    ),
    "asked for by an approver": (
        "Requested: no policy lets this requester ask",
        lambda log: begun(log, entry(RecordType.REQUESTED, "bob"), requester=arn("bob")),
    ),
    "of no resource": (
        "Requested: the policy set has no such resource",
        lambda log: begun(log, entry(RecordType.REQUESTED, "alice"), resource="core-vault"),
    ),
    "called a development environment": (
        "Requested: its environment or domain is not that of the resource",
        lambda log: begun(log, entry(RecordType.REQUESTED, "alice"), environment=Environment.DEV),
    ),
    "votes for one ticket open another": (
        "Approved: another ticket than was asked for",
        lambda log: asked(log, entry(RecordType.APPROVED, "alice"), circumstances=OTHER_TICKET),
    ),
    "approved before anybody voted": (
        "Requested: it names an approver who has not approved",
        lambda log: begun(log, entry(RecordType.REQUESTED, "alice"), votes=(by("bob"),)),
    ),
    "votes for one resource open another": (
        "Approved: another resource than was asked for",
        lambda log: asked(log, entry(RecordType.APPROVED, "alice"), resource=SANDBOX),
    ),
    "votes for one target open another": ("Requested: its target is not", other_target),
    "votes for one person serve another": (
        "Leased: another requester than was asked for",
        lambda log: granted(
            log, entry(RecordType.LEASED, "dave", lease_id="L"), requester=arn("dave")
        ),
    ),
    "longer than the catalogue allows": ("Activated: it lasts longer than", until_tomorrow),
    "an end that is no time": (
        "Activated: it does not say until when",
        lambda log: asked(
            log,
            voted("bob"),
            voted("carol"),
            APPROVED,
            ACTIVATING,
            entry(RecordType.ACTIVATED, detail="until the cows come home"),
        ),
    ),
    "reviewed by its user": (
        "Reviewed: no policy lets alice review",
        lambda log: reviewed_by(log, "alice"),
    ),
    "reviewed twice by one": (
        "Reviewed: bob has reviewed it already",
        lambda log: reviewed_by(log, "bob", "bob"),
    ),
    "reviewed by an engineer": (
        "Reviewed: no policy lets dave review",
        lambda log: reviewed_by(log, "dave"),
    ),
    "reviewed though nobody broke the glass": (
        "Reviewed: the session owes no review",
        lambda log: reviewed_by(log, "bob", emergency=False),
    ),
    "reviewed before there was anything": (
        "Reviewed: .* nothing to look back on",
        lambda log: asked(log, entry(RecordType.REVIEWED, "bob", "justified"), emergency=True),
    ),
    "reviewed by somebody who let it happen": (
        "Reviewed: no policy lets kate review",
        lambda log: across(log, reviewed("kate")),
    ),
    "reviewed after the review": (
        "Reviewed: the review is finished",
        lambda log: reviewed_by(log, "bob", "carol", "erin"),
    ),
    "reviewed without a finding": (
        "Reviewed: it does not say what was found",
        lambda log: across(log, reviewed("kurt", "perhaps")),
    ),
    "an emergency in a name that did not confirm it": (
        "Approved: the person in whose name it is has not confirmed it",
        lambda log: in_a_name(log, APPROVED),
    ),
    "an alert before the confirmation": (
        "BreakGlass: the person in whose name it is has not confirmed it",
        lambda log: in_a_name(log, entry(RecordType.BREAK_GLASS, "alice")),
    ),
    "a review before the confirmation": (
        "Reviewed: the session owes no review",
        lambda log: in_a_name(log, reviewed("bob")),
    ),
    "confirmed without an alert": (
        "Activating: break-glass without its alert",
        lambda log: in_a_name(log, CONFIRMED, APPROVED, ACTIVATING),
    ),
    "confirmed by another": (
        "Confirmed: it was not asked for in the name of dave",
        lambda log: in_a_name(log, entry(RecordType.CONFIRMED, "dave")),
    ),
    "confirmed by PAM itself": (
        "Confirmed: no person did it",
        lambda log: in_a_name(log, entry(RecordType.CONFIRMED, WORKFLOW)),
    ),
    "confirmed too late": (
        "Confirmed: the time to confirm was over",
        lambda log: in_a_name(log, CONFIRMED, hours=5),
    ),
    "confirmed twice": (
        "Confirmed: nothing waits",
        lambda log: in_a_name(log, CONFIRMED, CONFIRMED),
    ),
    "confirmed though asked for in person": (
        "Confirmed: nothing waits",
        lambda log: asked(log, CONFIRMED),
    ),
    "credentials in a name that nobody confirmed": (
        "Leased: credentials were handed out in a name",
        lambda log: in_a_name(log, LEASED, emergency=False),
    ),
    "texts erased before the review": (
        "Erased: texts were erased before the review was finished",
        lambda log: across(log, reviewed("bob"), reviewed("carol"), ERASED),
    ),
    "texts erased by an approver": (
        "Erased: no policy lets bob erase",
        lambda log: across(log, reviewed("bob"), reviewed("kurt"), entry(RecordType.ERASED, "bob")),
    ),
    "texts erased while it is open": (
        "Erased: texts were erased while the session was ACTIVE",
        lambda log: granted(log, ERASED),
    ),
}


@pytest.mark.parametrize("name", UNLAWFUL)
def test_a_step_that_ought_not_to_have_happened_is_named_with_its_session(
    name: str, tmp_path: Path
) -> None:
    why, forge = UNLAWFUL[name]
    log = Log()
    a_whole_day(log)
    forged = forge(log)
    log.carry()
    log.seal()
    with pytest.raises(Disproof, match=f"unlawful: {why}") as caught:
        check_trail(exported(log, tmp_path / "trail"), Trusted())
    sequence = log.story.store.sessions[forged.session_id].sequence
    place, _, session_id = caught.value.where.removeprefix("record ").partition(" of ")
    assert (int(place) <= sequence, session_id) == (True, forged.session_id)


@pytest.mark.parametrize("kind", ["Leased", "Activated", "Voted", "Approved", "BreakGlass"])
def test_a_step_of_a_session_that_stands_in_none_is_unlawful(kind: str, tmp_path: Path) -> None:
    log = Log()
    alone = new_records.finding(
        entry=entry(RecordType(kind), "alice"), resource=LEDGER, now=log.story.now, new_id=new_id
    )
    log.deliver([alone])
    log.seal()
    with pytest.raises(Disproof, match="it belongs to a session, and stands in none"):
        check_trail(exported(log, tmp_path / "trail"), Trusted())


def test_types_that_a_later_pam_may_write_are_passed_over(tmp_path: Path) -> None:
    """They change nothing: what follows must be lawful without them."""
    log = Log()
    session = log.story.request()
    record = log.story.store.trails[session.session_id][-1]
    later = dict(record) | {"type": "Annotated", "sequence": 2, "previous_hash": record["hash"]}
    later["hash"] = audit_record.hash_of(later)
    log.story.store.trails[session.session_id].append(later)
    assert verified(log, tmp_path / "trail") == 1
