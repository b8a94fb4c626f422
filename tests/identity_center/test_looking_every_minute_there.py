"""What the search of each minute asks Identity Center: of a permission set in an account, and not
of each who has it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local.identity_center.directory import PERMISSION_SET
from pam.domain.errors import IssuerUnavailable
from tests.identity_center.scene import TARGET, Centre, session_of

HAVE_IT = ("alice", "bob", "carol", "dave", "erin", "kim")


@pytest.fixture
def centre() -> Centre:
    return Centre()


@contextmanager
def counted(centre: Centre) -> Iterator[list[str]]:
    begin, found = len(centre.service.calls), list[str]()
    yield found
    found += [call.operation for call in centre.service.calls[begin:]]


def look(centre: Centre) -> list[str]:
    """As a minute's search does; the sessions that stand."""
    centre.search()
    centre.target().sessions_at(TARGET)
    standing = centre.target().standing_at(TARGET)
    assert centre.target().strangers(TARGET, centre.now) == []
    return standing


def test_the_calls_of_a_minute_do_not_grow_with_the_sessions(centre: Centre) -> None:
    seen = []
    for number, person in enumerate(HAVE_IT):
        centre.active(session_of(person, number))
        with counted(centre) as asked:
            assert len(look(centre)) == number + 1
        seen.append(asked)
    assert len(seen[0]) == 6
    assert seen == [seen[0]] * len(HAVE_IT)


def test_who_is_missing_is_found_among_the_others(centre: Centre) -> None:
    sessions = [centre.active(session_of(each, n)) for n, each in enumerate(HAVE_IT)]
    centre.service.act("unassign", user="bob")
    missing = {it.session_id for it in sessions} - set(centre.target().standing_at(TARGET))
    assert missing == {sessions[1].session_id}


def test_all_pages_of_the_list_are_looked_through(centre: Centre) -> None:
    centre.service.knobs.page_size = 1
    for number, person in enumerate(HAVE_IT):
        centre.active(session_of(person, number))
    assert len(centre.target().standing_at(TARGET)) == len(HAVE_IT)


def test_what_somebody_has_by_a_group_is_not_what_pam_made(centre: Centre) -> None:
    """It goes on when the session ends, so it is told: the group too, as a stranger."""
    centre.active(session_of("alice"))
    centre.service.act("create_group", name="payers")
    centre.service.act("add_member", group="payers", user="alice")
    centre.service.act("assign", group="payers")
    assert len(centre.target().standing_at(TARGET)) == 1
    centre.service.act("unassign", user="alice")
    assert centre.target().standing_at(TARGET) == []


def test_a_session_whose_end_is_noted_nowhere_is_told(centre: Centre) -> None:
    """Somebody took the deny out of PAM's own notes: the assignment alone is no session."""
    session = centre.active(session_of("alice"))
    assert centre.notes.change_set(PERMISSION_SET, lambda it: it.without({session.session_id}))
    assert centre.is_assigned("alice")
    assert centre.target().standing_at(TARGET) == []


def test_what_is_over_does_not_stand_whoever_assigns_it_again(centre: Centre) -> None:
    centre.end(centre.active(session_of("alice")))
    centre.service.act("assign", user="alice")
    assert centre.is_assigned("alice")
    assert centre.target().standing_at(TARGET) == []


def test_of_a_set_that_is_gone_nothing_stands_and_of_one_unanswered_nobody_says_so(
    centre: Centre,
) -> None:
    centre.active(session_of("alice"))
    centre.service.knobs.down = True
    with pytest.raises(IssuerUnavailable):
        centre.target().standing_at(TARGET)
    centre.service.knobs.down = False
    del centre.service.directory.permission_sets[PERMISSION_SET]
    assert centre.target().standing_at(TARGET) == []
