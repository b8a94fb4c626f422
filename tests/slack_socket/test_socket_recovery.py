"""How long a connection may be missing, and when the next is tried; by a clock of the test's."""

import pytest

from slack_socket.recovery import Recovery
from slack_socket.timing import Timing

TIMING = Timing()


def recovery(chance: float = 0.5) -> Recovery:
    return Recovery(TIMING, now=100.0, chance=lambda: chance)


def test_at_first_it_is_tried_for_a_minute_and_a_half() -> None:
    it = recovery()
    it.failed()
    assert not it.is_hopeless(190.0)
    assert it.is_hopeless(190.1)


def test_later_a_connection_may_be_missing_for_two_pings() -> None:
    it = recovery()
    it.alive(200.0)
    assert not it.is_hopeless(206.0)
    assert it.is_hopeless(206.1)


def test_from_its_end_on_there_are_two_pings_for_the_next() -> None:
    it = recovery()
    it.alive(200.0)
    it.missing(205.0)
    assert not it.is_hopeless(211.0)
    it.failed()
    assert it.is_hopeless(211.1)


def test_what_is_open_and_says_nothing_is_hopeless_even_at_first() -> None:
    it = recovery()
    it.opened(110.0)
    assert not it.is_hopeless(116.0)
    assert it.is_hopeless(116.1)


def test_what_ended_before_its_hello_is_tried_again_and_what_spoke_is_watched_anew() -> None:
    it = recovery()
    it.opened(110.0)
    it.failed()
    assert not it.is_hopeless(120.0)
    it.opened(120.0)
    it.alive(125.0)
    assert not it.is_hopeless(131.0)


def test_while_slack_says_wait_it_waits_and_never_past_the_bound() -> None:
    it = recovery()
    it.alive(200.0)
    it.told_to_wait(201.0, 30.0)
    assert not it.is_hopeless(237.0)
    assert it.is_hopeless(237.1)
    it.told_to_wait(230.0, 3600.0)
    it.missing(289.0)
    it.crowded(289.0)
    assert not it.is_hopeless(290.0)
    assert it.is_hopeless(290.1)


def test_pauses_double_up_to_the_longest() -> None:
    it = recovery(chance=1.0)
    assert it.pause() == 0.0
    pauses = [it.failed() for _ in range(8)]
    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_those_whom_one_fault_hit_do_not_come_back_as_one() -> None:
    early, late = recovery(chance=0.0), recovery(chance=1.0)
    assert (early.failed(), late.failed()) == (0.125, 0.25)
    assert (early.crowded(100.0), late.crowded(100.0)) == (2.5, 7.5)


def test_where_there_are_too_many_it_stands_back_longer_each_time() -> None:
    it = recovery()
    assert [it.crowded(101.0) for _ in range(4)] == [5.0, 10.0, 20.0, 20.0]
    it.alive(150.0)
    assert it.crowded(151.0) == 5.0


@pytest.mark.parametrize(
    ("lived", "told", "pauses"),
    [
        (0.5, False, [0.0, 0.0]),
        (0.4, True, [0.25, 0.25]),
        (0.4, False, [0.25, 0.5]),
    ],
)
def test_the_next_opening_waits_only_after_a_connection_that_did_not_last(
    *, lived: float, told: bool, pauses: list[float]
) -> None:
    it = recovery(chance=1.0)
    found = []
    for _ in range(2):
        it.lived(lived, told_to_leave=told)
        found.append(it.pause())
    assert found == pauses


def test_the_bound_of_the_process_is_what_the_page_says() -> None:
    leaving = TIMING.tick + TIMING.leave_within + TIMING.goodbye_within
    assert TIMING.silence + leaving < 10
    assert TIMING.start_within + leaving < 95
    assert TIMING.leave_within > TIMING.answer_within
    # Slack waits for three seconds from its own sending.
    assert TIMING.answer_within < 3 - 0.3
