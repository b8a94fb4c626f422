"""The people that load tests, races and benches act as."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import pytest
import yaml

from local import crowd
from local.cast import Cast, Person
from local.crowd import Crowd

ROOT = Path(__file__).resolve().parent.parent.parent
LISTED = {
    entry["user"]: (entry["domain"], entry["groups"])
    for entry in yaml.safe_load((ROOT / "local" / "identities.yaml").read_text())["identities"]
    if "user" in entry
}
OF_THE_INTERFACE = {
    "alice", "dave", "bob", "carol", "erin", "kim", "kate", "kurt", "sam", "ada",
}  # fmt: skip


def people() -> list[Person]:
    return crowd.engineers(Cast(Path("nowhere")))


def test_they_are_listed_with_the_rights_that_they_need_and_no_others() -> None:
    engineers = dict.fromkeys(crowd.ENGINEERS, ("bank-core", ["bank-core-engineers"]))
    approvers = dict.fromkeys(crowd.APPROVERS, ("bank-core", ["bank-core-approvers"]))
    wanted = engineers | approvers
    assert {name: of for name, of in LISTED.items() if name.startswith("load")} == wanted


def test_nobody_of_them_is_one_of_the_people_whom_callers_know() -> None:
    assert not {*crowd.ENGINEERS, *crowd.APPROVERS} & OF_THE_INTERFACE
    assert LISTED.keys() >= OF_THE_INTERFACE


def test_nobody_has_more_sessions_at_once_than_they_may() -> None:
    turns, lock, has, most = Crowd(people()), Lock(), Counter[str](), Counter[str]()

    def live(_: int) -> None:
        with turns.turn() as person:
            with lock:
                has[person.name] += 1
                most[person.name] = max(most[person.name], has[person.name])
            with lock:
                has[person.name] -= 1

    with ThreadPoolExecutor(50) as pool:
        assert len(list(pool.map(live, range(2000)))) == 2000
    assert set(most) == set(crowd.ENGINEERS)
    assert max(most.values()) <= crowd.SESSIONS_EACH


def test_fifty_sessions_may_be_open_at_once_and_are_spread_evenly() -> None:
    turns = Crowd(people())
    has = Counter(turns.take().name for _ in range(50))
    assert set(has) == set(crowd.ENGINEERS)
    assert max(has.values()) == crowd.SESSIONS_EACH
    assert min(has.values()) == crowd.SESSIONS_EACH - 1


def test_whose_session_fails_can_be_asked_again() -> None:
    turns = Crowd(people()[:1])
    with pytest.raises(ValueError, match="it failed"), turns.turn():
        raise ValueError("it failed")  # noqa: TRY003 - a test's own
    assert turns._turns.qsize() == crowd.SESSIONS_EACH
