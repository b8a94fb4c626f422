"""Somebody with rights at Identity Center, or on PAM's notes, who wants a session to go on.

They change the deny, the policy, the assignment, or what PAM knows of them. Within a minute the end
stands as it was, and somebody is told; and what a peer's tool does from a stale look gives nobody
access that a session does not explain, unseen.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from local.identity_center.directory import PERMISSION_SET, user_id_of
from pam.domain.errors import ForeignAccess
from pam.domain.session import Session
from pam.identity_center.denies import covers
from tests.identity_center.scene import TARGET, Centre, session_of

pytestmark = [pytest.mark.guarantee("G4"), pytest.mark.guarantee("G5")]
ALLOW = {"Sid": "More", "Effect": "Allow", "Action": "*", "Resource": "*"}
Act = Callable[[Centre, Session], object]


def statements(centre: Centre) -> list[dict[str, Any]]:
    return list(json.loads(centre.policy)["Statement"])


def write(centre: Centre, wanted: list[dict[str, Any]] | None, *, provision: bool = True) -> None:
    centre.service.act("write_policy", statements=wanted, provision=provision)


def own(centre: Centre, session: Session) -> dict[str, Any]:
    return next(it for it in statements(centre) if it["Sid"] == f"Pam{session.session_id}")


def changed(centre: Centre, session: Session, change: Callable[[dict[str, Any]], None]) -> None:
    wanted = statements(centre)
    change(next(it for it in wanted if it["Sid"] == f"Pam{session.session_id}"))
    write(centre, wanted)


def takes_the_policy_away(centre: Centre, session: Session) -> None:
    write(centre, None)


def takes_the_deny_out(centre: Centre, session: Session) -> None:
    write(centre, [it for it in statements(centre) if it["Sid"] != f"Pam{session.session_id}"])


def moves_the_end(centre: Centre, session: Session) -> None:
    later = {"aws:CurrentTime": "2036-01-01T00:00:00Z"}
    changed(centre, session, lambda it: it["Condition"].update(DateGreaterThanEquals=later))


def names_another_user(centre: Centre, session: Session) -> None:
    def change(it: dict[str, Any]) -> None:
        it["Condition"]["StringEquals"]["identitystore:userId"] = user_id_of("bob")

    changed(centre, session, change)


def narrows_it_before_its_time(centre: Centre, session: Session) -> None:
    """As it would be if the assignment were gone, so that new tokens are let in."""

    def change(it: dict[str, Any]) -> None:
        del it["Condition"]["DateGreaterThanEquals"]
        it["Condition"]["DateLessThan"] = {"aws:TokenIssueTime": "2026-03-01T12:00:00Z"}

    changed(centre, session, change)


def adds_a_condition(centre: Centre, session: Session) -> None:
    changed(centre, session, lambda it: it["Condition"].update(Bool={"aws:ViaAWSService": "true"}))


def denies_less(centre: Centre, session: Session) -> None:
    changed(centre, session, lambda it: it.update(Action="iam:*"))


def allows_instead(centre: Centre, session: Session) -> None:
    changed(centre, session, lambda it: it.update(Effect="Allow"))


def writes_beside_it_and_over_it(centre: Centre, session: Session) -> None:
    write(centre, [ALLOW])


def plays_a_trick_with_what_is_provisioned(centre: Centre, session: Session) -> None:
    """The account is given a policy without the deny; then the text is put back as it was."""
    text = centre.policy
    takes_the_deny_out(centre, session)
    centre.service.directory.permission_sets[PERMISSION_SET].inline_policy = text


TACTICS: tuple[Act, ...] = (
    takes_the_policy_away,
    takes_the_deny_out,
    moves_the_end,
    names_another_user,
    narrows_it_before_its_time,
    adds_a_condition,
    denies_less,
    allows_instead,
    writes_beside_it_and_over_it,
    plays_a_trick_with_what_is_provisioned,
)


@pytest.fixture
def centre() -> Centre:
    centre = Centre()
    centre.active(session_of("dave", 7, minutes=200))
    return centre


def stands(centre: Centre, session: Session) -> bool:
    deny = centre.known.deny_of(session.session_id)
    return deny is not None and covers(centre.provisioned, deny)


@pytest.mark.parametrize("tactic", TACTICS, ids=lambda tactic: tactic.__name__)
def test_the_deny_of_a_live_session_is_written_again_within_the_minute_and_told(
    centre: Centre, tactic: Act
) -> None:
    session = centre.active(session_of("alice"))
    assert stands(centre, session)
    tactic(centre, session)
    assert not stands(centre, session)
    assert session.session_id in centre.search()
    assert stands(centre, session)
    assert centre.search() == [], "once"


@pytest.mark.parametrize("tactic", TACTICS, ids=lambda tactic: tactic.__name__)
@pytest.mark.parametrize("early", [True, False])
def test_nothing_that_was_changed_in_the_last_minute_keeps_an_end_from_being_true(
    centre: Centre, tactic: Act, early: bool
) -> None:
    session = centre.active(session_of("alice"))
    live = centre.sign_in("alice")
    if not early and session.expires_at:
        centre.time.later(seconds=(session.expires_at - centre.now).total_seconds() - 5)
        tactic(centre, session)
        centre.time.later(seconds=5)
    else:
        tactic(centre, session)
    centre.end(session)
    centre.search()
    assert centre.refuses(live)
    assert not centre.is_assigned("alice")


@pytest.mark.parametrize("tactic", TACTICS, ids=lambda tactic: tactic.__name__)
def test_the_deny_of_an_ended_session_is_written_again_as_well(centre: Centre, tactic: Act) -> None:
    session = centre.active(session_of("alice"))
    live = centre.sign_in("alice")
    centre.end(session)
    tactic(centre, session)
    centre.search()
    assert centre.refuses(live)
    assert stands(centre, session)


def test_a_deny_that_nobody_ordered_keeps_nobody_out_for_long(centre: Centre) -> None:
    session = centre.active(session_of("alice"))
    live = centre.sign_in("alice")
    forged = own(centre, session)
    forged["Sid"] = "Pam01KJMMA2QTK86RTHW1HE5CBKTX"
    forged["Condition"]["DateGreaterThanEquals"] = {"aws:CurrentTime": "2020-01-01T00:00:00Z"}
    write(centre, [*statements(centre), forged])
    assert centre.refuses(live)
    assert centre.search() == [], "no end is in doubt"
    assert not centre.refuses(live)


def test_what_kept_the_person_out_before_is_not_put_back(centre: Centre) -> None:
    first = centre.active(session_of("alice"))
    before = statements(centre)
    centre.expire(first)
    centre.active(session_of("alice", 2))
    live = centre.sign_in("alice")
    write(
        centre,
        [*statements(centre), *(it for it in before if it["Sid"].endswith(first.session_id))],
    )
    assert centre.refuses(live)
    centre.search()
    assert not centre.refuses(live)


def test_an_assignment_that_somebody_adds_again_is_denied_told_and_left(centre: Centre) -> None:
    """A peer's tool read the assignments before the end, and wrote what it had read."""
    session = centre.active(session_of("alice"))
    read = {it.principal.id for it in centre.service.directory.assignments if not it.gone_at}
    centre.end(session)
    assert user_id_of("alice") in read
    centre.service.act("assign", user="alice")
    assert centre.refuses(centre.sign_in("alice")), "for the hour after the end"
    (told,) = centre.target().strangers(TARGET, centre.now)
    assert user_id_of("alice") in told
    centre.search()
    assert centre.is_assigned("alice"), "it is not PAM's: a person decides"
    assert not centre.refuses(centre.sign_in("dave"))


