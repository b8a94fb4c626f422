"""The fake Identity Center as a process of its own, as the local stack starts it."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local.identity_center.accounts import Keys
from local.identity_center.control import IdentityCenterControl
from local.identity_center.directory import user_id_of
from tests.local.identity_center.centers import OF_STORE
from tests.local.identity_center.emulated import client
from tests.local.started import Started, started_process

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    with started_process("local.identity_center", tmp_path) as process:
        yield process


def test_it_says_where_it_is_to_its_owner_alone_and_ends_with_its_starter(
    started: Started,
) -> None:
    assert stat.S_IMODE(started.port_file.stat().st_mode) == 0o600
    about = json.loads(started.port_file.read_text())
    keys = Keys(access_key_id="test", secret_access_key="test", session_token="")
    store = client(about["url"], "identitystore", keys)
    assert store.describe_user(**OF_STORE, UserId=user_id_of("alice"))["UserName"] == "alice"
    assert json.loads(started.record.read_text())["operation"] == "DescribeUser"
    control = IdentityCenterControl.of(started.port_file)
    assert control.knobs()["calls_per_second"] == 20
    listening = psutil.Process(started.process.pid).net_connections("tcp")
    assert {it.laddr.ip for it in listening if it.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    # However the starter ends, the pipe closes.
    os.close(started.lifeline)
    assert started.process.wait(timeout=60) != 0


def test_it_ends_when_it_is_told_to_and_leaves_no_token(started: Started) -> None:
    started.process.terminate()
    assert started.process.wait(timeout=60) == 0
    assert not started.port_file.exists()
    os.close(started.lifeline)
