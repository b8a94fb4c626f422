"""What a person hears of a session's end while their command runs."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from cli.reminders import Reminders, tell

NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)


class Watch:
    """Looks each second for as long as the session lasts, and a minute more."""

    def __init__(self, length: timedelta) -> None:
        self.now = NOW
        self.told: list[str] = []
        self.reminders = Reminders(
            "core-ledger-admin", NOW + length, tell=self.told.append, now=lambda: self.now
        )

    def passes(self, length: timedelta) -> list[str]:
        before = len(self.told)
        for _ in range(int(length.total_seconds())):
            self.now += timedelta(seconds=1)
            if line := self.reminders.line():
                self.told.append(line)
        return self.told[before:]


@pytest.fixture(autouse=True)
def in_utc() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as here:
        here.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


FIVE = "core-ledger-admin ends in 5 minutes, at {} UTC"
ONE = "core-ledger-admin ends in 1 minute, at {} UTC"
OVER = "core-ledger-admin is over: what was lent is refused now; your command still runs"


@pytest.mark.parametrize(
    ("length", "lines"),
    [
        (timedelta(minutes=30), [FIVE, ONE, OVER]),
        (timedelta(minutes=5), [ONE, OVER]),
        (timedelta(minutes=4), [ONE, OVER]),
        (timedelta(seconds=60), [OVER]),
        (timedelta(seconds=10), [OVER]),
        (timedelta(0), []),
    ],
)
def test_five_minutes_one_minute_and_the_end_are_told_if_they_lie_ahead(
    length: timedelta, lines: list[str]
) -> None:
    at = f"{NOW + length:%H:%M:%S}"
    said = Watch(length).passes(length + timedelta(minutes=1))
    assert said == [line.format(at) for line in lines]


def test_each_is_told_when_it_is_due() -> None:
    watch = Watch(timedelta(minutes=30))
    assert watch.passes(timedelta(minutes=25, seconds=-1)) == []
    assert len(watch.passes(timedelta(seconds=1))) == 1
    assert watch.passes(timedelta(minutes=4, seconds=-1)) == []
    assert len(watch.passes(timedelta(seconds=1))) == 1


def test_a_laptop_that_slept_says_the_last_only() -> None:
    watch = Watch(timedelta(minutes=30))
    watch.now += timedelta(hours=8)
    assert watch.reminders.line() == OVER
    assert watch.reminders.line() == ""


def test_it_looks_at_the_clock_every_ten_seconds_and_in_time() -> None:
    watch = Watch(timedelta(minutes=30))
    assert watch.reminders.pause() == 10.0
    watch.now += timedelta(minutes=24, seconds=57)
    assert watch.reminders.pause() == 3.0


def test_while_it_is_entered_it_tells_by_itself() -> None:
    told: list[str] = []
    heard, now, moment = Event(), [NOW], timedelta(seconds=0.05)

    def hear(line: str) -> None:
        told.append(line)
        heard.set()

    with Reminders("x", NOW + moment, tell=hear, now=lambda: now[0]):
        now[0] += moment
        assert heard.wait(10)
    assert told == [OVER.replace("core-ledger-admin", "x")]


def test_an_end_that_comes_with_the_commands_own_is_told_all_the_same() -> None:
    watch = Watch(timedelta(minutes=30))
    with watch.reminders:
        watch.now += timedelta(minutes=30)
    assert watch.told == [OVER]


def test_a_session_that_was_ended_early_is_not_said_to_end_later() -> None:
    told: list[str] = []
    ends = NOW + timedelta(seconds=0.05)
    reminders = Reminders("x", ends, ended_early=lambda: True, tell=told.append, now=lambda: NOW)
    reminders._run()
    assert told == []


def test_a_line_cannot_drive_the_terminal_and_a_closed_one_breaks_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell("x\x1b[31m\r\ny")
    assert capsys.readouterr().err == "pam: x\\x1b[31m\\r\\ny\n"
    monkeypatch.setattr("sys.stderr", None)
    tell("nobody hears this")
