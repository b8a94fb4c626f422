"""What the bench of Slack makes of the clicks that it has seen."""

import pytest

from local.bench import slack_clicks
from local.bench.slack_clicks import Pressed

VOTED, LOST = Pressed(seconds=0.2, voted=True), Pressed(seconds=0.2, voted=False)
UNANSWERED = Pressed(seconds=None, voted=False)
VOTED_UNANSWERED = Pressed(seconds=None, voted=True)


@pytest.mark.parametrize(
    ("pressed", "lost"),
    [
        ([VOTED, VOTED], 0),
        ([VOTED, LOST], 1),
        ([VOTED, UNANSWERED, VOTED_UNANSWERED], 0),
        ([VOTED, LOST, LOST, UNANSWERED], 2),
    ],
)
def test_lost_is_what_was_acknowledged_and_is_no_vote(pressed: list[Pressed], lost: int) -> None:
    figure = slack_clicks.lost(pressed)
    assert figure.value == lost
    assert figure.met is (lost == 0)
    assert figure.reference_value == sum(it.seconds is not None for it in pressed)


def test_those_without_an_answer_are_told_with_how_many_are_votes_all_the_same() -> None:
    unheard = Pressed(seconds=None, voted=False, error="dispatch_failed")
    figure = slack_clicks.lost([VOTED, unheard, VOTED_UNANSWERED])
    told = "2 not acknowledged, dispatch_failed 1; 1 of them a vote all the same"
    assert figure.note == told


def test_what_was_never_acknowledged_was_not_in_time_however_fast_the_others_were() -> None:
    slow = Pressed(seconds=3.2, voted=True)
    over, slowest, cold = slack_clicks.in_time(
        {"alone": [VOTED, UNANSWERED], "cold": [slow, VOTED]}
    )
    assert (over.value, over.reference_value, over.met) == (2, 4, False)
    assert over.note == "alone: 1 of 2, cold: 1 of 2"
    assert (slowest.value, slowest.met) == (3.2, False)
    assert cold.value == 3.2


def test_none_over_the_time_is_what_the_bar_asks_for() -> None:
    over, *_ = slack_clicks.in_time({"alone": [VOTED], "cold": [VOTED]})
    assert over.met is True
