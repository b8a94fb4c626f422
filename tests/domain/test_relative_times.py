"""A time in a notice: by the clock, and how far off."""

from datetime import datetime, timedelta

import pytest

from pam.domain.relative_times import shown

NOW = datetime.fromisoformat("2026-03-01T12:00:00.250+00:00")

SHOWN = {
    # from now -> as it is shown
    timedelta(hours=4): "16:00 UTC, in 4 h",
    timedelta(hours=3, minutes=59, seconds=58): "15:59 UTC, in 4 h",
    timedelta(hours=1, minutes=30): "13:30 UTC, in 1 h 30 min",
    timedelta(minutes=5): "12:05 UTC, in 5 min",
    timedelta(seconds=40): "12:00 UTC, in 1 min",
    timedelta(seconds=10): "12:00 UTC, now",
    timedelta(seconds=-29): "11:59 UTC, now",
    timedelta(minutes=-1): "11:59 UTC, 1 min ago",
    timedelta(hours=-25): "2026-02-28 11:00 UTC, 25 h ago",
    timedelta(hours=12): "2026-03-02 00:00 UTC, in 12 h",
    timedelta(hours=24): "2026-03-02 12:00 UTC, in 24 h",
    timedelta(days=2): "2026-03-03 12:00 UTC, in 2 d",
    timedelta(days=365, hours=5): "2027-03-01 17:00 UTC, in 365 d 5 h",
}


@pytest.mark.parametrize("apart", SHOWN, ids=str)
def test_a_time_is_shown_with_its_distance(apart: timedelta) -> None:
    assert shown(NOW + apart, NOW) == SHOWN[apart]


def test_a_time_of_another_zone_is_shown_in_utc() -> None:
    there = datetime.fromisoformat("2026-03-01T18:00:00.250+02:00")
    assert shown(there, NOW) == "16:00 UTC, in 4 h"
