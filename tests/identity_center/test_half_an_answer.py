"""What Identity Center answers may be half an answer, or one that never ends: it proves nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local.identity_center.directory import PERMISSION_SET, user_id_of
from pam.domain.errors import IssuerUnavailable, Unreached
from pam.domain.lifecycle import Status
from tests.identity_center.scene import TARGET, Centre, session_of

ALICE = session_of("alice")


@pytest.fixture
def centre() -> Centre:
    return Centre()


def answers(centre: Centre, operation: str, change: Callable[[Any], Any]) -> None:
    """From now on, whenever that is asked."""
    call = centre.service.call

    def changed(service: str, name: str, params: Any) -> Any:
        found = call(service, name, params)
        return change(found) if name == operation else found

    centre.service.call = changed  # type: ignore[method-assign, assignment]


@pytest.mark.guarantee("G4")
def test_a_list_that_is_not_in_the_answer_is_no_empty_list(centre: Centre) -> None:
    session = centre.active(ALICE)
    answers(centre, "ListAccountAssignments", lambda _: {})
    with pytest.raises(IssuerUnavailable, match="half"):
        centre.target().unmake(replace(session, status=Status.REVOKING), centre.now)
    with pytest.raises(IssuerUnavailable, match="half"):
        centre.target().standing_at(TARGET)


@pytest.mark.guarantee("G4")
def test_a_list_that_goes_on_where_it_was_is_no_list(centre: Centre) -> None:
    """An empty page is no end of a list, and neither is one that points to itself."""
    session = centre.active(ALICE)
    call = centre.service.call

    def again(service: str, name: str, params: Any) -> Any:
        asked = {key: value for key, value in params.items() if value != "again"}
        found = call(service, name, asked)
        return {**found, "NextToken": "again"} if name == "ListAccountAssignments" else found

    centre.service.call = again  # type: ignore[method-assign, assignment]
    with pytest.raises(IssuerUnavailable, match="goes on"):
        centre.target().unmake(replace(session, status=Status.REVOKING), centre.now)


@pytest.mark.guarantee("G5")
def test_a_user_id_in_another_spelling_is_lent_nothing(centre: Centre) -> None:
    """The deny compares letter by letter, and so does who looks whether somebody is assigned."""
    loud = user_id_of("alice").upper()
    assert loud != user_id_of("alice")
    centre.user_ids["alice"] = loud
    call = centre.service.call

    def any_case(service: str, name: str, params: Any) -> Any:
        as_kept = {key: user_id_of("alice") if it == loud else it for key, it in params.items()}
        return call(service, name, as_kept)

    centre.service.call = any_case  # type: ignore[method-assign, assignment]
    with pytest.raises(Unreached, match="otherwise"):
        centre.make(ALICE, tries=2)
    assert not centre.is_assigned("alice")


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("whose", ["the note's", "the deny's"])
def test_notes_that_name_another_user_end_nobody_elses_access(centre: Centre, whose: str) -> None:
    """Whoever may write PAM's table would have an end look at somebody who has nothing."""
    session = centre.active(ALICE)
    live = centre.sign_in("alice")
    other = user_id_of("bob")
    if whose == "the note's":
        centre.notes.note(session.session_id, user_id=other)
    else:

        def changed(known: Any) -> Any:
            (deny,) = known.denies
            return replace(known, denies=(replace(deny, user_id=other),))

        centre.notes.change_set(PERMISSION_SET, changed)
    with pytest.raises(IssuerUnavailable, match="two users"):
        centre.target().unmake(replace(session, status=Status.REVOKING), centre.now)
    assert not centre.is_assigned("alice")
    if whose == "the note's":
        assert centre.refuses(live)


def test_a_deny_that_waits_to_be_written_wider_is_not_said_to_be_gone(centre: Centre) -> None:
    """The person's next session is about to begin, while the minute's search looks."""
    centre.active(session_of("carol", 9, minutes=240))
    centre.end(centre.active(ALICE))
    centre.time.pause(2)
    centre.active(session_of("bob", 2))
    centre.time.pause(2)
    call, told = centre.service.call, list[str]()

    def first(service: str, name: str, params: Any) -> Any:
        if name == "PutInlinePolicyToPermissionSet" and not told:
            told.append("looked")
            told.extend(centre.target().keep(TARGET, centre.now))
        return call(service, name, params)

    centre.service.call = first  # type: ignore[method-assign, assignment]
    centre.active(session_of("alice", 3))
    assert told == ["looked"]
