"""A list of a time is a range of the key in each index: of the fake and of DynamoDB alike."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pam.domain.ids import opened_at
from pam.domain.lifecycle import Status
from pam.ports.sessions import SessionQuery, SessionStore
from tests.contract.both_stores import store
from tests.fakes.story import LEDGER, SANDBOX, Story

__all__ = ["store"]

MILLISECOND = timedelta(milliseconds=1)
QUERIES = {
    "all": SessionQuery(),
    "a person's": SessionQuery(requester_name="alice"),
    "a resource's": SessionQuery(resource=LEDGER),
    "a status": SessionQuery(status=Status.PENDING_APPROVAL),
    "a person's on a resource": SessionQuery(requester_name="alice", resource=LEDGER),
}
TIMES: list[tuple[int | None, int | None]] = [
    (1, 3), (2, None), (None, 1), (2, 2), (9, None), (None, -9),
]  # fmt: skip


@pytest.mark.parametrize("case", QUERIES)
def test_a_list_of_a_time_is_a_part_of_the_whole_list(
    story: Story, store: SessionStore, case: str
) -> None:
    for who, resource in [("alice", LEDGER), ("dave", LEDGER), ("alice", SANDBOX)] * 2:
        story.later(milliseconds=1)
        story.request(who, resource)
    whole = found(store, QUERIES[case])
    first = opened_at(found(store, SessionQuery())[-1])
    for since, until in TIMES:
        between = replace(QUERIES[case], since=at(first, since), until=at(first, until))
        places = {each: (opened_at(each) - first) // MILLISECOND for each in whole}
        assert found(store, between) == [
            each
            for each in whole
            if (since is None or since <= places[each]) and (until is None or places[each] <= until)
        ]
        one = replace(between, limit=1)
        assert walk(store, one) == found(store, between)


def found(store: SessionStore, query: SessionQuery) -> list[str]:
    return [session.session_id for session in store.find(query).sessions]


def walk(store: SessionStore, query: SessionQuery) -> list[str]:
    seen: list[str] = []
    after: str | None = None
    while True:
        page = store.find(replace(query, after=after))
        seen += [session.session_id for session in page.sessions]
        after = page.after
        if after is None:
            return seen


def at(first: datetime, places: int | None) -> datetime | None:
    return None if places is None else first + places * MILLISECOND
