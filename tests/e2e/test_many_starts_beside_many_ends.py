"""Fifty starts beside fifty ends at once, of a permission set and of a group: what begins keeps no
end waiting, and each is as it was asked for.
"""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.cast import Cast, Person, until
from pam.aws.table_keys import session_key
from pam.names import Parameter, parameter_path
from tests.e2e.in_directories import PAYMENTS, SUPPORT, Portal, asked
from tests.e2e.overdue import make_overdue

MANY = {PAYMENTS: 10, SUPPORT: 40}
"""Starts, and as many ends. A permission set has room for the denies of about 37 sessions, for an
hour after their end as well. Fifty beside fifty at one Identity Center, and that no end is over
later for it, are tested with its code, by a clock that no machine slows down.
"""
CALLS = 10
"""At a time, of whoever asks and of whoever gives back: more take this machine longer than an API
has to answer. What they set going goes on all at once.
"""
PATIENCE = 240.0
TRIED_AGAIN = 5.0
"""Seconds after which an end that was not confirmed is tried again, instead of half a minute."""
GROUP = "core-support-admins"

Wishes = dict[Person, str]
"""Each person's resource."""


@pytest.fixture
def portal(cast: Cast) -> Iterator[Portal]:
    cast.okta.knobs(limits=True)
    yield Portal(cast=cast)
    cast.okta.knobs(limits=False)


@pytest.mark.guarantee("G5")
@pytest.mark.guarantee("G9")
def test_fifty_are_let_in_and_fifty_are_out_who_asked_and_gave_back_at_the_same_time(
    cast: Cast, portal: Portal
) -> None:
    leaving, coming = colleagues(cast, "leaving"), colleagues(cast, "coming")
    given = ask(cast, leaving)
    all_are(cast, given.values(), "ACTIVE")
    lives = [portal.live(who.name) for who in whose(PAYMENTS, leaving)]
    assert all(portal.works(live) for live in lives)
    before = len(cast.identity_center.calls())

    with ThreadPoolExecutor() as pool:
        starts = pool.submit(ask, cast, coming)
        give_back(given)
    begun = starts.result()
    all_are(cast, given.values(), "ENDED")
    all_are(cast, begun.values(), "ACTIVE")

    there = {who: portal.live(who.name) for who in whose(PAYMENTS, coming)}
    assert not any(portal.works(live) for live in lives)
    assert all(portal.works(live) for live in there.values())
    people = {live.user_id for live in (*lives, *there.values())}
    assert portal.assigned() & people == {live.user_id for live in there.values()}
    assert {f"Pam{begun[who]}" for who in there} <= set(portal.sids())
    names = {who.name for who in (*leaving, *coming)}
    assert members(cast) & names == {who.name for who in whose(SUPPORT, coming)}
    errors = {call["error"] for call in cast.identity_center.calls(before)}
    assert "ServiceQuotaExceededException" not in errors

    give_back(begun)
    all_are(cast, begun.values(), "ENDED")
    assert not any(portal.works(live) for live in there.values())
    assert (portal.assigned() & people, members(cast) & names) == (set(), set())


def colleagues(cast: Cast, named: str) -> Wishes:
    """So many new people, known to the directories."""
    found: Wishes = {}
    for resource, many in MANY.items():
        for number in range(len(found), len(found) + many):
            who = cast.colleague(f"{named}{number:02d}")
            if resource == PAYMENTS:
                cast.identity_center.call("create_user", name=who.name)
            else:
                cast.okta.call("create_user", login=f"{who.name}@bank.example")
            found[who] = resource
    return found


def whose(resource: str, wishes: Wishes) -> list[Person]:
    return [who for who, wished in wishes.items() if wished == resource]


def ask(cast: Cast, wishes: Wishes) -> dict[Person, str]:
    """Each person's session, with all its approvals."""
    with ThreadPoolExecutor(CALLS) as pool:
        ids = pool.map(lambda who: asked(cast, who.name, wishes[who]), wishes)
        return dict(zip(wishes, ids, strict=True))


def give_back(sessions: dict[Person, str]) -> None:
    def give(who: Person) -> None:
        answer = who.post("/pam/end", {"session_id": sessions[who]})
        assert answer.status in {200, 202}, answer

    with ThreadPoolExecutor(CALLS) as pool:
        list(pool.map(give, sessions))


def all_are(cast: Cast, session_ids: Iterable[str], status: str) -> None:
    """Waits for it. By the table itself: many who look all the time would keep the functions busy
    that they wait for.
    """
    wanted = list(session_ids)
    tried = [time.monotonic()]

    def reached() -> bool | None:
        there = statuses(cast, wanted)
        again = [one for one, stands in there.items() if stands == "REVOKING"]
        if again and time.monotonic() - tried[0] > TRIED_AGAIN:
            for session_id in again:
                for since in ("ending.decided_at", "tried_at"):
                    make_overdue(cast, session_id, since)
            cast.tick()
            tried[0] = time.monotonic()
        return set(there.values()) == {status} or None

    until(reached, f"{len(wanted)} sessions to be {status}", PATIENCE)


def statuses(cast: Cast, session_ids: list[str]) -> dict[str, str]:
    table = cast.parameter(parameter_path("local", Parameter.SESSION_STORE_TABLE_NAME))
    keys = [{k: {"S": v} for k, v in session_key(one).items()} for one in session_ids]
    wanted = {"Keys": keys, "ConsistentRead": True}
    answer = cast.person("root").client("dynamodb").batch_get_item(RequestItems={table: wanted})
    return {
        item["document"]["M"]["session_id"]["S"]: item["status"]["S"]
        for item in answer["Responses"][table]
    }


def members(cast: Cast) -> set[str]:
    return {login.partition("@")[0] for login in cast.okta.members(GROUP)}
