"""What stands at vendors is compared with the sessions every minute."""

from contextlib import suppress

import pytest

from pam.domain.lifecycle import Status
from pam.operations.search_standing import search_standing
from pam.operations.search_targets import search_targets
from tests.fakes.dying import Died, Dying, Fuse
from tests.fakes.story import SANDBOX
from tests.vendors.story import VendorStory


def drifts(story: VendorStory, session_id: str) -> list[str]:
    records = story.store.records(session_id)
    return [each["detail"] for each in records if each["type"] == "Drift"]


def test_where_all_is_as_it_should_be_nothing_is_told(story: VendorStory) -> None:
    session = story.active()
    found = story.search()
    assert (found.missing, found.removed, found.undone, found.strangers) == ([], [], [], [])
    assert story.directory.tidied == [story.target.label]
    assert drifts(story, session.session_id) == []
    assert story.has_access()


@pytest.mark.parametrize("fails", [False, True])
def test_what_ends_a_session_is_written_again_and_told_once_each_time(
    story: VendorStory, *, fails: bool
) -> None:
    """And whether or not it could be written again."""
    session = story.active()
    for times in (1, 2):
        story.directory.undone = {session.session_id: story.now}
        story.directory.fails_to_keep = fails
        found = story.search()
        assert found.undone == [session.session_id]
        assert found.unreached == [story.target.label] * fails
        told = drifts(story, session.session_id)
        assert len(told) == times
        assert told[-1].startswith("undone: what ends this session was gone")
        story.directory.fails_to_keep = False
        assert story.search().undone == []
        assert len(drifts(story, session.session_id)) == times
        story.later(minutes=1)


def test_access_that_no_session_explains_is_told_once_a_day_and_left(story: VendorStory) -> None:
    story.directory.unexplained = ["mallory, by the group platform"]
    first = story.search()
    assert first.strangers == [f"{story.target.label}: mallory, by the group platform"]
    assert story.search().strangers == []
    record = story.store.findings[-1]
    assert record["type"] == "Drift"
    assert record["session_id"] == ""
    assert record["resource"] == story.resource
    assert record["detail"].startswith("stranger: ")
    story.later(days=1, seconds=1)
    assert len(story.search().strangers) == 1
    assert "unmake" not in story.directory.calls


def test_access_that_is_missing_is_told_once_and_not_made_anew(story: VendorStory) -> None:
    session = story.active()
    story.directory.access.clear()
    assert story.search().missing == [session.session_id]
    assert story.search().missing == [session.session_id]
    assert len(drifts(story, session.session_id)) == 1
    assert not story.has_access()
    assert story.stored(session.session_id).status is Status.ACTIVE


def test_what_a_closed_session_left_is_removed_and_an_open_ones_is_not(story: VendorStory) -> None:
    over = story.active()
    story.end(over.session_id)
    open_now = story.active()
    story.later(minutes=5)
    assert story.search().removed == [], "it has to stay for now"
    story.later(hours=3)
    assert story.search().removed == [over.session_id]
    assert open_now.session_id in story.directory.notes


def test_a_vendor_that_does_not_answer_is_named_and_the_next_minute_tries(
    story: VendorStory,
) -> None:
    story.active()
    story.directory.down = True
    assert story.search().unreached == [story.target.label]
    story.directory.down = False
    assert story.search().unreached == []


def test_the_search_of_all_other_targets_does_not_wait_for_vendors(story: VendorStory) -> None:
    story.active()
    calls = len(story.functions.asked)
    found = search_targets(
        [story.target], now=story.now, store=story.store, issuers=story.of_revocation
    )
    assert (found.unreached, found.postponed) == ([], [])
    assert len(story.functions.asked) == calls


def test_however_many_sessions_there_are_the_vendor_is_asked_as_often(story: VendorStory) -> None:
    """And those whose access is gone are found among the others."""
    sessions = [story.active("alice")]
    story.functions.asked.clear()
    story.search()
    few = list(story.functions.asked)
    sessions += [story.active(who) for who in ("dave", "load01", "load02")]
    story.functions.asked.clear()
    assert story.search().missing == []
    assert len(story.functions.asked) == len(few)
    story.directory.access.discard((story.target.label, "dave"))
    assert story.search().missing == [sessions[1].session_id]
    assert story.has_access("load01")


