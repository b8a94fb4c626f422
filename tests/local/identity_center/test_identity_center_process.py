"""The fake Identity Center as a process of its own, as the local stack starts it."""

import json
import os
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from local.aws import ACCOUNT, REGION
from local.identity_center.control import ControlError, IdentityCenterControl
from local.identity_center.directory import user_id_of
from local.identity_center.names import INSTANCE
from local.state import ROOT
from tests.local.identity_center.centers import OF_SET, OF_STORE, assignment, code_of

pytestmark = pytest.mark.enable_socket


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    process: subprocess.Popen[bytes]
    port_file: Path
    record: Path
    lifeline: int

    @property
    def about(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.port_file.read_text())
        return found

    @property
    def control(self) -> IdentityCenterControl:
        return IdentityCenterControl.of(self.port_file)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.about["url"],
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    reading, writing = os.pipe()
    port_file, record = tmp_path / "identity-center.json", tmp_path / "calls.jsonl"
    command = [sys.executable, "-m", "local.identity_center", "--port-file", str(port_file)]
    options = ["--record", str(record), "--lifeline", str(reading)]
    process = subprocess.Popen([*command, *options], cwd=ROOT, pass_fds=(reading,))
    os.close(reading)
    try:
        deadline = time.monotonic() + 30
        while not port_file.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield Started(process=process, port_file=port_file, record=record, lifeline=writing)
    finally:
        process.kill()
        process.wait()


def test_awss_own_clients_get_from_it_what_they_get_from_aws(started: Started) -> None:
    sso, store = started.client("sso-admin"), started.client("identitystore")
    started.control.knobs(polls=0)
    told = store.describe_user(**OF_STORE, UserId=user_id_of("alice"))
    assert told["UserName"] == "alice"
    begun = sso.create_account_assignment(**assignment("alice"))["AccountAssignmentCreationStatus"]
    assert begun["Status"] == "IN_PROGRESS"
    done = sso.describe_account_assignment_creation_status(
        InstanceArn=INSTANCE, AccountAssignmentCreationRequestId=begun["RequestId"]
    )["AccountAssignmentCreationStatus"]
    assert (done["Status"], done["CreatedDate"]) == ("SUCCEEDED", begun["CreatedDate"])
    live = started.control.sign_in("alice")
    assert live.user_id == user_id_of("alice")
    (standing,) = started.control.assignments()
    assert standing["principal"]["id"] == live.user_id
    assert started.control.call("permission_set")["given"]["role_name"] == live.role_name


def test_what_was_asked_is_kept_in_a_file_and_told(started: Started) -> None:
    sso = started.client("sso-admin")
    started.control.call("refuse", operation="ListInstances", code="AccessDeniedException")
    assert code_of(sso.list_instances) == "AccessDeniedException"
    (line,) = [json.loads(it) for it in started.record.read_text().splitlines()]
    assert (line["operation"], line["error"]) == ("ListInstances", "AccessDeniedException")
    assert [it["operation"] for it in started.control.calls()] == ["ListInstances"]
    assert started.control.calls(after=1) == []


def test_an_answer_that_is_lost_is_a_connection_that_ends(started: Started) -> None:
    sso = started.client("sso-admin")
    started.control.call("lose_answers", operation="CreateAccountAssignment")
    with pytest.raises(ConnectionClosedError):
        sso.create_account_assignment(**assignment("alice"))
    running = sso.list_account_assignment_creation_status(InstanceArn=INSTANCE)
    assert len(running["AccountAssignmentsCreationStatus"]) == 1


def test_it_throttles_as_aws_does_unless_it_is_told_otherwise(started: Started) -> None:
    assert started.control.knobs()["calls_per_second"] == 20
    started.control.knobs(calls_per_second=1)
    sso = started.client("sso-admin")
    listing = {**OF_SET, "AccountId": ACCOUNT}
    codes = [code_of(lambda: sso.list_account_assignments(**listing)) for _ in range(2)]
    assert codes == ["", "ThrottlingException"]
    assert started.control.call("forget_faults")["calls_per_second"] == 20


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("sign_in", {"user": "alice"}),
        ("delete_user", {"name": "nobody"}),
        ("knobs", {"polls": -1}),
        ("write_policy", {"statements": ["x" * 10_241]}),
        ("call", {"verb": "users"}),
        ("_provision", {}),
        ("nothing", {}),
        ("assign", {"whom": "alice"}),
    ],
)
def test_what_nobody_can_do_is_told_to_who_asked_for_it(
    started: Started, verb: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ControlError):
        started.control.call(verb, **arguments)
    assert started.control.call("users")["users"]


def test_nobody_acts_there_without_its_token(started: Started) -> None:
    for token in ("", "made-up"):
        stranger = IdentityCenterControl(started.about["control_url"], token)
        with pytest.raises(ControlError, match="token"):
            stranger.call("delete_user", name="alice")
    assert code_of(lambda: started.client("identitystore").list_users(**OF_STORE)) == ""


def test_another_address_or_another_protocol_is_refused(started: Started) -> None:
    base = started.about["url"]
    for url, target, status in (
        (base, "SWBExternalService.Nothing", 400),
        (base, "Elsewhere.ListInstances", 400),
        (f"{base}more", "SWBExternalService.ListInstances", 404),
    ):
        request = urllib.request.Request(url, data=b"{}", headers={"X-Amz-Target": target})
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(request, timeout=10)
        with told.value:
            assert told.value.code == status


def test_it_says_where_it_is_to_its_owner_alone_and_ends_with_its_starter(
    started: Started,
) -> None:
    assert stat.S_IMODE(started.port_file.stat().st_mode) == 0o600
    listening = psutil.Process(started.process.pid).net_connections("tcp")
    assert {it.laddr.ip for it in listening if it.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    # However the starter ends, the pipe closes.
    os.close(started.lifeline)
    assert started.process.wait(timeout=10) != 0


def test_it_ends_when_it_is_told_to_and_leaves_no_token(started: Started) -> None:
    started.process.terminate()
    assert started.process.wait(timeout=10) == 0
    assert not started.port_file.exists()
    os.close(started.lifeline)
