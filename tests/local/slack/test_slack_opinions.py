"""Second opinions on what goes to Slack: each refuses what the other cannot see.

The compiler runs once for all that is wrong here.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from local.slack import opinions
from local.slack.recording import Call, Recorder, read
from tests.local.slack.running import slack

Json = dict[str, Any]


def text(kind: str = "plain_text", of: str = "x") -> Json:
    return {"type": kind, "text": of}


def section(of: str = "x") -> Json:
    return {"type": "section", "text": text("mrkdwn", of)}


def pressed(**more: Any) -> Json:
    button = {"type": "button", "action_id": "a", "text": text()} | more
    return {"type": "actions", "elements": [button]}


def field(**more: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": "a"}
    return {"type": "input", "label": text(), "element": element} | more


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": text(), "submit": text(), "blocks": [field()]} | more


def call(name: str, **arguments: Any) -> Call:
    return Call(at=0, method=name, arguments=arguments, error=None)


RIGHT = [
    call("a message", blocks=[section(), pressed(style="danger", value="01"), {"type": "divider"}]),
    call("a modal", view=modal(private_metadata="01", callback_id="pam.request")),
    call("a home", view={"type": "home", "blocks": [section()]}),
    call("no blocks", text="x"),
]
WRONG_FOR_MODELS = [
    call("a section too long", blocks=[section("x" * 3001)]),
    call("a title too long", view=modal(title=text(of="x" * 25))),
    call("metadata too long", view=modal(private_metadata="x" * 3001)),
    call("too many elements", blocks=[pressed() | {"elements": pressed()["elements"] * 26}]),
    call("a value too long", blocks=[pressed(value="x" * 2001)]),
    call("an unknown block", blocks=[{"type": "sectoin"}]),
    call("a field of no block", blocks=[section() | {"colour": "red"}]),
    call("too long within a view", view=modal(blocks=[section("x" * 3001)])),
]
WRONG_FOR_TYPES = [
    call("mrkdwn in a button", blocks=[pressed(text=text("mrkdwn"))]),
    call("no such style", blocks=[pressed(style="default")]),
    call("a modal without a title", view={"type": "modal", "blocks": [section()]}),
    call("an unknown block", blocks=[{"type": "sectoin"}]),
    call("an unknown block in a view", view=modal(blocks=[{"type": "sectoin"}])),
    call("a number for a value", blocks=[pressed(value=1)]),
    call("a field of no block", blocks=[section() | {"colour": "red"}]),
    call("text that is no object", blocks=[{"type": "header", "text": "x"}]),
]


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")


def test_the_models_refuse_what_is_too_long_too_many_or_unknown() -> None:
    assert opinions.by_models(RIGHT) == []
    found = opinions.by_models(WRONG_FOR_MODELS)
    assert {problem.method for problem in found} == {it.method for it in WRONG_FOR_MODELS}


def test_the_types_refuse_what_belongs_elsewhere() -> None:
    found = opinions.by_types([*RIGHT, *WRONG_FOR_TYPES])
    assert {problem.method for problem in found} == {it.method for it in WRONG_FOR_TYPES}


def test_a_recording_is_right_if_all_that_slack_took_is_right(tmp_path: Path) -> None:
    right, wrong = Recorder(tmp_path / "right.jsonl"), Recorder(tmp_path / "wrong.jsonl")
    for recorded in RIGHT:
        right.record(recorded)
    refused = call("refused anyway", blocks=[{"type": "sectoin"}])
    right.record(Call(at=0, method="x", arguments=refused.arguments, error="invalid_blocks"))
    wrong.record(call("both see it", blocks=[section("x" * 3001), pressed(style="default")]))
    found = opinions.of_files([tmp_path / "right.jsonl", tmp_path / "wrong.jsonl"])
    assert {(it.method, it.opinion) for it in found} == {
        ("both see it", "models"),
        ("both see it", "types"),
    }


def test_a_compiler_that_has_no_opinion_does_not_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opinions, "_MODULES", Path("/nowhere"))
    with pytest.raises((RuntimeError, FileNotFoundError)):
        opinions.by_types(RIGHT)


@pytest.mark.enable_socket
def test_what_was_sent_is_recorded_as_it_was_meant_and_without_the_token(tmp_path: Path) -> None:
    record = tmp_path / "calls.jsonl"
    with slack(record) as running:
        running.web.chat_postMessage(channel="C0CORE00001", text="x", blocks=[section()])
        as_form = {"channel": "C0CORE00001", "text": "x", "blocks": json.dumps([section()])}
        as_form["token"] = running.about["bot_token"]
        running.web.api_call("chat.postMessage", params=as_form)
        with pytest.raises(Exception, match="invalid_blocks"):
            running.web.chat_postMessage(channel="C0CORE00001", text="x", blocks=[{"type": "no"}])
        running.control.call("forget")
        secrets = list(running.about.values())[2:]
    first, second, third = read(record)
    assert first.arguments["blocks"] == second.arguments["blocks"] == [section()]
    assert (first.method, first.error, third.error) == ("chat.postMessage", None, "invalid_blocks")
    assert not any(secret in record.read_text() for secret in secrets)
