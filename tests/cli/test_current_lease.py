"""A lease is followed by the next in good time, and by no more of them than are of use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Thread, Timer

import pytest

from cli import current_lease
from cli.current_lease import CurrentLease, Over
from cli.lease import AwsLease
from cli.problems import ApiProblem, Failure
from pam.domain import timestamps

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Lender:
    """An API that lends for `length`, and never past the session's end; and a clock."""

    length: timedelta = 30 * MINUTE
    session: timedelta | None = 4 * HOUR
    now: datetime = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
    leases: list[AwsLease] = field(default_factory=list)
    refusal: Failure | None = None
    told: list[str] = field(default_factory=list)
    before_it_answers: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        self.ends = None if self.session is None else self.now + self.session
        self.current = CurrentLease(
            self.take(),
            self.take,
            ends=self.ends,
            tell=self.told.append,
            now=lambda: self.now,
        )

    def take(self) -> AwsLease:
        self.before_it_answers()
        if self.refusal:
            raise self.refusal
        end = self.now + self.length
        lease = AwsLease(
            access_key_id=f"ASIA{len(self.leases)}",
            secret_access_key="s",
            session_token="t",
            region="eu-west-1",
            session_id="01JD8XGZ6Q3M4V5N6P7R8S9T0A",
            expires_at=timestamps.render(min(end, self.ends) if self.ends else end),
        )
        self.leases.append(lease)
        return lease

    def passes(self, length: timedelta) -> None:
        self.now += length

    def asked(self) -> str:
        """The key that is handed out now, which works now by the end that SDKs are told."""
        lease = self.current.get()
        end = timestamps.whole_second_at_or_before(timestamps.parse(lease.expires_at))
        assert timestamps.parse(end) > self.now
        return lease.access_key_id


@pytest.fixture(autouse=True)
def patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, what is answered at once is there in time."""
    monkeypatch.setattr(current_lease, "PATIENCE", 20.0)


@pytest.fixture
def quickly(patiently: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_lease, "PATIENCE", 0.05)


def gone(code: str = "CONFLICT") -> ApiProblem:
    return ApiProblem(code=code, detail="the session is ENDED", status=409)


def test_a_lease_that_is_fresh_is_handed_out_again_and_again() -> None:
    lender = Lender()
    lender.passes(15 * MINUTE)
    assert {lender.asked() for _ in range(100)} == {"ASIA0"}
    assert len(lender.leases) == 1


def test_near_its_end_the_next_one_is_taken_once() -> None:
    lender = Lender()
    lender.passes(21 * MINUTE)
    assert [lender.asked() for _ in range(3)] == ["ASIA1"] * 3
    assert len(lender.leases) == 2


@pytest.mark.parametrize("seconds", [10, 60, 300, 600, 1800])
def test_a_session_that_one_lease_covers_costs_one_lease_and_fails_only_at_its_end(
    seconds: int,
) -> None:
    lender = Lender(session=timedelta(seconds=seconds))
    for _ in range(seconds):
        assert lender.asked() == "ASIA0"
        lender.passes(timedelta(seconds=1))
    with pytest.raises(Over, match="is over; ask for another"):
        lender.current.get()
    assert len(lender.leases) == 1


@pytest.mark.parametrize("left", [999, 500, 1])
def test_in_the_last_second_it_is_said_that_it_is_over_and_not_handed_out(left: int) -> None:
    """Python's SDK says of such a lease that it is still expired, and nothing of why."""
    lender = Lender(session=timedelta(seconds=60, milliseconds=700))
    lender.passes(timedelta(seconds=60, milliseconds=700 - left))
    with pytest.raises(Over, match="is over; ask for another"):
        lender.current.get()


def test_whoever_asks_each_second_for_four_hours_gets_twelve_leases_and_never_an_old_one() -> None:
    lender = Lender()
    for _ in range(4 * 3600):
        lender.asked()
        lender.passes(timedelta(seconds=1))
    with pytest.raises(Over):
        lender.current.get()
    # One each 20 minutes: ten minutes before the end of the one before.
    assert len(lender.leases) == 12


def test_short_leases_are_followed_at_half_their_length() -> None:
    lender = Lender(length=2 * MINUTE, session=HOUR)
    for _ in range(3599):
        lender.asked()
        lender.passes(timedelta(seconds=1))
    assert len(lender.leases) <= 60


@pytest.mark.usefixtures("quickly")
def test_after_a_long_silence_the_next_request_waits_for_a_new_lease() -> None:
    lender, answer = Lender(), Event()
    lender.before_it_answers = lambda: answer.wait(10)
    lender.passes(2 * HOUR)
    Timer(4 * current_lease.PATIENCE, answer.set).start()
    assert lender.asked() == "ASIA1"


