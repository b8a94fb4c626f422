"""When a held lease is given out again, and what a holder remembers: by numbers alone."""

import pytest

from cli import reuse
from cli.holder.memory import FIRST_WORD, MOST, Memory
from tests.cli.fake_api import lease

MINUTES = 60.0


@pytest.mark.parametrize(
    ("length", "left", "session_left", "fresh"),
    [
        # half an hour of a long session: a next one from fifteen minutes on, as SDKs ask for it
        (30, 29, 119, True),
        (30, 16, 106, True),
        (30, 14, 104, False),
        (30, 1, 91, False),
        # no other would live longer: to the very end
        (30, 14, 14, True),
        (10, 9, 9, True),
        (10, 3, 3, True),
        (10, 0.2, 0.2, True),
        # another would add so little that it waits
        (30, 14, 20, True),
        (30, 14, 25, False),
        # an API whose leases are short: two a length, not one a call
        (10, 6, 60, True),
        (10, 4, 60, False),
        # too old for anything
        (30, 0.05, 0.05, False),
        (30, 0, 60, False),
        (30, -1, -1, False),
    ],
)
def test_it_is_reused_while_another_would_not_give_clearly_more(
    length: float, left: float, session_left: float, fresh: bool
) -> None:
    now = 1_000_000.0
    ends = now + left * MINUTES
    held = {
        "taken": ends - length * MINUTES,
        "ends": ends,
        "session_ends": now + session_left * MINUTES,
    }
    assert reuse.is_fresh(held, now=now) is fresh


@pytest.mark.parametrize(("ago", "seen"), [(0, True), (60, True), (61, False), (-5, False)])
def test_pams_word_is_good_for_a_minute(ago: float, seen: bool) -> None:
    assert reuse.is_seen({"seen": 1000.0 - ago}, now=1000.0) is seen


@pytest.mark.parametrize("ends", [None, "soon", "2026-11-20T01:35:00.000Z"])
def test_a_lease_without_an_end_or_past_it_is_not_held(ends: object) -> None:
    now = reuse.epoch("2026-11-20T01:35:00.000Z")
    assert now is not None
    assert reuse.entry(lease(expires_at=ends), session_ends=None, now=now) is None


def test_nothing_is_held_for_more_than_an_hour() -> None:
    held = reuse.entry(lease(), session_ends=None, now=1000.0)
    assert held is not None
    assert held["ends"] == 1000.0 + reuse.LONGEST


CHANGES = {
    "AWS_PROFILE": "other",
    "AWS_ACCESS_KEY_ID": "AKIAOTHER",
    "AWS_SESSION_TOKEN": "other",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_CONFIG_FILE": "/nowhere",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/x",
    "PAM_ENV": "other",
    "PAM_API_URL": "https://other.example",
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_caller_or_another_pam_is_another_key(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = reuse.key(profile="own", asked={"id": "x"})
    assert before == reuse.key(profile="own", asked={"id": "x"})
    monkeypatch.setenv(name, CHANGES[name])
    assert reuse.key(profile="own", asked={"id": "x"}) != before


@pytest.mark.parametrize(
    ("profile", "asked"),
    [
        ("other", {"id": "x"}),
        (None, {"id": "x"}),
        ("own", {"id": "y"}),
        ("own", {"id": "x", "env": "y"}),
    ],
)
def test_another_profile_or_session_is_another_key(
    profile: str | None, asked: dict[str, str | None]
) -> None:
    assert reuse.key(profile=profile, asked=asked) != reuse.key(profile="own", asked={"id": "x"})


def test_a_holder_forgets_what_is_over_and_ends_with_the_last() -> None:
    memory = Memory(began=0.0)
    assert memory.left(1.0) == FIRST_WORD - 1
    memory.answer({"act": "put", "key": "a", "entry": {"ends": 100.0}}, now=1.0)
    memory.answer({"act": "put", "key": "b", "entry": {"ends": 50.0}}, now=1.0)
    assert memory.left(2.0) == 48.0
    assert memory.answer({"act": "get", "key": "b"}, now=50.0) == {"entry": None}
    assert memory.answer({"act": "status"}, now=50.0) == {"held": 1, "until": 100.0}
    assert memory.left(100.0) <= 0


def test_a_holder_that_gets_no_lease_does_not_stay() -> None:
    assert Memory(began=0.0).left(FIRST_WORD) <= 0


def test_a_holder_has_room_for_so_many_and_drops_what_ends_first() -> None:
    memory = Memory(began=0.0)
    for number in range(MOST + 1):
        entry = {"ends": 1000.0 + number}
        memory.answer({"act": "put", "key": str(number), "entry": entry}, now=1.0)
    assert len(memory.entries) == MOST
    assert "0" not in memory.entries


@pytest.mark.parametrize(
    "asked",
    [{}, {"act": "put", "key": "a"}, {"act": "put", "key": 1, "entry": {"ends": 9.0}}]
    + [{"act": "put", "key": "a", "entry": {"ends": ends}} for ends in (0, True, "9", None, 1.0)],
)
def test_what_is_no_lease_is_not_held(asked: dict[str, object]) -> None:
    memory = Memory(began=0.0)
    assert memory.answer(asked, now=1.0) == {"error": "not understood"}
    assert not memory.entries


def test_a_session_that_is_given_back_takes_its_leases_along() -> None:
    memory = Memory(began=0.0)
    for key, session in (("a", "S"), ("b", "T"), ("c", "S")):
        entry = {"ends": 100.0, "lease": {"session_id": session}}
        memory.answer({"act": "put", "key": key, "entry": entry}, now=1.0)
    memory.answer({"act": "end", "session": "S"}, now=1.0)
    assert list(memory.entries) == ["b"]
