"""Modals: what they ask, what comes back, and how a fault finds its input."""

import json
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from pam.domain.errors import FieldError, Invalid
from pam.edge.bodies import RequestBody
from pam.edge.reading import read_body
from pam.slack import modal
from pam.slack.blocks import View
from pam.slack.card import Shown
from pam.slack.deliveries import Submission
from pam.slack.incoming import read_http
from pam.slack.modal import Form, Offer
from tests.fakes.story import NOON
from tests.slack import payloads
from tests.slack.limits import faults_of_view
from tests.slack.reading import blocks_of, lines, objects, quotations, text
from tests.slack.rendered import RESOURCES, sessions

SHOWN = Shown(title="Core ledger administration")
OFFER = Offer(resources=RESOURCES, break_glass=True)


def inputs(view: View) -> dict[str, dict[str, Any]]:
    """The elements by block; each block and its element have one name."""
    found = [each for each in blocks_of(view) if each["type"] == "input"]
    assert all(each["block_id"] == each["element"]["action_id"] for each in found)
    return {each["block_id"]: each["element"] for each in found}


def sent(**values: str) -> Submission:
    """A form that comes back with these texts."""
    state = {name: {name: {"value": value}} for name, value in values.items()}
    view = {**payloads.SUBMISSION["view"], "state": {"values": state}}
    body = urlencode({"payload": json.dumps({**payloads.SUBMISSION, "view": view})})
    read = read_http("application/x-www-form-urlencoded", body.encode())
    assert isinstance(read, Submission)
    return read


def test_what_opens_first_only_says_that_it_loads() -> None:
    view = modal.loading("pam.request")
    assert lines(view) == ["Loading…"]
    assert "submit" not in view.body
    assert view.body["callback_id"] == "pam.request"


def test_the_form_asks_for_what_the_api_takes_by_the_same_names() -> None:
    asked = inputs(modal.request_form(OFFER))
    assert asked.keys() == {field.name for field in fields(RequestBody)}
    without = inputs(modal.request_form(replace(OFFER, break_glass=False)))
    assert asked.keys() - without.keys() == {"break_glass"}


def test_it_offers_what_this_person_may_ask_for_and_says_how_long_each_may_be() -> None:
    options = inputs(modal.request_form(OFFER))["resource"]["options"]
    assert [each["value"] for each in options] == [each.resource_id for each in RESOURCES]
    kyc = next(each for each in options if each["value"] == "kyc-documents-read")
    assert kyc["text"]["text"] == "KYC documents"
    assert kyc["description"]["text"] == "kyc-documents-read, prod, bank-kyc, at most 2h"
    assert "at most 4h" in text(modal.request_form(OFFER))


def test_what_was_typed_already_is_filled_in() -> None:
    offer = replace(OFFER, resource="core-ledger-db", duration=timedelta(minutes=30), reason="why")
    asked = inputs(modal.request_form(offer))
    assert asked["resource"]["initial_option"]["value"] == "core-ledger-db"
    assert asked["duration_seconds"]["initial_value"] == "30m"
    assert asked["reason"]["initial_value"] == "why"
    elsewhere = inputs(modal.request_form(replace(offer, resource="not-offered")))
    assert "initial_option" not in elsewhere["resource"]


def test_whoever_may_ask_for_nothing_is_told_so() -> None:
    view = modal.request_form(replace(OFFER, resources=()))
    assert lines(view) == ["Policy gives you nothing to ask for."]
    assert not inputs(view)


@pytest.mark.parametrize(("many", "kind"), [(100, "static_select"), (101, "external_select")])
def test_more_than_a_hundred_are_asked_for_while_typing(many: int, kind: str) -> None:
    resources = [replace(RESOURCES[0], resource_id=f"resource-{n}") for n in range(many)]
    view = modal.request_form(replace(OFFER, resources=resources))
    assert inputs(view)["resource"]["type"] == kind
    assert not faults_of_view(view)


