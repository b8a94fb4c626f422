"""Whatever a borrower does: the end comes, and nothing of the session works afterwards."""

import os
from itertools import cycle

import psycopg
import pytest

from pam.domain.lifecycle import Status
from tests.adversary.databases.foe import ENDERS, LEDGER, REPORTS, Foe, Scene
from tests.adversary.databases.tactics import TACTICS, Tactic
from tests.postgres.bank import is_let_in

CLOSED = {
    "operator": Status.REVOKED,
    "requester": Status.ENDED,
    "clock": Status.EXPIRED,
    "tick": Status.EXPIRED,
    "block": Status.REVOKED,
}
EVERY_WAY = os.environ.get("PAM_ADVERSARY") == "every-way"
"""Each tactic against each who ends; else each tactic against one of them, in turn."""


def cases() -> list[object]:
    pairs = [(tactic, resource) for tactic in TACTICS for resource in tactic.on]
    turn = cycle(ENDERS)
    found = [
        (tactic, resource, ender)
        for tactic, resource in pairs
        for ender in (ENDERS if EVERY_WAY else [next(turn)])
    ]
    return [
        pytest.param(*case, id=f"{case[0].name} ({case[1]}, ended by the {case[2]})")
        for case in found
    ]


@pytest.mark.guarantee("G5")
@pytest.mark.guarantee("G14")
@pytest.mark.parametrize(("tactic", "resource", "ender"), cases())
def test_no_borrower_outlasts_the_end(
    scene: Scene, tactic: Tactic, resource: str, ender: str
) -> None:
    before = settings_of(scene)
    session, foe = scene.borrowed(resource)
    tactic.try_it(foe)
    closed = scene.ended_by(ender, session.session_id)
    assert closed.status is CLOSED[ender]
    assert closed.ending is not None
    assert closed.ending.method == "login-refused"
    foe.holds_nothing()
    scene.goes_on_beside()
    told = [r for r in scene.store.trails[session.session_id] if r["type"] == "Drift"]
    for part in tactic.left:
        assert any(part in each["detail"] for each in told), (part, closed.ending.evidence)
        assert part in closed.ending.evidence
    assert_nobody_profits(scene, foe, tactic)
    foe.gives_up()
    scene.belts(session.session_id)
    assert_nobody_profits(scene, foe, tactic)
    if resource == REPORTS:
        assert settings_of(scene) == before, "what the borrower set meets the next"
        assert_the_next_is_served(scene)
    else:
        assert foe.lease.username not in scene.bank.roles()


@pytest.mark.parametrize("ender", ENDERS)
@pytest.mark.parametrize("resource", [LEDGER, REPORTS])
def test_whoever_ends_it(scene: Scene, resource: str, ender: str) -> None:
    (tactic,) = (each for each in TACTICS if each.name == "takes the row again for ever")
    session, foe = scene.borrowed(resource)
    tactic.try_it(foe)
    foe.connect()
    assert scene.ended_by(ender, session.session_id).status is CLOSED[ender]
    foe.holds_nothing()
    scene.goes_on_beside()


def settings_of(scene: Scene) -> list[object]:
    with scene.bank.server.superuser() as connection:
        return connection.execute(
            "SELECT setdatabase, setconfig FROM pg_db_role_setting"
            " WHERE setrole = 'reports'::regrole ORDER BY 1"
        ).fetchall()


def assert_nobody_profits(scene: Scene, foe: Foe, tactic: Tactic) -> None:
    """As somebody who may enter the database, and nothing else there."""
    for statement in tactic.abuse:
        with scene.bank.server.superuser(foe.lease.dbname) as connection:
            connection.execute("CREATE ROLE intern NOLOGIN")
            try:
                connection.execute("SET ROLE intern")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)  # type: ignore[call-overload]
            finally:
                connection.execute("RESET ROLE")
                connection.execute("DROP ROLE intern")


def assert_the_next_is_served(scene: Scene) -> None:
    session, foe = scene.borrowed(REPORTS, "dave")
    assert is_let_in(foe.lease)
    foe.connect("SELECT 1")
    scene.end(session.session_id, "dave")
    foe.holds_nothing()
