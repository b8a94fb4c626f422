"""Of the targets at vendors each is searched every minute that somebody may have access at."""

from dataclasses import replace
from datetime import datetime
from threading import Event

import pytest

from pam import wiring
from pam.domain.resource import Target
from pam.kinds.one_per_person import OnePerPerson
from pam.operations import search_targets
from pam.operations.search_standing import search_standing
from tests.fakes.story import COMPILED
from tests.vendors.directory import Directory
from tests.vendors.story import VendorStory


def test_what_the_catalogue_lends_no_more_is_watched_while_a_session_has_it(
    story: VendorStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = story.active()
    monkeypatch.setattr(wiring, "compiled_policy", lambda: replace(COMPILED, resources=()))
    story.directory.undone = {session.session_id: story.now}
    story.directory.unexplained = ["mallory, by the group platform"]
    found = story.search()
    assert found.unreached == []
    assert found.undone == [session.session_id]
    assert len(found.strangers) == 1
    story.end(session.session_id)
    calls = len(story.directory.calls)
    assert story.search().unreached == [story.target.label]
    assert len(story.directory.calls) == calls


def test_a_target_that_takes_all_the_time_keeps_most_others_from_nothing(
    story: VendorStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if it is the first whose turn it is."""
    monkeypatch.setattr(search_targets.random, "shuffle", lambda _: None)
    names = story.target.names
    many = {
        f"resource-{number}": replace(story.target, names={**names, "number": str(number)})
        for number in range(9)
    }
    slow, others_done = many["resource-0"].label, Event()

    class Slow(Directory):
        def keep(self, target: Target, now: datetime) -> dict[str, datetime]:
            if target.label == slow:
                assert others_done.wait(timeout=10), "nobody else had a turn"
            return {}

        def strangers(self, target: Target, now: datetime) -> list[str]:
            del now
            self.tidied.append(target.label)
            if len(set(self.tidied)) >= 6:
                others_done.set()
            return []

    found = search_standing(
        many,
        now=story.now,
        store=story.store,
        issuers={story.kind: OnePerPerson(Slow(), story.checkouts)},
    )
    assert (found.unreached, found.postponed) == ([], [])
