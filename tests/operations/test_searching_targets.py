"""What closed sessions left behind is found and removed, what ACTIVE ones lost is told; nothing
else is touched.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from pam.domain.errors import IssuerUnavailable, StaleSession
from pam.domain.kinds import kind_of
from pam.domain.resource import Target
from pam.operations.search_targets import Search, search_targets
from tests.fakes.dying import Died, Dying, Fuse
from tests.fakes.story import COMPILED, HOME, LEDGER, SANDBOX, Story

TARGETS = {
    each.resource_id: each.target(account=HOME.account, region=HOME.region)
    for each in COMPILED.resources
    if not kind_of(each.issuer_kind).vendor
}
DATABASE = TARGETS["core-ledger-db"]
UNKNOWN = "01M7XKKX570BEDA009FKKTH2H2"


def search(story: Story, *targets: Target, looks: int = 1_000) -> Search:
    left = iter(range(looks))
    return search_targets(
        targets or [DATABASE],
        now=story.now,
        store=story.store,
        issuers=story.issuers,
        has_time=lambda: next(left, None) is not None,
    )


def test_only_what_belongs_to_a_closed_session_of_this_store_is_removed() -> None:
    story = Story()
    over, active = story.granted().session_id, story.granted().session_id
    pending = story.request().session_id
    story.end(over)
    story.issuer.left = {over, active, pending, UNKNOWN}
    assert search(story).removed == [over]
    assert story.issuer.cleared == [over]
    last = story.store.records(over)[-1]
    assert (last["type"], last["outcome"]) == ("Drift", "failure")
    assert last["detail"].startswith("orphan: left at arn:aws:")


def test_active_access_that_somebody_took_away_is_told_each_time_and_recorded_once() -> None:
    story = Story()
    lost, whole = story.granted().session_id, story.granted().session_id
    story.issuer.held.discard(lost)
    sequences = [len(story.store.records(lost)), len(story.store.records(whole))]
    assert search(story).missing == [lost]
    assert search(story).missing == [lost]
    assert [len(story.store.records(lost)), len(story.store.records(whole))] == [
        sequences[0] + 1,
        sequences[1],
    ]
    last = story.store.records(lost)[-1]
    assert (last["type"], last["outcome"]) == ("Drift", "failure")
    assert last["detail"].startswith("missing: the session is ACTIVE, and its access is not there")
    assert last["detail"].endswith(f"({TARGETS[LEDGER].arn})"), (
        "it is looked for where it was given"
    )
    assert story.end(lost).status == "ENDED"
    assert search(story).missing == []


def test_access_that_is_ended_while_the_search_looks_is_not_missing() -> None:
    story = Story()
    session_id = story.granted().session_id
    missing = story.issuer.missing

    def ended_meanwhile(target: Target, active: list[object]) -> dict[str, str]:
        story.end(session_id)
        return missing(target, active)

    story.issuer.missing = ended_meanwhile
    assert search(story).missing == []
    assert story.store.types(session_id)[-1] == "Ended"


def test_a_target_that_left_the_catalogue_is_searched_while_a_session_has_it() -> None:
    story = Story()
    session_id = story.granted(resource=LEDGER).session_id
    story.issuer.held.clear()
    assert search(story, TARGETS[SANDBOX]).missing == [session_id]


def test_a_target_that_does_not_answer_is_told_and_hides_no_other() -> None:
    story = Story()
    over = story.granted().session_id
    story.end(over)
    story.issuer.down = True
    found = search(story, *TARGETS.values())
    assert set(found.unreached) == {target.arn for target in TARGETS.values()}


def test_a_leftover_that_does_not_go_is_told() -> None:
    story = Story()
    over = story.granted().session_id
    story.end(over)
    story.issuer.left = {over}

    def stuck(*_: object) -> None:
        message = "it owns something"
        raise IssuerUnavailable(message)

    story.issuer.clear_traces = stuck
    assert search(story) == Search(unreached=[over])


def test_each_target_has_its_turn_however_little_time_there_is() -> None:
    story, looked_at = Story(), set()
    for _ in range(200):
        found = search(story, *TARGETS.values(), looks=1)
        assert len(found.postponed) == len(TARGETS) - 1
        looked_at |= {target.arn for target in TARGETS.values()} - set(found.postponed)
    assert looked_at == {target.arn for target in TARGETS.values()}


def test_a_target_for_which_no_time_is_left_is_postponed_and_not_asked() -> None:
    story = Story()
    story.end(over := story.granted().session_id)
    story.issuer.left = {over}
    story.issuer.down = True
    assert search(story, looks=0) == Search(postponed=[DATABASE.arn])


def test_what_must_still_stand_or_is_due_only_now_is_let_be() -> None:
    story = Story()
    revoked = story.granted().session_id
    story.lease(revoked)
    session = story.revoke(revoked)
    story.store.sessions[revoked] = replace(session, traces_until=story.now + timedelta(minutes=9))
    story.issuer.left = {revoked}
    story.later(minutes=19, milliseconds=-1)
    assert search(story) == Search()
    story.later(milliseconds=1)
    assert search(story).removed == [revoked]


@pytest.mark.parametrize("after", [False, True], ids=["asked", "answered"])
def test_wherever_a_search_dies_what_it_removed_is_told_and_on_record(*, after: bool) -> None:
    step, went_on = 0, True
    while went_on:
        step += 1
        story, fuse, told = Story(), Fuse(), list[str]()
        over = story.granted().session_id
        story.end(over)
        story.issuer.left = {over}
        issuer, store = story.issuer, story.store

        def look(story: Story = story, told: list[str] = told) -> None:
            search_targets(
                [DATABASE],
                now=story.now,
                store=story.store,
                issuers=story.issuers,
                tell=told.append,
            )

        story.issuer, story.store = Dying(issuer, fuse), Dying(store, fuse)  # type: ignore[assignment]
        fuse.arm(step, after=after)
        with suppress(Died):
            look()
        went_on = fuse.dead
        story.issuer, story.store = issuer, store
        look()
        assert not issuer.left
        assert "removed" in told, step
        drifts = [each for each in store.records(over) if each["type"] == "Drift"]
        assert len(drifts) == 1, step
    assert step > 4


def test_what_cannot_be_put_on_record_is_removed_and_told_all_the_same() -> None:
    story, told = Story(), list[str]()
    over, lost = story.granted().session_id, story.granted().session_id
    story.end(over)
    story.issuer.left = {over}
    story.issuer.held.discard(lost)
    story.store.save = _refused  # type: ignore[assignment,method-assign]
    found = search_targets(
        [DATABASE], now=story.now, store=story.store, issuers=story.issuers, tell=told.append
    )
    assert sorted(told) == ["missing", "removed"]
    assert (found.missing, found.removed, found.unreached) == ([lost], [over], [over])
    assert not story.issuer.left


def _refused(*_: object) -> None:
    raise StaleSession
