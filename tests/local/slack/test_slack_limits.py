"""Block Kit's limits: what is just within is taken, one more is refused, the whole message at once.

Sources of the figures: docs.slack.dev/reference/block-kit and docs.slack.dev/reference/views.
"""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from local.slack import limits
from local.slack.recording import Call
from tests.local.slack.running import Running

Json = dict[str, Any]


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text, "emoji": False}


def mrkdwn(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "x", **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(action_id: str = "a", **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain()} | more


def buttons(count: int) -> Json:
    return {"type": "actions", "elements": [button(f"a{number}") for number in range(count)]}


def pressed(**more: Any) -> Json:
    return {"type": "actions", "elements": [button(**more)]}


def options(count: int, **more: Any) -> list[Json]:
    return [{"text": plain(), "value": f"v{number}", **more} for number in range(count)]


def menu(kind: str, count: int) -> Json:
    element = {"type": kind, "action_id": "a", "options": options(count)}
    return {"type": "actions", "elements": [element]}


def one_option(**more: Any) -> Json:
    element = {"type": "static_select", "action_id": "a", "options": options(1, **more)}
    return {"type": "actions", "elements": [element]}


def context(count: int) -> Json:
    return {"type": "context", "elements": [mrkdwn()] * count}


def typed(**more: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": "a", **more}
    return {"type": "input", "block_id": "b", "label": plain(), "element": element}


WITHIN_AND_OVER: list[tuple[str, list[Json], list[Json]]] = [
    ("blocks of a message", [section()] * 50, [section()] * 51),
    ("text of a section", [section("x" * 3000)], [section("x" * 3001)]),
    ("text is not empty", [section("x")], [section("")]),
    ("a character of two units counts twice", [section("😀" * 1500)], [section("😀" * 1501)]),
    ("entities count as they are sent", [section("&amp;" * 600)], [section("&amp;" * 601)]),
    (
        "fields of a section",
        [{"type": "section", "fields": [mrkdwn("x" * 2000)] * 10}],
        [{"type": "section", "fields": [mrkdwn()] * 11}],
    ),
    (
        "text of a field",
        [{"type": "section", "fields": [mrkdwn("x" * 2000)]}],
        [{"type": "section", "fields": [mrkdwn("x" * 2001)]}],
    ),
    ("a section says something", [section()], [{"type": "section"}]),
    (
        "header",
        [{"type": "header", "text": plain("x" * 150)}],
        [{"type": "header", "text": plain("x" * 151)}],
    ),
    (
        "a header is plain",
        [{"type": "header", "text": plain()}],
        [{"type": "header", "text": mrkdwn()}],
    ),
    ("elements of actions", [buttons(25)], [buttons(26)]),
    ("an actions block has elements", [buttons(1)], [buttons(0)]),
    ("elements of a context", [context(10)], [context(11)]),
    ("text of a button", [pressed(text=plain("x" * 75))], [pressed(text=plain("x" * 76))]),
    ("a button is plain", [pressed(text=plain())], [pressed(text=mrkdwn())]),
    ("value of a button", [pressed(value="x" * 2000)], [pressed(value="x" * 2001)]),
    ("style of a button", [pressed(style="danger")], [pressed(style="default")]),
    ("action id", [pressed(action_id="x" * 255)], [pressed(action_id="x" * 256)]),
    ("url of a button", [pressed(url="x" * 3000)], [pressed(url="x" * 3001)]),
    ("options of a menu", [menu("static_select", 100)], [menu("static_select", 101)]),
    ("options of an overflow", [menu("overflow", 5)], [menu("overflow", 6)]),
    ("options of radio buttons", [menu("radio_buttons", 10)], [menu("radio_buttons", 11)]),
    ("text of an option", [one_option(text=plain("x" * 75))], [one_option(text=plain("x" * 76))]),
    ("value of an option", [one_option(value="x" * 150)], [one_option(value="x" * 151)]),
    ("block id", [section(block_id="x" * 255)], [section(block_id="x" * 256)]),
    (
        "block ids are different",
        [section(block_id="a"), section(block_id="b")],
        [section(block_id="a"), section(block_id="a")],
    ),
    (
        "action ids of a block are different",
        [{"type": "actions", "elements": [button("a"), button("b")]}],
        [{"type": "actions", "elements": [button("a"), button("a")]}],
    ),
    (
        "emoji is of plain text",
        [{"type": "section", "text": plain()}],
        [{"type": "section", "text": mrkdwn() | {"emoji": False}}],
    ),
    (
        "verbatim is of mrkdwn",
        [{"type": "section", "text": mrkdwn() | {"verbatim": True}}],
        [{"type": "section", "text": plain() | {"verbatim": True}}],
    ),
    ("no field that is not Slack's", [section()], [section(colour="red")]),
    ("no block that is not Slack's", [{"type": "divider"}], [{"type": "line"}]),
    ("markdown", [{"type": "markdown", "text": "x" * 12000}], [{"type": "markdown", "text": ""}]),
    (
        "markdown of a whole message",
        [{"type": "markdown", "text": "x" * 6000}] * 2,
        [{"type": "markdown", "text": "x" * 6001}] * 2,
    ),
    (
        "a confirmation",
        [pressed(confirm={n: plain("x" * 30) for n in ("title", "text", "confirm", "deny")})],
        [pressed(confirm={n: plain("x" * 31) for n in ("title", "text", "confirm", "deny")})],
    ),
]


@pytest.mark.parametrize(
    ("within", "over"),
    [(within, over) for _, within, over in WITHIN_AND_OVER],
    ids=[name for name, _, _ in WITHIN_AND_OVER],
)
def test_what_is_within_is_taken_and_one_more_is_not(within: list[Json], over: list[Json]) -> None:
    assert limits.faults_of_blocks(within) == []
    assert limits.faults_of_blocks(over) != []


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain(), "blocks": [section()]} | more


VIEWS_WITHIN_AND_OVER = [
    ("title", modal(title=plain("x" * 24)), modal(title=plain("x" * 25))),
    ("a title is plain", modal(), modal(title=mrkdwn())),
    ("a modal has a title", modal(), {"type": "modal", "blocks": [section()]}),
    ("submit", modal(submit=plain("x" * 24)), modal(submit=plain("x" * 25))),
    ("close", modal(close=plain("x" * 24)), modal(close=plain("x" * 25))),
    ("metadata", modal(private_metadata="x" * 3000), modal(private_metadata="x" * 3001)),
    ("callback id", modal(callback_id="x" * 255), modal(callback_id="x" * 256)),
    ("blocks", modal(blocks=[section()] * 100), modal(blocks=[section()] * 101)),
    ("inputs want submit", modal(submit=plain(), blocks=[typed()]), modal(blocks=[typed()])),
    (
        "what is in an input",
        modal(submit=plain(), blocks=[typed(initial_value="x" * 3000)]),
        modal(submit=plain(), blocks=[typed(initial_value="x" * 3001)]),
    ),
    (
        "a longest length",
        modal(submit=plain(), blocks=[typed(max_length=3000)]),
        modal(submit=plain(), blocks=[typed(max_length=3001)]),
    ),
    (
        "an input stands in an input block",
        modal(submit=plain(), blocks=[typed()]),
        modal(blocks=[{"type": "actions", "elements": [typed()["element"]]}]),
    ),
    (
        "a home has no title",
        {"type": "home", "blocks": [section()] * 100},
        {"type": "home", "blocks": [section()], "title": plain()},
    ),
    (
        "blocks of a home",
        {"type": "home", "blocks": [section()] * 100},
        {"type": "home", "blocks": [section()] * 101},
    ),
]


@pytest.mark.parametrize(
    ("within", "over"),
    [(within, over) for _, within, over in VIEWS_WITHIN_AND_OVER],
    ids=[name for name, _, _ in VIEWS_WITHIN_AND_OVER],
)
def test_a_view_within_is_taken_and_one_more_is_not(within: Json, over: Json) -> None:
    assert limits.faults_of_view(within) == []
    assert limits.faults_of_view(over) != []


def test_what_slacks_own_models_refuse_is_refused_here_too() -> None:
    """Another opinion on the table above: the door is never more lenient than the models."""
    from local.slack.opinions import by_models

    def refused(blocks: list[Json]) -> bool:
        call = Call(at=0, method="chat.update", arguments={"blocks": blocks}, error=None)
        return bool(by_models([call]))

    for name, within, over in WITHIN_AND_OVER:
        assert not refused(within), name
        assert not refused(over) or limits.faults_of_blocks(over), name
    assert sum(refused(over) for _, _, over in WITHIN_AND_OVER) > 12


@pytest.mark.enable_socket
def test_the_door_refuses_posts_and_updates_alike_and_says_where(running: Running) -> None:
    channel, web = "C0CORE00001", running.web
    ts = web.chat_postMessage(channel=channel, text="card", blocks=[buttons(2)])["ts"]
    too_long = [section(), section("&amp;" * 3000)]
    for call in (
        lambda: web.chat_postMessage(channel=channel, text="x", blocks=too_long),
        lambda: web.chat_update(channel=channel, ts=ts, text="x", blocks=too_long),
        lambda: web.chat_postEphemeral(
            channel=channel, user="U0BOB000001", text="x", blocks=too_long
        ),
    ):
        with pytest.raises(SlackApiError) as caught:
            call()
        told = caught.value.response
        assert told["error"] == "invalid_blocks"
        assert told["errors"] == [
            "must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
        ]
    # The whole update failed: the buttons are still there.
    (message,) = running.control.messages(channel)
    assert message.action_ids == ["a0", "a1"]
