"""Modals of this Slack: opened in time, filled in, submitted, answered."""

from typing import Any

import pytest

from local.slack.control import ControlError
from local.slack.faults import Faults
from tests.local.slack.pieces import actions, button, error_of, plain, trigger_of
from tests.local.slack.running import PATIENCE, Listener, Running

pytestmark = pytest.mark.enable_socket

CORE = "C0CORE00001"


def field(block_id: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(block_id),
        "element": element,
    } | more


MENU = {
    "type": "static_select",
    "action_id": "resource",
    "options": [{"text": plain(name), "value": name} for name in ("core-ledger-db", "core-admin")],
}
REASON = {"type": "plain_text_input", "action_id": "reason", "min_length": 10}
MODAL = {
    "type": "modal",
    "callback_id": "pam.request",
    "private_metadata": "01SESSION",
    "title": plain("Request access"),
    "submit": plain("Request"),
    "blocks": [
        field("what", MENU),
        field("why", REASON),
        field("ticket", {"type": "plain_text_input", "action_id": "ticket"}, optional=True),
    ],
}


def test_a_trigger_opens_one_modal_within_three_seconds(
    running: Running, listener: Listener
) -> None:
    alice, web = running.control.person("alice"), running.web
    alice.command("")
    trigger = trigger_of(listener)
    web.views_open(trigger_id=trigger, view=MODAL)
    opened = web.views_open
    assert error_of(lambda: opened(trigger_id=trigger, view=MODAL)) == "exchanged_trigger_id"
    assert error_of(lambda: opened(trigger_id="1.2.3", view=MODAL)) == "invalid_trigger_id"
    alice.command("")
    late = trigger_of(listener)
    running.control.knobs(trigger_lives=Faults().trigger_lives, clock_ahead=3.1)
    assert error_of(lambda: opened(trigger_id=late, view=MODAL)) == "expired_trigger_id"


def test_the_three_seconds_of_a_trigger_begin_with_the_person(
    running: Running, listener: Listener
) -> None:
    running.control.knobs(delivered_late=0.3, trigger_lives=0.2)
    running.control.person("alice").command("")
    opened, trigger = running.web.views_open, trigger_of(listener)
    assert error_of(lambda: opened(trigger_id=trigger, view=MODAL)) == "expired_trigger_id"


def test_a_view_that_is_refused_leaves_its_trigger_good(
    running: Running, listener: Listener
) -> None:
    running.control.person("alice").command("")
    opened, trigger = running.web.views_open, trigger_of(listener)
    wrong = MODAL | {"title": plain("x" * 25)}
    assert error_of(lambda: opened(trigger_id=trigger, view=wrong)) == "invalid_arguments"
    opened(trigger_id=trigger, view=MODAL)


@pytest.fixture
def modal(running: Running, listener: Listener) -> dict[str, Any]:
    """Opened for alice."""
    running.control.person("alice").command("")
    view = running.web.views_open(trigger_id=trigger_of(listener), view=MODAL)["view"]
    return dict(view)


def test_a_submission_carries_what_was_entered(
    running: Running, listener: Listener, modal: dict[str, Any]
) -> None:
    alice = running.control.person("alice")
    entered = {"resource": "core-ledger-db", "reason": "look at late entries"}
    assert alice.submit(entered).shown == ()
    view = listener.requests[-1].payload["view"]
    values = view["state"]["values"]
    assert values["what"]["resource"]["selected_option"]["value"] == "core-ledger-db"
    assert values["why"]["reason"] == {"type": "plain_text_input", "value": "look at late entries"}
    assert values["ticket"]["ticket"]["value"] is None
    assert (view["id"], view["private_metadata"]) == (modal["id"], "01SESSION")
    assert alice.views() == []


@pytest.mark.parametrize(
    ("entered", "why"),
    [
        ({"reason": "look at late entries"}, "what/resource must be filled in"),
        ({"resource": "core-admin", "reason": "short"}, "another length"),
        ({"resource": "no-such", "reason": "look at late entries"}, "not offered"),
        ({"resource": "core-admin", "reason": "x" * 20, "rank": "1"}, "no field rank"),
    ],
)
def test_a_client_does_not_send_what_slacks_would_not(
    running: Running, modal: dict[str, Any], entered: dict[str, Any], why: str
) -> None:
    with pytest.raises(ControlError, match=why):
        running.control.person("alice").submit(entered)
    assert running.control.counts()["deliveries"]["interactive"] == {}


