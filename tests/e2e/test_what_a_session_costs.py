"""What stands in docs/cost.json is what a session causes."""

import pytest

from deployment.counted import API, INDEX, TRANSITIONS, WRITE, Count, of, read
from local.bridges.metering import metered
from local.cast import Cast
from local.cost.meter import Meter
from local.cost.sessions import Stage, count_session, resources
from local.state import State
from pam.domain.kinds import AWS_ROLE

TAKE_MANY_AT_ONCE = {"audit_session", "checkpoint_log", "paint_slack"}
EXACT = (API, TRANSITIONS, "kms:GenerateMac", "kms:VerifyMac", "events:PutEvents", "sns:Publish")


def test_a_session_causes_what_the_page_says(cast: Cast) -> None:
    stood, state = read(), State(cast.state_dir)
    # Whoever has a link costs its proof as well.
    for account in ("U0ALICE0001", "U0DAVE00001"):
        cast.person("sam").call("DELETE", f"/pam/links/slack:T0BANK00001%2F{account}")
    with metered(state):
        meter = Meter(cast, state, idle=dict(stood.clock))
        meter.quiet()
        counted = count_session(Stage(cast), meter, resources()[AWS_ROLE])
    told = stood.sessions[AWS_ROLE]
    assert (counted.approvals, counted.leases) == (told.approvals, told.leases)
    for what in EXACT:
        assert of(counted.count, what) == of(told.count, what), what
    for what in (WRITE, INDEX):
        assert steady(counted.count, what) == pytest.approx(steady(told.count, what), rel=0.1), what
        assert painted(counted.count, what) <= 1.5 * painted(told.count, what), what
    objects = "s3:PutObject"
    assert of(counted.count, objects) == pytest.approx(of(told.count, objects), abs=5)


def steady(count: Count, what: str) -> float:
    """Without those who carry, seal and paint: how many records or changes of a card they take at
    once is a matter of moments, and what others left to them may be among it.
    """
    some = {key: number for key, number in count.items() if key[0] not in TAKE_MANY_AT_ONCE}
    return of(some, what)


def painted(count: Count, what: str) -> float:
    return of({key: number for key, number in count.items() if key[0] == "paint_slack"}, what)
