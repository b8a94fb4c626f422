"""The fake Slack as a process of its own, as the local stack starts it."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from slack_sdk import WebClient

from local.slack.control import SlackControl
from tests.local.started import Started, started_process

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    kept = tmp_path / "secrets.json"
    kept.write_text(json.dumps({"bot_token": "xoxb-of-last-time"}))
    with started_process("local.slack", tmp_path, "--secrets", str(kept)) as process:
        yield process


def test_it_says_where_it_is_to_its_owner_alone_and_ends_with_its_starter(
    started: Started,
) -> None:
    about = json.loads(started.port_file.read_text())
    assert stat.S_IMODE(started.port_file.stat().st_mode) == 0o600
    assert about["bot_token"] == "xoxb-of-last-time"
    assert about["app_token"].startswith("xapp-")
    client = WebClient(token=about["bot_token"], base_url=about["url"])
    client.chat_postMessage(channel="C0CORE00001", text="hello")
    control = SlackControl.of(started.port_file)
    assert [it.text for it in control.messages("core-approvals")] == ["hello"]
    assert json.loads(started.record.read_text())["method"] == "chat.postMessage"
    listening = psutil.Process(started.process.pid).net_connections("tcp")
    assert {it.laddr.ip for it in listening if it.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    # However the starter ends, the pipe closes.
    os.close(started.lifeline)
    assert started.process.wait(timeout=60) != 0


def test_it_ends_when_it_is_told_to_and_leaves_no_secrets(started: Started) -> None:
    started.process.terminate()
    assert started.process.wait(timeout=60) == 0
    assert not started.port_file.exists()
    os.close(started.lifeline)