def test_all_who_ask_at_once_share_one_renewal() -> None:
    lender, answer = Lender(), Event()
    lender.before_it_answers = lambda: answer.wait(10)
    lender.passes(29 * MINUTE + timedelta(seconds=30))
    got: list[str] = []
    threads = [Thread(target=lambda: got.append(lender.asked())) for _ in range(20)]
    for thread in threads:
        thread.start()
    answer.set()
    for thread in threads:
        thread.join(10)
    assert got == ["ASIA1"] * 20
    assert len(lender.leases) == 2


@pytest.mark.usefixtures("quickly")
def test_a_slow_api_keeps_nobody_waiting_while_the_old_lease_is_good() -> None:
    lender, answer = Lender(), Event()
    lender.before_it_answers = lambda: answer.wait(10)
    lender.passes(25 * MINUTE)
    assert lender.asked() == "ASIA0"
    renewal = lender.current._renewal
    assert renewal is not None
    answer.set()
    assert renewal.wait(10)
    assert lender.asked() == "ASIA1"


def test_a_failure_is_told_once_and_the_old_lease_serves_until_its_end() -> None:
    lender = Lender()
    lender.refusal = Failure("the API does not answer", transient=True)
    for minutes in (21, 4, 4):
        lender.passes(minutes * MINUTE)
        assert lender.asked() == "ASIA0"
    (told,) = lender.told
    assert told.startswith("no new lease yet: the API does not answer; the one in use is good")
    lender.passes(2 * MINUTE)
    with pytest.raises(Failure, match="the API does not answer") as raised:
        lender.current.get()
    assert not isinstance(raised.value, Over)
    lender.refusal = None
    lender.passes(2 * MINUTE)
    assert lender.asked() == "ASIA1"


def test_an_api_that_fails_is_not_asked_at_each_call() -> None:
    lender = Lender()
    asked: list[int] = []
    lender.before_it_answers = lambda: asked.append(1)
    lender.refusal = Failure("no", transient=True, retry_after=30)
    lender.passes(21 * MINUTE)
    for _ in range(50):
        lender.asked()
    assert len(asked) == 1
    lender.passes(timedelta(seconds=29))
    lender.asked()
    assert len(asked) == 1
    lender.passes(timedelta(seconds=1))
    lender.asked()
    assert len(asked) == 2


@pytest.mark.parametrize("code", ["CONFLICT", "NOT_FOUND", "BLOCKED"])
def test_a_session_that_was_ended_gives_nothing_more_although_the_lease_has_time(code: str) -> None:
    lender = Lender()
    lender.refusal = gone(code)
    lender.passes(21 * MINUTE)
    for _ in range(3):
        with pytest.raises(Over, match=r"is over: .*the session is ENDED"):
            lender.current.get()
    assert len(lender.told) == 1
    assert lender.current.ended_early


def test_a_refusal_of_the_caller_leaves_the_lease_that_they_have() -> None:
    lender = Lender()
    lender.refusal = gone("ExpiredTokenException")
    lender.passes(21 * MINUTE)
    assert lender.asked() == "ASIA0"
    assert not lender.current.ended_early


def test_a_fault_of_our_own_is_told_and_not_swallowed() -> None:
    lender = Lender()

    def breaks() -> None:
        raise KeyError("kind")

    lender.before_it_answers = breaks
    lender.passes(21 * MINUTE)
    assert lender.asked() == "ASIA0"
    assert "KeyError" in lender.told[0]


def test_where_nobody_says_the_end_a_lease_that_is_no_longer_than_the_last_is_it() -> None:
    lender = Lender(session=None)
    lender.passes(21 * MINUTE)
    lender.length = 9 * MINUTE
    for _ in range(9 * 60 - 1):
        lender.asked()
        lender.passes(timedelta(seconds=1))
    assert len(lender.leases) == 2


def test_a_clock_that_is_ahead_makes_no_lease_a_call() -> None:
    lender = Lender(length=timedelta(seconds=-5), session=HOUR)
    lender.passes(timedelta(seconds=1))
    for _ in range(20):
        with pytest.raises(Failure, match="no new one yet"):
            lender.current.get()
    assert len(lender.leases) == 2


def test_a_lease_that_says_not_when_it_ends_is_not_taken() -> None:
    lender = Lender()
    lease = lender.leases[0]
    endless = AwsLease(
        **{name: getattr(lease, name) for name in AwsLease.__slots__ if name != "expires_at"},
        expires_at="",
    )
    with pytest.raises(Failure, match="says not when it ends"):
        CurrentLease(endless, lender.take, ends=None, tell=lender.told.append)