ENTERED = {"resource": "core-admin", "reason": "look at late entries"}


@pytest.mark.parametrize(
    ("answer", "shown", "open_views"),
    [
        (None, (), 0),
        ({"response_action": "clear"}, (), 0),
        ({"response_action": "errors", "errors": {"why": "say more"}}, ("why: say more",), 1),
        ({"response_action": "errors", "errors": {"nope": "x"}}, ("trouble",), 1),
        ({"response_action": "errors", "errors": {}}, ("trouble",), 1),
        ({"response_action": "update", "view": MODAL}, (), 1),
        ({"response_action": "push", "view": MODAL}, (), 2),
        ({"response_action": "update", "view": {"type": "modal"}}, ("trouble",), 1),
        ({"response_action": "dance"}, ("trouble",), 1),
    ],
)
def test_a_submission_is_answered_in_the_acknowledgement(
    running: Running,
    listener: Listener,
    modal: dict[str, Any],
    answer: dict[str, Any] | None,
    shown: tuple[str, ...],
    open_views: int,
) -> None:
    listener.answer = answer
    alice = running.control.person("alice")
    seen = alice.submit(ENTERED).shown
    assert seen == shown or (shown == ("trouble",) and "trouble" in seen[0])
    assert len(alice.views()) == open_views


def test_a_submission_without_acknowledgement_stays_open(
    running: Running, listener: Listener, modal: dict[str, Any]
) -> None:
    listener.silent = True
    running.control.knobs(answer_within=0.2)
    alice = running.control.person("alice")
    assert alice.submit(ENTERED).error == "operation_timeout"
    # The command that opened the modal, and this.
    running.control.wait_until(lambda: len(listener.requests) == 2)
    listener.silent = False
    running.control.knobs(answer_within=PATIENCE)
    assert alice.submit(ENTERED).acknowledged


def test_an_update_knows_the_view_by_id_and_hash(
    running: Running, listener: Listener, modal: dict[str, Any]
) -> None:
    update = running.web.views_update
    changed = update(view_id=modal["id"], hash=modal["hash"], view=MODAL)["view"]
    assert changed["hash"] != modal["hash"]
    again = error_of(lambda: update(view_id=modal["id"], hash=modal["hash"], view=MODAL))
    assert again == "hash_conflict"
    assert error_of(lambda: update(view_id="V0NONE", view=MODAL)) == "not_found"
    running.control.person("alice").close()
    assert error_of(lambda: update(view_id=modal["id"], view=MODAL)) == "not_found"


def test_at_most_three_views_are_stacked(
    running: Running, listener: Listener, modal: dict[str, Any]
) -> None:
    pressable = MODAL | {"blocks": [actions(button("pam.show"))], "submit": None}
    alice, web = running.control.person("alice"), running.web
    web.views_update(view_id=modal["id"], view=pressable)
    for _ in range(2):
        alice.click_view("pam.show")
        web.views_push(trigger_id=trigger_of(listener), view=pressable)
    alice.click_view("pam.show")
    trigger = trigger_of(listener)
    push = web.views_push
    assert error_of(lambda: push(trigger_id=trigger, view=pressable)) == "push_limit_reached"


def test_a_choice_in_a_modal_is_told_with_the_state(
    running: Running, listener: Listener, modal: dict[str, Any]
) -> None:
    dispatching = MODAL | {"blocks": [field("what", MENU, dispatch_action=True)]}
    running.web.views_update(view_id=modal["id"], view=dispatching)
    running.control.person("alice").click_view("resource", value="core-admin")
    payload = listener.requests[-1].payload
    assert payload["container"] == {"type": "view", "view_id": modal["id"]}
    assert payload["actions"][0]["selected_option"]["value"] == "core-admin"
    state = payload["view"]["state"]["values"]["what"]["resource"]
    assert state["selected_option"]["value"] == "core-admin"
