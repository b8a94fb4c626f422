"""No act asks more of AWS than is written down, with a reason for each call."""

from collections.abc import Callable, Iterable, Mapping
from string import ascii_lowercase

import pytest

from documents.aws_calls import ACTS, Act, Call
from local.bench.in_process import LEDGER, Deployed
from local.bench.memory_tables import SLACK, TABLES
from local.bench.rim import Seen

Shown = tuple[str, str, str]
_SHORT = {TABLES.grants: "grants", TABLES.blocks: "blocks"}
_SHORT |= {SLACK: "slack"}
_SHORT |= {TABLES.delivered: "delivered", TABLES.unsealed: "unsealed"}


def _shown(seen: Iterable[Seen]) -> list[Shown]:
    """As the page has them: function, call, beside what."""
    letters: dict[int, str] = {}
    found = []
    for each in seen:
        marks = [
            f"{letters.setdefault(group, ascii_lowercase[len(letters)])}{way}"
            for group, way in each.beside
        ]
        tables = "+".join(_SHORT.get(table, table) for table in each.on.split("+"))
        found.append((each.function, f"{each.call} {tables}".strip(), ".".join(marks)))
    return found


def _written(calls: Iterable[Call]) -> list[Shown]:
    return [(call.function, call.call, call.beside) for call in calls]


def _acts(pam: Deployed) -> Mapping[str, list[Seen]]:
    """Every act once, with the calls that it made."""
    found: dict[str, list[Seen]] = {}

    def act(name: str, do: Callable[[], object]) -> None:
        before = len(pam.rim.seen)
        do()
        found[name] = pam.rim.seen[before:]

    opened: list[str] = []
    act("request", lambda: opened.append(pam.request()))
    session_id = opened[0]
    act("the workflow after a request", lambda: pam.admit(session_id))
    act("inbox", lambda: pam.get("/pam/inbox", "bob"))
    act("vote", lambda: pam.approve("bob", session_id))
    act("last vote", lambda: pam.approve("carol", session_id))
    in_slack = pam.request("dave")
    pam.admit(in_slack)
    act("vote in Slack", lambda: pam.approve_in_slack("bob", in_slack))
    pam.end(in_slack, "dave")
    act("activation", lambda: pam.activate(session_id))
    act("lease", lambda: pam.lease(session_id))
    act("check", lambda: pam.get("/pam/check", "alice", resource=LEDGER))
    act("show, or one poll", lambda: pam.of_session("", session_id, "alice"))
    act("list of a page", lambda: pam.get("/pam/sessions", "ada"))
    act("audit of a session", lambda: pam.of_session("/audit", session_id, "ada"))
    act("tick with nothing due", pam.tick)
    act("search for the blocked, each minute", pam.search_blocked)
    act("revoke", lambda: pam.revoke(session_id))
    given_back, asked, timed = pam.granted(), pam.waiting(), pam.granted("dave")
    pam.lease(given_back)
    act("end", lambda: pam.end(given_back))
    act("withdraw", lambda: pam.end(asked))
    pam.later(minutes=50)
    pam.lease(timed, "dave")
    pam.later(minutes=10, seconds=1)
    act("end by the clock", lambda: pam.end_due(timed))
    pam.later(hours=-1, seconds=-1)
    return found


@pytest.fixture
def made(deployed: Deployed) -> tuple[Mapping[str, list[Seen]], Mapping[str, list[Seen]]]:
    """By processes that have just started, and by the same when they are warm."""
    return _acts(deployed), _acts(deployed)


def test_each_act_makes_the_calls_that_are_written_down_and_no_other(
    made: tuple[Mapping[str, list[Seen]], Mapping[str, list[Seen]]],
) -> None:
    first, warm = made
    assert set(warm) == set(ACTS)
    for name, act in ACTS.items():
        assert _shown(warm[name]) == _written(act.warm), name
        known = _written(act.calls)
        assert [each for each in _shown(first[name]) if each not in known] == [], name
    made_once = {(name, each) for name, act in ACTS.items() for each in _written(act.calls)}
    seen_once = {(name, each) for name, seen in first.items() for each in _shown(seen)}
    # A process that has noted somebody's office by one act does not with the next.
    offices = {(n, _written([c])[0]) for n, a in ACTS.items() for c in a.calls if c.first}
    assert made_once - offices <= seen_once


def test_how_many_calls_go_one_after_the_other_is_reckoned_from_their_marks() -> None:
    def act(*marks: str) -> Act:
        return Act("nobody", [Call("f", "c", "because", mark) for mark in marks])

    assert act("", "", "").in_turn == 3
    assert act("a1", "a2", "").in_turn == 2
    assert act("a1", "a2.b1", "a2.b2", "a2", "").in_turn == 3
    assert act("a1", "a1", "a1", "a2").in_turn == 3
