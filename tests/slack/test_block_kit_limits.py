"""Whatever anybody writes, Slack takes what PAM posts, and every later update of it."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackObjectFormationError

from pam.domain.session import Session
from pam.slack import blocks, inputs
from pam.slack.blocks import Block, Button, Message, Span, View
from pam.slack.inputs import Option
from tests.slack.limits import (
    faults_of_blocks,
    faults_of_message,
    faults_of_view,
    judged_by_the_sdk,
    view_judged_by_the_sdk,
)
from tests.slack.rendered import RESOURCES, messages, others, sessions, views, with_texts

ANY_TEXT = st.text(
    st.characters(codec=None)
    | st.sampled_from("&<>*_~`\n\u202e\u200d\u0301\ufe0f\U0001f468\U0001f1e9\U0001f3fd"),
    max_size=80,
).map(lambda text: text * 20)
"""A few characters and many repetitions, half characters among them."""
LONG = {
    "ampersands": "&" * 3000,
    "angle brackets": "<" * 3000,
    "letters": "x" * 5000,
    "emoji": "\U0001f600" * 1600,
    "families": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 600,
    "one endless family": "\U0001f468\u200d" * 1100 + "\U0001f467",
    "a stack of marks": "e" + "\u0301" * 3000,
    "flags": "\U0001f1e9\U0001f1ea" * 800,
    "line breaks": "\n" * 3000,
    "nothing": "",
    "spaces": " " * 3000,
    "half characters": "\ud83d" * 3000,
    "overrides": "\u202e" * 3000,
}


def everything(text: str, name: str) -> tuple[list[Message], list[View]]:
    session, records = sessions()[name]
    dressed = with_texts(session, text)
    resources = tuple(
        replace(each, title=text, description=text, domain=text) for each in RESOURCES
    )
    told = [*messages(dressed, records, text), *others(text)]
    return told, [*views(dressed, text, resources)]


def check(told: list[Message], seen: list[View]) -> None:
    for message in told:
        assert not faults_of_message(message)
        json.dumps(message.blocks, ensure_ascii=False).encode()
    for view in seen:
        assert not faults_of_view(view)


@pytest.mark.parametrize("text", LONG)
def test_whatever_is_written_each_message_and_view_stays_within_the_limits(text: str) -> None:
    check(*everything(LONG[text], "reviewed by one"))


@pytest.mark.parametrize("name", sessions())
def test_in_whichever_state_each_message_and_view_stays_within_the_limits(name: str) -> None:
    check(*everything("<&" * 300, name))


@hypothesis_settings(max_examples=8)
@given(ANY_TEXT, st.sampled_from(sorted(sessions())))
def test_any_unicode_in_any_field_stays_within_the_limits(text: str, name: str) -> None:
    check(*everything(text, name))


@pytest.mark.parametrize("name", sessions())
def test_the_models_of_slacks_own_sdk_take_all_of_it(name: str) -> None:
    told, seen = everything(LONG["ampersands"], name)
    for message in told:
        judged_by_the_sdk(list(message.blocks))
    for view in seen:
        view_judged_by_the_sdk(view)


def test_these_counts_and_those_models_refuse_what_is_too_long() -> None:
    long = {"type": "section", "text": {"type": "plain_text", "text": "&" * 601, "emoji": False}}
    assert [*faults_of_blocks([{**long, "block_id": "a"}], 50)]
    long["text"]["text"] = "x" * 3001  # type: ignore[index]
    assert [*faults_of_blocks([{**long, "block_id": "a"}], 50)]
    with pytest.raises(SlackObjectFormationError):
        judged_by_the_sdk([long])
    fine = {"type": "divider", "block_id": "a"}
    assert not [*faults_of_blocks([fine], 50)]
    assert [*faults_of_blocks([fine, fine], 50)]
    assert [*faults_of_blocks([{**fine, "block_id": str(n)} for n in range(51)], 50)]


def test_more_blocks_than_fit_are_cut_with_a_word_of_how_many() -> None:
    many = [blocks.row(str(n)) for n in range(60)]
    shown = blocks.message("many", many, sequence=1).blocks
    assert len(shown) == 50
    assert shown[-1]["elements"][0]["text"] == "and 11 more"
    assert len(blocks.home([blocks.row(str(n)) for n in range(101)]).body["blocks"]) == 100


def test_more_fields_buttons_and_notes_than_fit_are_left_out() -> None:
    session_id = sessions()["asked"][0].session_id
    many = [
        blocks.facts([("name", str(n)) for n in range(11)]),
        blocks.buttons(*[button(n, session_id) for n in range(26)]),
        blocks.small(*[str(n) for n in range(11)]),
        blocks.line(*[Span(text="x" * 2000) for _ in range(9)]),
    ]
    shown = list(blocks.message("many", many, sequence=1).blocks)
    assert not [*faults_of_blocks(shown, 50)]
    judged_by_the_sdk(shown)


def button(number: int, session_id: str) -> Button:
    return Button(action_id=f"pam.{number}", text="x" * 99, session_id=session_id)


def painted(session: Session, sequence: int) -> list[str]:
    whole = blocks.message("one", [blocks.row(session.reason)] * 2, sequence=sequence)
    return [each["block_id"] for each in whole.blocks]


def test_an_update_has_ids_of_its_own_and_a_repeated_one_the_same() -> None:
    session = sessions()["asked"][0]
    again = replace(session, reason="another reason")
    assert painted(session, 1) == painted(session, 1)
    assert not set(painted(session, 1)) & set(painted(session, 2))
    assert not set(painted(session, 1)) & set(painted(again, 1))


def test_an_input_keeps_its_id_so_that_what_was_typed_stays() -> None:
    typed = [inputs.typed("reason", "Why")]
    for sequence in (1, 2):
        view = blocks.modal("Form", typed, callback_id="pam.request", sequence=sequence)
        assert view.body["blocks"][0]["block_id"] == "reason"


@pytest.mark.parametrize("value", ["alice", "01J8", '{"role": "admin"}', "x" * 3001])
def test_slack_keeps_a_sessions_id_and_nothing_else(value: str) -> None:
    with pytest.raises(ValueError, match="session's id"):
        blocks.buttons(Button(action_id="pam.approve", text="Approve", session_id=value))
    with pytest.raises(ValueError, match="session's id"):
        blocks.modal("Deny", [blocks.row("x")], callback_id="pam.deny", session_id=value)


@pytest.mark.parametrize("value", ["", "x" * 76, "&" * 16])
def test_an_option_that_slack_would_not_take_is_refused_and_never_cut(value: str) -> None:
    with pytest.raises(ValueError, match="no value"):
        inputs.option(Option(value=value, text="a resource"))


def test_an_older_message_never_takes_the_place_of_a_newer_one() -> None:
    older = blocks.message("old", [Block(body={"type": "divider"})], sequence=3)
    assert older.replaces(None)
    assert older.replaces(3)
    assert not older.replaces(4)