def test_no_longer_than_there_is_time(story: VendorStory) -> None:
    for who in ("alice", "dave"):
        story.active(who)
    left = iter([True, False])
    found = search_standing(
        {story.resource: story.target},
        now=story.now,
        store=story.store,
        issuers={story.kind: story.lent_by(activator=False)},
        has_time=lambda: next(left, False),
    )
    assert found.postponed == [story.target.label]
    assert story.directory.calls.count("keep") == 1, "what keeps people out comes first"


def test_what_is_left_of_many_takes_no_longer_than_there_is_time(story: VendorStory) -> None:
    """A function that is killed over one target has looked at none of the others."""
    for who in ("alice", "dave", "load01"):
        story.end(story.active(who).session_id, who)
    story.later(hours=3)
    found = search_standing(
        {story.resource: story.target},
        now=story.now,
        store=story.store,
        issuers={story.kind: story.lent_by(activator=False)},
        has_time=lambda: "clear_traces" not in story.directory.calls,
    )
    assert len(found.removed) == 1
    assert found.postponed == [story.target.label]
    assert len(story.search().removed) == 2


def test_a_flood_of_strangers_keeps_nothing_from_its_turn(story: VendorStory) -> None:
    """What is not told for want of time is told by the next search."""
    session = story.active()
    story.directory.unexplained = [f"user {number}" for number in range(30)]
    asked = iter(range(100))
    found = search_standing(
        {story.resource: story.target},
        now=story.now,
        store=story.store,
        issuers={story.kind: story.lent_by(activator=False)},
        has_time=lambda: next(asked) < 20,
    )
    assert 0 < len(found.strangers) < 30
    assert found.postponed
    assert story.directory.tidied == [story.target.label]
    assert len(found.strangers) + len(story.search().strangers) == 30
    assert session.status is Status.ACTIVE


def test_a_session_in_the_notes_that_is_none_of_this_target_is_told_once_a_day(
    story: VendorStory,
) -> None:
    """Somebody wrote it there, to explain access that they have: PAM stores a session first."""
    elsewhere = story.request("alice", SANDBOX)
    for invented in ("01K00000000000000000000009", elsewhere.session_id):
        story.directory.notes[invented] = (story.target.label, "mallory")
    found = story.search()
    assert len(found.strangers) == 2
    assert all("no session of this target" in each for each in found.strangers)
    assert elsewhere.session_id in found.strangers[1]
    assert story.search().strangers == []
    assert story.store.findings[-1]["resource"] == story.resource


def test_a_closed_session_of_another_target_in_the_notes_hides_no_stranger(
    story: VendorStory,
) -> None:
    """Nor is anything of that session taken for what is left here."""
    elsewhere = story.activate(story.request("alice", SANDBOX).session_id)
    story.end(elsewhere.session_id)
    story.later(hours=3)
    story.directory.notes[elsewhere.session_id] = (story.target.label, "mallory")
    story.directory.unexplained = ["mallory, by the group platform"]
    found = story.search()
    assert len(found.strangers) == 2
    assert found.removed == []
    assert drifts(story, elsewhere.session_id) == []


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("after", [False, True], ids=["asked", "answered"])
def test_wherever_a_search_dies_what_it_found_is_told_and_recorded_once(
    story: VendorStory, *, after: bool
) -> None:
    store, fuse = story.store, Fuse()
    step, went_on = 0, True
    while went_on:
        step += 1
        session = story.active()
        story.directory.undone = {session.session_id: story.now}
        story.directory.unexplained = [f"mallory, number {step}"]
        story.told.clear()
        store.findings.clear()
        story.store = Dying(store, fuse)  # type: ignore[assignment]
        fuse.arm(step, after=after)
        with suppress(Died):
            story.search()
        went_on = fuse.dead
        fuse.disarm()
        story.store = store
        story.search()
        assert {"undone", "strangers"} <= set(story.told), step
        assert len(drifts(story, session.session_id)) == 1, step
        assert len(store.findings) == 1, step
        story.end(session.session_id)
        story.later(days=1)
        story.directory.undone.clear()
        story.search()
        story.later(days=1)
    assert step > 6


def test_what_is_said_of_a_session_that_nobody_knows_is_not_told_of_it(
    story: VendorStory,
) -> None:
    session = story.active()
    story.directory.undone = {session.session_id: story.now}
    del story.store.sessions[session.session_id]
    assert story.search().undone == []
    assert story.told == ["strangers"]
