"""Of a link the account that was linked hears in Slack."""

from typing import Any

import pytest

from tests.handlers.test_painting_by_functions import Painting, painting

__all__ = ["painting"]

LINKED = {
    "type": "Linked",
    "session_id": "",
    "sequence": 0,
    "resource": "",
    "domain": "",
    "event_id": "01KZZZZZZZZZZZZZZZZZZZZZZZ",
    "requester": "slack:T0BANK00001/U0ALICE0001",
    "detail": "<!channel> mallory",
    "actor": {"principal": "arn:aws:iam::000000000000:user/mallory"},
}


def test_an_account_that_was_linked_hears_of_it_in_slack(painting: Painting) -> None:
    """Both sides are told: whoever was talked out of a code sees what became of it."""
    event = {"source": "bank.mod046.pam", "detail-type": "PAM Linked", "detail": LINKED}
    for _ in range(2):
        assert painting.router(event) == {"woken": 1}
    assert painting.paint() == {"batchItemFailures": []}
    (heard,) = painting.running.control.person("alice").direct_messages()
    assert "pam unlink slack:T0BANK00001/U0ALICE0001" in heard.text
    assert "mallory" not in heard.text, "of the event nothing is believed but whom it is about"
    assert heard.action_ids == []


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "Unlinked"},
        {"requester": "oidc:https://idp.bank.example#alice"},
        {"requester": "U0ALICE0001"},
        {"requester": "slack:T0BANK00001/C0CORE00001"},
        {"requester": None},
        {"event_id": None},
    ],
)
def test_of_what_else_is_linked_nobody_hears_in_slack(painting: Painting, changed: Any) -> None:
    event = {"source": "bank.mod046.pam", "detail-type": "PAM", "detail": LINKED | changed}
    assert painting.router(event) == {"woken": 0}
    assert painting.waiting() == 0
