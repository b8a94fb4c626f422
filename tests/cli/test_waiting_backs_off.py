"""How often `pam request --wait` and `pam show --watch` ask the API, by a clock that tests move."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from cli import clock as wall_clock
from cli import polling, watch
from cli.problems import ApiProblem, Failure
from cli.session import Session
from pam.domain import timestamps
from tests.cli.fake_api import active, approvals, session

BEGAN = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
HALF_AN_HOUR = 1800.0
AS_SHIPPED = {"SEEN_WITHIN": polling.SEEN_WITHIN, "LONGEST": polling.LONGEST}
Told = Callable[[float], "dict[str, Any] | Failure"]


@dataclass
class Waiting:
    """An API whose answer depends on the time alone, and the clock that its caller lives by."""

    told: Told
    now: float = 0.0
    asked: list[float] = field(default_factory=list)

    def get(self, path: str) -> dict[str, Any]:
        assert path.startswith("/pam/sessions/")
        self.asked.append(self.now)
        answer = self.told(self.now)
        if isinstance(answer, Failure):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.001)

    def until(self, ends: Callable[[Session, float], bool]) -> dict[str, Any]:
        return watch.watch(
            self,  # type: ignore[arg-type]
            watch.Watched(session_id="01JD8XGZ6Q3M4V5N6P7R8S9T0A"),
            view=lambda session, _: session.status,
            until=lambda session: ends(session, self.now),
            stderr=True,
        )

    def asked_between(self, since: float, until: float) -> int:
        return sum(since <= at < until for at in self.asked)

    @property
    def longest_pause(self) -> float:
        return max(later - earlier for earlier, later in pairwise(self.asked))


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Waiting]:
    def build(told: Told, *, chance: float = 0.0) -> Waiting:
        caller = Waiting(told)
        monkeypatch.setattr(watch, "TICK", 1.0)
        for name, value in AS_SHIPPED.items():
            monkeypatch.setattr(polling, name, value)
        monkeypatch.setattr(watch, "random", lambda: chance)
        monkeypatch.setattr(watch, "monotonic", lambda: caller.now)
        monkeypatch.setattr(watch, "sleep", caller.sleep)
        monkeypatch.setattr(wall_clock, "now", lambda: BEGAN + timedelta(seconds=caller.now))
        return caller

    return build


def after(seconds: float) -> Callable[[Session, float], bool]:
    return lambda _, now: now >= seconds


def pending(_: float = 0) -> dict[str, Any]:
    return session()


def test_half_an_hour_of_waiting_is_some_two_hundred_calls(
    waiting: Callable[..., Waiting],
) -> None:
    clock = waiting(pending)
    clock.until(after(HALF_AN_HOUR))
    assert 150 < clock.asked_between(0, HALF_AN_HOUR) < 250, "it was one every two seconds: 900"
    assert clock.asked_between(0, 10) == 10, "somebody may be about to vote"


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("voted_at", [4.3, 30.2, 119.5, 290.1])
def test_an_approval_in_the_first_minutes_is_seen_within_five_seconds(
    waiting: Callable[..., Waiting], voted_at: float, chance: float
) -> None:
    clock = waiting(lambda now: active() if now >= voted_at else session(), chance=chance)
    clock.until(lambda session, _: session.active)
    assert clock.now - voted_at <= 5


def test_an_approval_after_hours_is_seen_within_fifteen_seconds(
    waiting: Callable[..., Waiting],
) -> None:
    voted_at = 3 * 3600 + 0.1
    clock = waiting(lambda now: active() if now >= voted_at else session())
    clock.until(lambda session, _: session.active)
    assert clock.now - voted_at <= polling.LONGEST
    assert clock.longest_pause <= polling.LONGEST


NEWS: dict[str, dict[str, Any]] = {
    "another status": session(status="APPROVED"),
    "a first vote": session(approvals=approvals("approve")),
}


@pytest.mark.parametrize("news", NEWS)
def test_after_news_it_is_quick_again(waiting: Callable[..., Waiting], news: str) -> None:
    at = 1200.0
    clock = waiting(lambda now: NEWS[news] if now >= at else session())
    clock.until(after(at + 40))
    heard = next(each for each in clock.asked if each >= at)
    assert clock.asked_between(heard, heard + 5) == 5


def test_the_same_answer_is_no_news_whatever_else_moves_in_it(
    waiting: Callable[..., Waiting],
) -> None:
    clock = waiting(lambda now: session(tries=int(now), moved=now))
    clock.until(after(HALF_AN_HOUR))
    assert clock.asked_between(0, HALF_AN_HOUR) < 250


ENDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "a request that nobody answers": lambda at: session(approval_expires_at=at),
    "a session in its last second": lambda at: active(expires_at=at),
}


@pytest.mark.parametrize("chance", [0.0, 1.0])
@pytest.mark.parametrize("case", ENDS)
def test_the_instant_of_an_end_is_never_overslept(
    waiting: Callable[..., Waiting], case: str, chance: float
) -> None:
    ends_at = 1207.4
    document = ENDS[case](timestamps.render(BEGAN + timedelta(seconds=ends_at)))
    clock = waiting(lambda _: document, chance=chance)
    clock.until(after(ends_at + 8))
    looked = [at for at in clock.asked if at >= ends_at]
    assert looked[0] - ends_at < 0.01
    assert len(looked) >= 7, "and then it is looked at closely until it is over"


def refused(status: int, retry_after: float = 0) -> ApiProblem:
    return ApiProblem(code="x", detail="later", status=status, retry_after=retry_after)


def test_a_server_that_asks_to_be_left_alone_is(waiting: Callable[..., Waiting]) -> None:
    clock = waiting(lambda now: refused(429, 47) if 100 <= now < 140 else session())
    clock.until(after(200))
    first = next(at for at in clock.asked if at >= 100)
    assert clock.asked_between(first, first + 46.9) == 1
    assert clock.asked_between(first + 46.9, first + 50) >= 1


def test_a_server_that_asks_for_years_is_tried_again_after_minutes(
    waiting: Callable[..., Waiting],
) -> None:
    clock = waiting(lambda now: refused(503, 10.0**9) if now < 1 else session())
    clock.until(after(400))
    assert clock.asked[1] == polling.LONGEST_ASKED


def test_a_lost_network_is_ridden_out_and_noticed_soon_when_it_is_back(
    waiting: Callable[..., Waiting],
) -> None:
    lost = Failure("no connection", transient=True)
    clock = waiting(lambda now: lost if 1000 <= now < 1100 else session())
    clock.until(after(1110))
    assert clock.asked_between(1100, 1106) >= 1


def test_a_network_that_stays_away_ends_the_wait(waiting: Callable[..., Waiting]) -> None:
    clock = waiting(lambda now: Failure("gone", transient=True) if now >= 60 else session())
    with pytest.raises(Failure, match="gone"):
        clock.until(after(9999))
    assert 60 + watch.PATIENCE < clock.now < 60 + watch.PATIENCE + 10


def test_what_will_not_pass_ends_the_wait_at_once(waiting: Callable[..., Waiting]) -> None:
    clock = waiting(lambda _: refused(404))
    with pytest.raises(ApiProblem):
        clock.until(after(9999))
    assert clock.asked == [0.0]


def test_those_who_wait_at_once_do_not_ask_at_once(waiting: Callable[..., Waiting]) -> None:
    waiting(pending)
    pauses = {polling.pause(1000, chance=chance / 10) for chance in range(11)}
    assert len(pauses) == 11
    assert min(pauses) == pytest.approx(12)
    assert max(pauses) == polling.LONGEST, "chance only ever shortens a pause"


@pytest.mark.parametrize("seconds", [60, HALF_AN_HOUR, 3600])
def test_looks_are_counted_as_they_are_made(
    waiting: Callable[..., Waiting], monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    clock = waiting(pending, chance=0.5)
    monkeypatch.setattr(watch, "TICK", 60)  # nothing is drawn between two looks
    clock.until(after(seconds))
    assert clock.asked_between(0, seconds) == polling.looks(seconds)
