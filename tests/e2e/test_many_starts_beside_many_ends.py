"""Fifty starts beside fifty ends, all at once, of a permission set and of a group: what begins
keeps nobody's end waiting, and each is as it was asked for.
"""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from local.cast import Cast, Person, until
from pam.aws.table_keys import session_key
from pam.names import Parameter, parameter_path
from tests.e2e.in_directories import PAYMENTS, SUPPORT, Portal, asked
from tests.e2e.overdue import make_overdue

MANY = {PAYMENTS: 10, SUPPORT: 40}
"""Starts, and as many ends. A permission set has room for the denies of about 37 sessions, for an
hour after their end as well; fifty beside fifty at one Identity Center are tested with its code.
"""
AT_A_TIME = 10
"""So many are lent at once before it begins."""
PATIENCE = 240.0
TRIED_AGAIN = 5.0
"""Seconds after which an end that was not confirmed is tried again, instead of half a minute."""
GROUP = "core-support-admins"
SINCE = {"ACTIVE": "activated_at", "ENDED": "ended_at"}

Wishes = dict[Person, str]
"""Each person's resource."""


@pytest.fixture
def portal(cast: Cast) -> Iterator[Portal]:
    cast.okta.knobs(limits=True)
    yield Portal(cast=cast)
    cast.okta.knobs(limits=False)


@pytest.mark.guarantee("G5")
@pytest.mark.guarantee("G9")
def test_the_last_of_fifty_ends_does_not_wait_for_the_last_of_fifty_starts(
    cast: Cast, portal: Portal
) -> None:
    leaving, coming = colleagues(cast, "leaving"), colleagues(cast, "coming")
    given = ask(cast, leaving, at_a_time=AT_A_TIME)
    all_are(cast, given.values(), "ACTIVE")
    lives = [portal.live(who.name) for who in whose(PAYMENTS, leaving)]
    assert all(portal.works(live) for live in lives)

    with ThreadPoolExecutor() as pool:
        starts = pool.submit(ask, cast, coming)
        give_back(given)
    begun = starts.result()
    ended = all_are(cast, given.values(), "ENDED")
    active = all_are(cast, begun.values(), "ACTIVE")
    assert max(ended.values()) < max(active.values())

    there = {who: portal.live(who.name) for who in whose(PAYMENTS, coming)}
    assert not any(portal.works(live) for live in lives)
    assert all(portal.works(live) for live in there.values())
    assert portal.assigned() == {live.user_id for live in there.values()}
    assert {f"Pam{begun[who]}" for who in there} <= set(portal.sids())
    assert members(cast) == {who.name for who in whose(SUPPORT, coming)}
    assert "ServiceQuotaExceededException" not in {
        call["error"] for call in cast.identity_center.calls()
    }

    give_back(begun)
    all_are(cast, begun.values(), "ENDED")
    assert not any(portal.works(live) for live in there.values())
    assert (portal.assigned(), members(cast)) == (set(), set())


def colleagues(cast: Cast, named: str) -> Wishes:
    """So many new people, known to the directories."""
    found: Wishes = {}
    for resource, many in MANY.items():
        for _ in range(many):
            who = cast.colleague(f"{named}{len(found):02d}")
            if resource == PAYMENTS:
                cast.identity_center.call("create_user", name=who.name)
            else:
                cast.okta.call("create_user", login=f"{who.name}@bank.example")
            found[who] = resource
    return found


def whose(resource: str, wishes: Wishes) -> list[Person]:
    return [who for who, wished in wishes.items() if wished == resource]


def ask(cast: Cast, wishes: Wishes, *, at_a_time: int = sum(MANY.values())) -> dict[Person, str]:
    """Each person's session, with all its approvals."""
    with ThreadPoolExecutor(at_a_time) as pool:
        ids = pool.map(lambda who: asked(cast, who.name, wishes[who]), wishes)
        return dict(zip(wishes, ids, strict=True))


def give_back(sessions: dict[Person, str]) -> None:
    def give(who: Person) -> None:
        answer = who.post("/pam/end", {"session_id": sessions[who]})
        assert answer.status in {200, 202}, answer

    with ThreadPoolExecutor(len(sessions)) as pool:
        list(pool.map(give, sessions))


def all_are(cast: Cast, session_ids: Iterable[str], status: str) -> dict[str, datetime]:
    """Since when each is so. By the table itself: many who look all the time would keep the
    functions busy that they wait for.
    """
    wanted = list(session_ids)
    tried = [time.monotonic()]

    def found() -> dict[str, datetime] | None:
        there = documents(cast, wanted)
        again = [one for one, it in there.items() if it["status"]["S"] == "REVOKING"]
        if again and time.monotonic() - tried[0] > TRIED_AGAIN:
            for session_id in again:
                for since in ("ending.decided_at", "tried_at"):
                    make_overdue(cast, session_id, since)
            cast.tick()
            tried[0] = time.monotonic()
        if {it["status"]["S"] for it in there.values()} != {status}:
            return None
        return {
            one: datetime.fromisoformat(it["document"]["M"][SINCE[status]]["S"])
            for one, it in there.items()
        }

    return until(found, f"{len(wanted)} sessions to be {status}", PATIENCE)


def documents(cast: Cast, session_ids: list[str]) -> dict[str, Any]:
    """What the table has of each: its status and instants."""
    names = ("#status", *(f"document.{since}" for since in SINCE.values()))
    table = cast.parameter(parameter_path("local", Parameter.SESSION_STORE_TABLE_NAME))
    keys = {one: {k: {"S": v} for k, v in session_key(one).items()} for one in session_ids}
    wanted = {
        "Keys": list(keys.values()),
        "ConsistentRead": True,
        "ProjectionExpression": ", ".join(("pk", *names)),
        "ExpressionAttributeNames": {"#status": "status"},
    }
    answer = cast.person("root").client("dynamodb").batch_get_item(RequestItems={table: wanted})
    found = {item["pk"]["S"]: item for item in answer["Responses"][table]}
    return {one: found[key["pk"]["S"]] for one, key in keys.items()}


def members(cast: Cast) -> set[str]:
    return {login.partition("@")[0] for login in cast.okta.members(GROUP)}
