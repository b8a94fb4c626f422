"""Ends of sessions of a group of Okta while Okta is down: what is stuck, and when it is over."""

from collections.abc import Iterator

import pytest

from local.cast import Cast, Person
from local.okta.control import OktaControl
from tests.e2e.in_directories import SUPPORT, lent
from tests.e2e.overdue import closed, is_stuck, once_stuck


@pytest.fixture
def okta(cast: Cast) -> Iterator[OktaControl]:
    yield cast.okta
    cast.okta.forget()


@pytest.mark.guarantee("G4")
@pytest.mark.guarantee("G6")
def test_while_okta_is_down_an_end_is_tried_and_listed_as_stuck_and_is_over_after(
    cast: Cast, okta: OktaControl, alice: Person, sam: Person
) -> None:
    session_id = lent(cast, "alice", SUPPORT)["session_id"]
    okta.knobs(down=True)
    alice.post("/pam/end", {"session_id": session_id})
    alice.wait_for(session_id, "REVOKING")
    once_stuck(cast, sam, session_id)
    assert session_id in cast.pam("sam", "list", "--stuck").stdout
    okta.knobs(down=False)
    closed(cast, alice, session_id, "ENDED")
    assert "alice@bank.example" not in okta.members(SUPPORT)
    assert not is_stuck(sam, session_id)
