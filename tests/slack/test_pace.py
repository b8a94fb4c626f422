"""How fast PAM writes to Slack: never more than so many calls in so long, and no slower."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pam.slack.pace import UPDATES, Pace, Taken, posts_to
from tests.fakes.story import NOON

PACE = Pace(key="calls", most=3, within=timedelta(seconds=10))


def test_the_first_calls_wait_for_nothing() -> None:
    assert PACE.wait((), NOON) == timedelta()
    assert PACE.wait((NOON, NOON), NOON) == timedelta()


def test_one_more_waits_until_the_first_is_forgotten() -> None:
    taken = (NOON, NOON + timedelta(seconds=1), NOON + timedelta(seconds=2))
    assert PACE.wait(taken, NOON + timedelta(seconds=3)) == timedelta(seconds=7)
    assert PACE.wait(taken, NOON + timedelta(seconds=10)) == timedelta()


def test_each_channel_has_its_own() -> None:
    assert posts_to("C1").key != posts_to("C2").key
    assert UPDATES.most == 50


@given(st.lists(st.floats(min_value=0, max_value=20), min_size=1, max_size=60))
def test_whoever_waits_as_told_is_never_too_fast_and_never_waits_longer(steps: list[float]) -> None:
    now, made = NOON, list[datetime]()
    taken: Taken = ()
    for step in steps:
        now += timedelta(seconds=step)
        wait = PACE.wait(taken, now)
        if wait:
            earlier = now + wait - timedelta(milliseconds=1)
            assert PACE.wait(taken, earlier)
        now += wait
        assert not PACE.wait(taken, now)
        taken = (*PACE.left_of(taken, now), now)
        made.append(now)
        assert len(taken) <= PACE.most
    for at in made:
        assert sum(at - PACE.within < each <= at for each in made) <= PACE.most
