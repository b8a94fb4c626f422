"""Reading what was written: late in both directions, stale, page by page, and in the log."""

from typing import Any
from urllib.parse import quote

import pytest

from local.okta.acts import Acts
from local.okta.service import Okta
from tests.local.okta.calling import (
    ALICE,
    FINN,
    GROUP,
    ISSUER,
    MEMBER,
    MEMBERS,
    ORGANISATION,
    SCOPES,
    Caller,
    Clock,
)

BY_GROUP, BY_USER = MEMBERS, f"/api/v1/users/{ALICE}/groups"


def sees(caller: Caller, path: str) -> bool:
    """Whether that listing shows alice in the group."""
    wanted = ALICE if path == BY_GROUP else GROUP
    return wanted in {it["id"] for it in caller.call("GET", path).content}


@pytest.mark.parametrize(
    ("listing", "late", "prompt"),
    [("listGroupUsers", BY_GROUP, BY_USER), ("listUserGroups", BY_USER, BY_GROUP)],
)
def test_a_listing_shows_a_change_late_in_both_directions_and_the_other_at_once(
    okta: Okta, clock: Clock, caller: Caller, listing: str, late: str, prompt: str
) -> None:
    okta.faults.turn({"lag": {listing: 8}})
    for method, then in (("PUT", True), ("DELETE", False)):
        caller.call(method, MEMBER)
        assert (sees(caller, late), sees(caller, prompt)) == (not then, then)
        clock.now += 7.9
        assert sees(caller, late) is not then
        clock.now += 0.2
        assert sees(caller, late) is then


def test_a_stale_read_comes_after_a_right_one_and_passes(okta: Okta, caller: Caller) -> None:
    """One listing that does not show somebody proves nothing."""
    caller.call("PUT", MEMBER)
    assert sees(caller, BY_GROUP)
    okta.faults.turn({"stale_reads": 2})
    assert [sees(caller, BY_GROUP) for _ in range(3)] == [False, False, True]


def test_what_is_written_twice_while_reads_lag_is_right_in_the_end(
    okta: Okta, clock: Clock, caller: Caller
) -> None:
    okta.faults.turn({"lag": {"listGroupUsers": 5}})
    caller.call("PUT", MEMBER)
    clock.now += 3
    caller.call("DELETE", MEMBER)
    clock.now += 3
    assert sees(caller, BY_GROUP)
    clock.now += 3
    assert not sees(caller, BY_GROUP)


def pages(caller: Caller, path: str) -> list[list[str]]:
    """By following `next` to its end."""
    found = []
    following: str | None = path
    while following is not None:
        got = caller.call("GET", following)
        assert got.status == 200
        found.append([it["id"] for it in got.content])
        nexts = [it for it in got.headers["Link"].split(", ") if it.endswith('rel="next"')]
        following = nexts[0][1:].partition(">")[0].removeprefix(ORGANISATION) if nexts else None
    return found


@pytest.mark.parametrize(
    ("query", "sizes"), [("", [5]), ("?limit=5", [5]), ("?limit=2", [2, 2, 1])]
)
def test_a_listing_goes_on_where_its_link_says(
    okta: Okta, caller: Caller, query: str, sizes: list[int]
) -> None:
    for number in range(1, 6):
        Acts(okta).add(f"load{number:02d}", GROUP)
    found = pages(caller, MEMBERS + query)
    assert [len(page) for page in found] == sizes
    assert len({it for page in found for it in page}) == 5


def test_pages_can_be_smaller_than_was_asked(okta: Okta, caller: Caller) -> None:
    for number in range(1, 6):
        Acts(okta).add(f"load{number:02d}", GROUP)
    okta.faults.turn({"page_size": 1})
    assert [len(page) for page in pages(caller, f"{MEMBERS}?limit=200")] == [1] * 5


@pytest.mark.parametrize("query", ["?limit=0", "?limit=abc", "?limit=1001", "?limit=2&after=x"])
def test_a_page_that_cannot_be_is_refused(caller: Caller, query: str) -> None:
    got = caller.call("GET", MEMBERS + query)
    assert (got.status, got.content["errorCode"]) == (400, "E0000001")


@pytest.fixture
def reader(okta: Okta) -> Caller:
    app = okta.directory.apps[ISSUER]
    app.scopes, app.permissions = (
        [*app.scopes, "okta.logs.read"],
        [*app.permissions, "okta.logs.read"],
    )
    return Caller(okta=okta).sign_in(f"{SCOPES} okta.logs.read")


def log(caller: Caller, said: str, **more: Any) -> list[tuple[str, str, str]]:
    """(type, who did it, to whom)."""
    query = "".join(f"&{name}={quote(str(value))}" for name, value in more.items())
    got = caller.call("GET", f"/api/v1/logs?filter={quote(said)}{query}")
    assert got.status == 200, got.body
    return [(it["eventType"], it["actor"]["id"], it["target"][0]["id"]) for it in got.content]


ADDED, REMOVED = "group.user_membership.add", "group.user_membership.remove"


def test_the_log_says_who_put_whom_in_and_took_them_out(okta: Okta, reader: Caller) -> None:
    reader.call("PUT", MEMBER)
    Acts(okta).add("finn", GROUP)
    reader.call("DELETE", MEMBER)
    of_group = f'(eventType eq "{ADDED}" or eventType eq "{REMOVED}") and target.id eq "{GROUP}"'
    assert log(reader, of_group) == [
        (ADDED, ISSUER, ALICE),
        (ADDED, "okta", FINN),
        (REMOVED, ISSUER, ALICE),
    ]
    assert log(reader, f'eventType eq "{ADDED}" and target.id eq "{FINN}"') == [
        (ADDED, "okta", FINN)
    ]
    assert log(reader, 'eventType eq "user.session.clear"') == []


def test_what_changes_nothing_is_not_in_the_log(okta: Okta, reader: Caller) -> None:
    reader.call("DELETE", MEMBER)
    reader.call("PUT", MEMBER)
    reader.call("PUT", MEMBER)
    assert log(reader, f'target.id eq "{ALICE}"') == [(ADDED, ISSUER, ALICE)]


def test_the_log_tells_late_and_of_the_time_that_was_asked_for(
    okta: Okta, clock: Clock, reader: Caller
) -> None:
    okta.faults.turn({"log_lag": 60})
    reader.call("PUT", MEMBER)
    mine = f'target.id eq "{ALICE}"'
    assert log(reader, mine) == []
    clock.now += 60
    assert len(log(reader, mine, since="2027-01-15T08:00:00Z")) == 1
    assert log(reader, mine, since="2027-01-15T08:00:01Z") == []
    assert log(reader, mine, until="2027-01-15T08:00:00Z") == []


@pytest.mark.parametrize(
    "said", ["eventType", 'eventType eq "a" and', '(eventType eq "a"', 'eventType ne "a"', "x y z"]
)
def test_a_filter_that_is_none_is_refused(reader: Caller, said: str) -> None:
    assert reader.call("GET", f"/api/v1/logs?filter={quote(said)}").status == 400
