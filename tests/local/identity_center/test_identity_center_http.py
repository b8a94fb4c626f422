"""The fake Identity Center by HTTP: AWS's own clients, and its control API."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from local.aws import ACCOUNT
from local.identity_center.accounts import Keys
from local.identity_center.control import ControlError, IdentityCenterControl
from local.identity_center.directory import user_id_of
from local.identity_center.faults import Knobs
from local.identity_center.names import INSTANCE
from local.identity_center.recording import to_file
from local.identity_center.server import Server
from local.identity_center.service import IdentityCenter
from tests.local.identity_center.centers import OF_SET, OF_STORE, assignment, code_of
from tests.local.identity_center.emulated import client

pytestmark = pytest.mark.enable_socket

KEYS = Keys(access_key_id="test", secret_access_key="test", session_token="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    about: dict[str, str]
    record: Path

    @property
    def control(self) -> IdentityCenterControl:
        return IdentityCenterControl(self.about["control_url"], self.about["control_token"])

    def client(self, service: str) -> Any:
        return client(self.about["url"], service, KEYS)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    record = tmp_path / "calls.jsonl"
    center = IdentityCenter(knobs=Knobs(calls_per_second=20), recorded=to_file(record))
    server = Server(center)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield Started(about=server.about(), record=record)
    server.shutdown()
    thread.join()
    server.server_close()


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
