"""A permission set that two deployments lend: the second one finds the denies of the first, which
look like its own, and leaves them.
"""

from collections.abc import Callable

import pytest

from local.identity_center.directory import PERMISSION_SET
from pam.domain.errors import ForeignAccess
from tests.identity_center.scene import TARGET, Centre, session_of

ALICE, BOB = session_of("alice"), session_of("bob", 2)


def beside(centre: Centre) -> Centre:
    """Another deployment, at the same Identity Center."""
    other = Centre(time=centre.time)
    other.service, other.clients = centre.service, centre.clients
    return other


@pytest.fixture
def centre() -> Centre:
    return Centre()


def live(centre: Centre) -> None:
    centre.active(ALICE)


def over(centre: Centre) -> None:
    centre.end(centre.active(ALICE))
    centre.active(session_of("carol", 3))


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("of_the_first", [live, over])
def test_the_second_leaves_what_ends_the_sessions_of_the_first(
    centre: Centre, of_the_first: Callable[[Centre], None]
) -> None:
    of_the_first(centre)
    before, other = centre.policy, beside(centre)
    with pytest.raises(ForeignAccess, match="not this deployment's"):
        other.make(BOB)
    assert centre.policy == before
    assert not centre.is_assigned("bob")
    assert centre.search() == []


def test_both_tell_of_it_where_they_look_every_minute(centre: Centre) -> None:
    live(centre)
    other = beside(centre)
    told = other.target().strangers(TARGET, other.now)
    assert any("not this deployment's" in each for each in told)
    assert centre.target().strangers(TARGET, centre.now) == []


def test_what_this_deployment_left_there_is_its_own(centre: Centre) -> None:
    """Also once nothing is noted of it any more: it stands until the next write."""
    centre.active(session_of("carol", 9, minutes=240))
    centre.end(centre.active(ALICE))
    centre.time.later(minutes=62)
    centre.search()
    assert centre.known.deny_of(ALICE.session_id) is None
    assert ALICE.session_id in {each.session_id for each in centre.statements}
    assert all("deployment" not in it for it in centre.target().strangers(TARGET, centre.now))
    centre.active(BOB)
    assert ALICE.session_id not in {each.session_id for each in centre.statements}


def test_a_set_of_which_an_earlier_version_kept_less_is_lent(centre: Centre) -> None:
    live(centre)
    kept = centre.notes.permission_set(PERMISSION_SET)
    assert kept.said
    text = kept.as_text().replace(f',"said":["{kept.said[0]}"]', "")
    assert "said" not in text
    assert type(kept).of_text(text).has_said("whatever")