def test_options_are_suggested_by_id_and_title_in_any_case_a_hundred_at_most() -> None:
    found = modal.suggested(RESOURCES, "LEDGER")["options"]
    assert [each["value"] for each in found] == [
        "core-ledger-admin",
        "core-ledger-uat-admin",
        "core-ledger-db",
    ]
    assert len(modal.suggested(RESOURCES, "")["options"]) == len(RESOURCES)
    assert modal.suggested(RESOURCES, "<nothing>") == {"options": []}
    many = [replace(RESOURCES[0], resource_id=f"resource-{n}") for n in range(300)]
    assert len(modal.suggested(many, "core")["options"]) == 100


def test_a_form_that_comes_back_is_read_as_it_was_filled_in() -> None:
    body = urlencode({"payload": json.dumps(payloads.SUBMISSION)}).encode()
    read = read_http("application/x-www-form-urlencoded", body)
    assert isinstance(read, Submission)
    assert modal.read_form(read) == Form(
        resource="core-ledger-admin",
        reason="ledger <stuck> & up",
        ticket="",
        duration=timedelta(minutes=30),
        break_glass=True,
    )
    empty = Form(resource="", reason="", ticket="", duration=None, break_glass=False)
    assert modal.read_form(sent(resource="")) == empty
    assert not modal.read_form(sent(break_glass="true")).break_glass
    assert modal.read_comment(sent(comment="not today")) == "not today"


@pytest.mark.parametrize("typed", ["soon", "30", "30 m", "-5m", "1d", "\u0663\u0660m"])
def test_a_duration_that_is_none_is_said_under_its_input(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        modal.read_form(sent(duration_seconds=typed))
    answer = modal.errors(refused.value.errors, sent(duration_seconds=typed))
    assert answer == {
        "response_action": "errors",
        "errors": {"duration_seconds": "write for example 30s, 15m or 1h30m"},
    }


def test_what_the_api_has_against_a_form_is_said_under_the_inputs_it_is_about() -> None:
    with pytest.raises(Invalid) as refused:
        read_body(RequestBody, {"resource": "", "reason": "short", "duration_seconds": 99_999})
    faults = refused.value.errors
    form = sent(resource="", reason="short", duration_seconds="9h", ticket="")
    told = modal.errors(faults, form)["errors"]
    assert told.keys() == {"resource", "reason", "duration_seconds"}
    assert told["reason"] == "must have at least 10 characters"


def test_a_fault_about_no_input_of_this_modal_is_said_under_the_first() -> None:
    faults = [FieldError("session_id", "must be a session id"), FieldError("comment", "too long")]
    told = modal.errors(faults, sent(comment="x"))["errors"]
    assert told == {"comment": "session_id: must be a session id; too long"}
    assert modal.errors(faults, sent())["errors"].keys() == {"reason"}


def test_what_is_decided_stands_above_what_is_asked() -> None:
    session = sessions()["asked"][0]
    for view in (modal.deny_form(session, SHOWN), modal.shorter_form(session, SHOWN)):
        assert view.body["private_metadata"] == session.session_id
        assert "Core ledger administration [core-ledger-admin]" in lines(view)
        assert quotations(view) == [session.reason]
        assert blocks_of(view)[-1]["type"] == "input"
    assert inputs(modal.deny_form(session, SHOWN)).keys() == {"comment"}
    shorter = inputs(modal.shorter_form(session, SHOWN))
    assert shorter["duration_seconds"]["initial_value"] == "10m"


def test_a_shown_session_has_nothing_to_send_off() -> None:
    view = modal.session_shown(sessions()["revoked"][0], NOON, SHOWN)
    assert "submit" not in view.body
    assert "Receipt: confirmed" in text(view)


def test_each_view_keeps_no_more_than_a_sessions_id() -> None:
    session = sessions()["asked"][0]
    view = modal.deny_form(replace(session, reason="secret reason"), SHOWN)
    kept = [each.get("value") for each in objects(view.body) if "value" in each]
    assert view.body["private_metadata"] == session.session_id
    assert not kept
    assert modal.replaced_by(view) == {"response_action": "update", "view": view.body}
