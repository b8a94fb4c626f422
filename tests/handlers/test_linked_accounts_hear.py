"""Of a link the account that was linked hears in Slack."""

from collections.abc import Callable
from typing import Any

import pytest

from pam import wiring
from pam.slack.jobs import Method
from tests.handlers.conftest import Function
from tests.handlers.slack_scene import Told

Json = dict[str, Any]
LINKED: Json = {
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


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    queue = Told()
    monkeypatch.setattr(wiring, "slack_queue", lambda _: queue)
    return queue


@pytest.fixture
def router(function: Callable[[str], Function], told: Told) -> Function:
    return function("route_slack")


def event(**changed: Any) -> Json:
    detail = LINKED | changed
    return {"source": "bank.mod046.pam", "detail-type": "PAM Linked", "detail": detail}


def test_an_account_that_was_linked_hears_of_it_in_slack(router: Function, told: Told) -> None:
    """Both sides are told: whoever was talked out of a code sees what became of it."""
    for _ in range(2):
        assert router(event()) == {"woken": 1}
    (job,) = told.sent(Method.POST_MESSAGE)
    assert (job.to, job.arguments["channel"]) == ("U0ALICE0001", "U0ALICE0001")
    assert "pam unlink slack:T0BANK00001/U0ALICE0001" in str(job.arguments["blocks"])
    assert "mallory" not in str(job.arguments), "nothing is believed but whom it is about"
    assert "action_id" not in str(job.arguments)


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
def test_of_what_else_is_linked_nobody_hears_in_slack(
    router: Function, told: Told, changed: Json
) -> None:
    assert router(event(**changed)) == {"woken": 0}
    assert told.jobs == []