def test_an_assignment_that_is_added_again_while_it_ends_is_taken_again(centre: Centre) -> None:
    session = centre.active(session_of("alice"))
    call = centre.service.call
    added: list[object] = []

    def peer(service: str, operation: str, params: Any) -> Any:
        answer = call(service, operation, params)
        if operation == "ListAccountAssignments" and not centre.is_assigned("alice") and not added:
            added.append(centre.service.act("assign", user="alice"))
        return answer

    centre.service.call = peer  # type: ignore[method-assign]
    centre.end(session)
    assert added
    assert not centre.is_assigned("alice")


def test_a_peer_that_takes_the_assignment_away_ends_nothing_that_pam_has_to_end(
    centre: Centre,
) -> None:
    """It falls through to revoking when it cannot read: the person loses access, and PAM says so;
    the session still has its end, and its proof.
    """
    session = centre.active(session_of("alice"))
    live = centre.sign_in("alice")
    centre.service.act("unassign", user="alice")
    assert not centre.target().stands(session), "told as missing by the search"
    centre.end(session)
    assert centre.refuses(live)


def test_a_peer_that_takes_all_assignments_away_keeps_no_start_waiting(centre: Centre) -> None:
    """The account has no role of the set then, though PAM's notes say who has it."""
    first = centre.active(session_of("alice"))
    for person in ("alice", "dave"):
        centre.service.act("unassign", user=person)
    centre.make(session_of("bob", 3), tries=2)
    assert not centre.refuses(centre.sign_in("bob"))
    centre.end(first)


def test_a_start_after_somebody_wrote_into_the_policy_waits_for_a_person(centre: Centre) -> None:
    write(centre, [*statements(centre), ALLOW])
    with pytest.raises(ForeignAccess, match="More"):
        centre.target().make(session_of("alice"), centre.now)
    assert not centre.is_assigned("alice")
    told = centre.target().strangers(TARGET, centre.now)
    assert any("More" in each for each in told)


@pytest.mark.parametrize("name", ["SET#", "SESSION#"])
def test_notes_that_are_taken_away_hold_up_no_end(centre: Centre, name: str) -> None:
    session = centre.active(session_of("alice"))
    live = centre.sign_in("alice")
    for key in [key for key in centre.table.items if key.startswith(name)]:
        del centre.table.items[key]
    centre.time.later(minutes=1)
    centre.end(session)
    assert centre.refuses(live)
    assert not centre.is_assigned("alice")


def test_a_note_with_a_later_end_ends_no_later(centre: Centre) -> None:
    """Who may write PAM's notes moves the end there: the end goes by the session, and writes."""
    session = centre.active(session_of("alice"))
    live = centre.sign_in("alice")
    known = centre.known

    def later(it: Any) -> Any:
        denies = tuple(replace(each, end=each.end + timedelta(days=9)) for each in it.denies)
        return replace(it, denies=denies)

    assert known.denies
    centre.notes.change_set(PERMISSION_SET, later)
    centre.search()
    centre.expire(session)
    assert centre.refuses(live)
