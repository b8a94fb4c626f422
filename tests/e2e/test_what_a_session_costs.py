"""What stands in docs/cost.json is what a session causes."""

from collections.abc import Callable, Iterator

import pytest

from deployment.counted import API, INDEX, TRANSITIONS, WRITE, Count, Session, of, read
from local.bridges.metering import metered
from local.cast import Cast
from local.cost.meter import Meter
from local.cost.sessions import Stage, count_session, resources
from local.state import State
from pam.domain.kinds import AWS_ROLE

TAKE_MANY_AT_ONCE = {"audit_session", "checkpoint_log", "paint_slack"}
COUNTED_AT_MOST = 3
"""Sessions. What other tests of this stack left to PAM may fall into a count: a call past the
gateway is told of minutes later, a deny goes after half an hour. It does not fall into each; what a
session causes does.
"""
EXACT = (API, TRANSITIONS, "kms:GenerateMac", "kms:VerifyMac", "events:PutEvents", "sns:Publish")


def test_a_session_causes_what_the_page_says(cast: Cast) -> None:
    stood, state = read(), State(cast.state_dir)
    # Whoever has a link costs its proof as well.
    for account in ("U0ALICE0001", "U0DAVE00001"):
        cast.person("sam").call("DELETE", f"/pam/links/slack:T0BANK00001%2F{account}")
    told, wrong = stood.sessions[AWS_ROLE], ["not counted"]
    with metered(state):
        meter = Meter(cast, state, idle=dict(stood.clock))
        for _ in range(COUNTED_AT_MOST):
            meter.quiet()
            counted = count_session(Stage(cast), meter, resources()[AWS_ROLE])
            wrong = list(unlike(counted, told))
            if not wrong:
                break
    assert wrong == []


def unlike(counted: Session, told: Session) -> Iterator[str]:
    """What is not as it is told."""

    def both(count: Callable[[Count, str], float], what: str) -> tuple[float, float]:
        return count(counted.count, what), count(told.count, what)

    if (counted.approvals, counted.leases) != (told.approvals, told.leases):
        yield f"{counted.approvals} approvals, {counted.leases} leases"
    for what in EXACT:
        found, stood = both(of, what)
        if found != stood:
            yield f"{what}: {found}, not {stood}"
    for what in (WRITE, INDEX):
        found, stood = both(steady, what)
        if found != pytest.approx(stood, rel=0.1):
            yield f"{what}: {found}, not about {stood}"
        found, stood = both(painted, what)
        if found > 1.5 * stood:
            yield f"{what} of cards: {found}, not about {stood}"
    found, stood = both(of, "s3:PutObject")
    if found != pytest.approx(stood, abs=5):
        yield f"s3:PutObject: {found}, not about {stood}"


def steady(count: Count, what: str) -> float:
    """Without those who carry, seal and paint: how many records or changes of a card they take at
    once is a matter of moments, and what others left to them may be among it.
    """
    some = {key: number for key, number in count.items() if key[0] not in TAKE_MANY_AT_ONCE}
    return of(some, what)


def painted(count: Count, what: str) -> float:
    return of({key: number for key, number in count.items() if key[0] == "paint_slack"}, what)
