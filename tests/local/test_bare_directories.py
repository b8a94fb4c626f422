"""What the bench compares with does what it is said to do, and leaves nothing behind."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest

from local.aws import REGION
from local.bench.bare_directories import BareGroup, BarePermissionSet
from local.bench.directory_calls import Directory, calls_of
from local.cast import Cast
from local.identity_center.control import IdentityCenterControl
from local.identity_center.server import Server
from local.identity_center.service import IdentityCenter
from local.okta.control import OktaControl
from tests.local.okta.running import listening

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def center() -> Iterator[tuple[IdentityCenterControl, str]]:
    server = Server(IdentityCenter())
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    about = server.about()
    control = IdentityCenterControl(about["control_url"], about["control_token"])
    yield control, about["url"]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def okta() -> Iterator[tuple[OktaControl, str]]:
    with listening() as running:
        yield running.control, running.about["url"]


def cast_of(name: str, control: Any, url: str) -> Cast:
    """As much of it as the bare forms ask for."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    root = boto3.Session(region_name=REGION, **keys)
    about = {"services": {name: {"url": url}}}
    return cast("Cast", SimpleNamespace(about=about, session=lambda _: root, **{name: control}))


def test_a_bare_permission_set_is_given_and_taken_by_few_calls(
    center: tuple[IdentityCenterControl, str],
) -> None:
    control, url = center
    bare = BarePermissionSet(cast_of("identity_center", control, url))
    stands = control.assignments()
    for act in (bare.start, bare.end):
        before = len(control.calls())
        assert act() > 0
        made = calls_of(Directory.IDENTITY_CENTER, control.calls(after=before))
        assert made["CreateAccountAssignment"] == made["DeleteAccountAssignment"] == 1
        assert made["ProvisionPermissionSet"] == 2
        assert made.total() <= 18
        assert control.assignments() == stands


def test_a_bare_member_is_put_in_and_taken_out_by_few_calls(
    okta: tuple[OktaControl, str],
) -> None:
    control, url = okta
    bare = BareGroup(cast_of("okta", control, url))
    for act in (bare.start, bare.end):
        before = len(control.calls())
        assert act() > 0
        asked = control.calls()[before:]
        assert "token" not in {call["operation"] for call in asked}
        made = calls_of(Directory.OKTA, asked)
        assert made["assignUserToGroup"] == made["unassignUserFromGroup"] == 1
        assert made.total() <= 10
        assert control.members("core-support-admins") == []
