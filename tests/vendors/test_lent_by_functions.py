"""A standing kind whose vendor's power lies in functions of its own: from request to receipt."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from pam.domain.ending import ReceiptMethod
from pam.domain.errors import Conflict, ForeignAccess, IssuerUnavailable, TryAgain, Unreached
from pam.domain.kinds import IDENTITY_CENTER
from pam.domain.lifecycle import Status
from pam.domain.standing import LONGEST_CALL, checkout_of
from pam.edge import views
from tests.vendors.functions import lost, not_allowed, throttled, unreached
from tests.vendors.story import VendorStory


def test_it_is_lent_from_the_request_to_the_receipt(story: VendorStory) -> None:
    session = story.active()
    assert (session.status, story.has_access()) == (Status.ACTIVE, True)
    lease = views.lease_view(story.lease(session.session_id))
    assert lease["kind"] == "signin"
    assert lease["url"].startswith("https://")
    ended = story.end(session.session_id)
    assert (ended.status, story.has_access()) == (Status.ENDED, False)
    assert ended.ending is not None
    assert ended.ending.method is ReceiptMethod.ASSIGNMENT_GONE
    assert ended.ending.evidence == "not listed, twice"
    assert ended.ending.proven
    assert "left: " in story.store.records(session.session_id)[-1]["detail"]


def test_the_activator_asks_one_function_and_the_revocation_another(story: VendorStory) -> None:
    story.end(story.active().session_id)
    powers = [(name.split("-")[3], event["message"]) for name, event in story.functions.asked]
    assert powers == [("issue", "SeeAccess"), ("issue", "MakeAccess"), ("revoke", "UnmakeAccess")]


def test_its_time_runs_from_the_instant_for_which_its_end_is_armed(story: VendorStory) -> None:
    story.directory.arms = timedelta(seconds=12)
    session = story.active(seconds=600)
    begins = story.directory.armed[session.session_id]
    assert begins > story.now
    assert session.activated_at == begins
    assert session.expires_at == begins + timedelta(seconds=600)
    record = story.store.records(session.session_id)[-1]
    assert record["type"] == "Activated"
    assert record["detail"].startswith("until ")


def test_what_takes_several_calls_begins_when_it_was_armed(story: VendorStory) -> None:
    story.directory.arms, story.directory.slow = timedelta(seconds=1), 3
    session = story.asked_for()
    for _ in range(3):
        with pytest.raises(TryAgain):
            story.activate(session.session_id)
        story.later(seconds=5)
    active = story.activate(session.session_id)
    assert active.activated_at == story.directory.armed[session.session_id]
    assert active.activated_at < story.now - timedelta(seconds=10)
    asked = story.functions.names()
    assert asked.count("SeeAccess") == 1, "whoever made it once need not ask whose it is"


def test_a_session_whose_armed_end_is_past_is_not_active(story: VendorStory) -> None:
    story.directory.arms, story.directory.slow = timedelta(seconds=0), 1
    session = story.asked_for(seconds=30)
    with pytest.raises(TryAgain):
        story.activate(session.session_id)
    story.later(seconds=40)
    with pytest.raises(IssuerUnavailable, match="its time was over"):
        story.activate(session.session_id)
    assert story.stored(session.session_id).status is Status.ACTIVATING


def test_an_end_that_is_armed_too_far_ahead_is_not_believed(story: VendorStory) -> None:
    story.directory.arms = LONGEST_CALL + timedelta(seconds=2)
    session = story.asked_for()
    with pytest.raises(IssuerUnavailable, match="of which this call knows nothing"):
        story.activate(session.session_id)


@pytest.mark.parametrize("how", ["its answer is lost", "it dies"])
def test_access_that_a_function_made_and_did_not_tell_is_unmade(
    story: VendorStory, how: str
) -> None:
    session = story.asked_for()

    def fails() -> None:
        story.functions.dies = how == "it dies"
        story.functions.after = lost if how == "its answer is lost" else None

    story.directory.while_making = fails
    with pytest.raises(IssuerUnavailable):
        story.activate(session.session_id)
    story.functions.after, story.functions.dies = None, False
    assert story.has_access(), "it was made, and nobody knows"
    assert story.revoke(session.session_id).status is Status.REVOKING
    assert not story.has_access(), "what made it may still be at it, and it is taken all the same"
    story.later(seconds=LONGEST_CALL.total_seconds())
    story.closer.end_decided(session.session_id)
    assert story.stored(session.session_id).status is Status.REVOKED
    assert not story.has_access()


@pytest.mark.parametrize(
    ("fault", "raised"),
    [(throttled, TryAgain), (unreached, IssuerUnavailable), (not_allowed, IssuerUnavailable)],
)
def test_what_was_never_asked_leaves_nothing_to_wait_for(
    story: VendorStory, fault: Callable[[str], Exception], raised: type[Exception]
) -> None:
    session = story.asked_for()
    story.functions.before = fault
    with pytest.raises(raised):
        story.activate(session.session_id)
    story.functions.before = None
    what = checkout_of(session)
    assert story.checkouts.stop_making(what, session.session_id) is None
    assert story.directory.calls == []


def test_an_end_that_is_not_answered_is_not_over(story: VendorStory) -> None:
    session = story.active()
    story.functions.before = throttled
    assert story.end(session.session_id).status is Status.REVOKING
    story.functions.before = None
    story.functions.after = lost
    with pytest.raises(IssuerUnavailable):
        story.closer.end_decided(session.session_id)
    assert story.stored(session.session_id).status is Status.REVOKING
    story.functions.after = None
    story.closer.end_decided(session.session_id)
    assert story.stored(session.session_id).status is Status.ENDED


def test_access_of_others_that_only_the_vendor_sees_is_left_as_it_is(story: VendorStory) -> None:
    """Found by the call that was about to make it: by a group, say."""
    story.directory.foreign = True
    session = story.asked_for()
    with pytest.raises(ForeignAccess):
        story.activate(session.session_id)
    failed = story.stored(session.session_id)
    assert failed.status is Status.FAILED
    assert failed.ending is not None
    assert failed.ending.reason.startswith("CONFLICT")
    assert "unmake" not in story.directory.calls
    story.directory.foreign = False
    assert story.active().status is Status.ACTIVE, "nothing is held by it any more"


def test_access_that_comes_while_its_end_is_decided_is_unmade_where_it_was_made(
    story: VendorStory,
) -> None:
    session = story.asked_for()
    story.directory.while_making = lambda: _revoked(story, session.session_id)
    with pytest.raises(Conflict, match="REVOKING"):
        story.activate(session.session_id)
    assert not story.has_access()


def test_without_the_vendors_functions_a_session_fails_and_says_what_to_do(
    story: VendorStory,
) -> None:
    story.there = False
    session = story.asked_for()
    with pytest.raises(IssuerUnavailable, match=r'adds "\w+" to its environment in cdk\.json'):
        story.activate(session.session_id)
    assert story.functions.asked == []
    story.revoke(session.session_id)
    assert story.stored(session.session_id).status is Status.REVOKED, "nothing had been made"


def test_the_revocation_makes_no_access(story: VendorStory) -> None:
    session = story.asked_for()
    with pytest.raises(Unreached, match="makes no access"):
        story.lent_by(activator=False)._target.make(session, story.now)


def test_of_what_one_approver_shortened_it_is_made_for_the_shorter_time(
    story: VendorStory,
) -> None:
    session = story.request("alice", story.resource, seconds=600)
    story.vote("bob", session.session_id, seconds=120)
    if story.kind == IDENTITY_CENTER:
        story.vote("carol", session.session_id)
    story.activate(session.session_id)
    assert story.directory.lengths == [timedelta(seconds=120)]


def _revoked(story: VendorStory, session_id: str) -> None:
    assert story.revoke(session_id).status is Status.REVOKING


@pytest.mark.parametrize("early", [True, False])
def test_a_receipt_is_of_the_instant_when_it_was_seen(story: VendorStory, early: bool) -> None:
    """To see it may take a while, and nothing is said to be confirmed before."""
    story.directory.takes = timedelta(seconds=9)
    session = story.active(seconds=600)
    assert session.expires_at is not None
    if not early:
        story.now = session.expires_at
    ended = story.end(session.session_id) if early else story.end_due(session.session_id)
    seen_at = story.now + timedelta(seconds=9)
    assert ended.ending is not None
    assert (ended.ending.confirmed_at, ended.ended_at) == (seen_at, seen_at)
    assert ended.ending.effective_at is not None
    by_the_clock = not early and story.kind == IDENTITY_CENTER
    assert (ended.ending.effective_at < seen_at) == by_the_clock


def test_no_vendor_says_that_an_end_was_seen_next_year(story: VendorStory) -> None:
    story.directory.takes = timedelta(days=365)
    ended = story.end(story.active().session_id)
    assert ended.ending is not None
    assert ended.ending.confirmed_at == story.now + LONGEST_CALL


def test_an_end_by_the_clock_that_had_to_be_made_anew_is_in_force_from_then(
    story: VendorStory,
) -> None:
    story.directory.on_time = False
    session = story.active(seconds=600)
    assert session.expires_at is not None
    story.now = session.expires_at + timedelta(seconds=3)
    ended = story.end_due(session.session_id)
    assert ended.ending is not None
    assert ended.ending.effective_at is not None
    assert ended.ending.effective_at >= story.now
