"""An assignment may find a role with a policy of before: the end is armed all the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local.identity_center.directory import PermissionSet
from pam.identity_center.denies import covers
from tests.identity_center.scene import Centre, session_of

ALICE = session_of("alice")


def unlisted(centre: Centre) -> None:
    """Somebody else's assignment made the role a moment ago, and no list shows it yet."""
    centre.service.knobs.listing_lag = 6.0
    centre.service.act("assign", user="bob")


def without_it(centre: Centre) -> None:
    """To assign a set does not bring its newest inline policy along."""
    provisioning: Any = centre.service._acts._provisioning
    give = provisioning.give

    def given(account: str, wanted: PermissionSet) -> None:
        there = (account, wanted.arn) in centre.service.directory.provisioned
        give(account, wanted if there else replace(wanted, inline_policy=None))

    provisioning.give = given


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("of_before", [unlisted, without_it])
def test_no_session_begins_in_a_role_that_does_not_have_its_end(
    of_before: Callable[[Centre], None],
) -> None:
    centre = Centre()
    of_before(centre)
    session = centre.active(ALICE)
    deny = centre.known.deny_of(session.session_id)
    assert deny is not None
    assert covers(centre.provisioned, deny)
    live = centre.sign_in("alice")
    assert session.expires_at is not None
    centre.time.later(seconds=(session.expires_at - centre.now).total_seconds())
    assert centre.refuses(live)
