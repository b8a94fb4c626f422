"""The fake over HTTP: by its control API, with faults of the wire, and as a process of its own."""

import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import urllib3

from local.control import ControlError
from local.okta.control import OktaControl
from local.okta.recording import read
from tests.local.okta.calling import ALICE, GROUP, ISSUER, MEMBER, MEMBERS, Caller, Key
from tests.local.okta.running import Running, listening
from tests.local.started import Started, started_process

pytestmark = pytest.mark.enable_socket

NAME = "core-support-admins"


class OverHttp(Caller):
    """The same caller, over HTTP."""

    def answered(
        self, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        with urllib3.PoolManager(retries=False, timeout=10) as http:
            got = http.request(method, url, headers=headers, body=body, redirect=False)
            return got.status, dict(got.headers), got.data


@pytest.fixture
def running() -> Iterator[Running]:
    with listening() as running:
        yield running


@pytest.fixture
def caller(running: Running) -> Caller:
    return OverHttp(okta=running.server.okta, base_url=running.about["url"].rstrip("/")).sign_in()


def test_a_caller_finds_everything_below_its_address(running: Running, caller: Caller) -> None:
    assert running.about["url"].endswith("/okta/")
    assert caller.call("PUT", MEMBER).status == 204
    got = caller.call("GET", f"{MEMBERS}?limit=1")
    assert [it["id"] for it in got.content] == [ALICE]
    assert f"<{running.about['url']}api/v1/groups/{GROUP}/users?limit=1>" in got.headers["Link"]
    assert running.control.members(NAME) == ["alice@bank.example"]


def test_the_audience_is_where_it_was_found(running: Running, caller: Caller) -> None:
    wrong = caller.assertion(aud="https://bank.okta.com/oauth2/v1/token")
    assert caller.ask_token(assertion=wrong).content["error"] == "invalid_client"


def test_other_paths_are_nobodys(running: Running, caller: Caller) -> None:
    caller.base_url = running.about["url"].removesuffix("/okta/")
    assert caller.call("PUT", MEMBER).status == 404
    assert running.control.members(NAME) == []


def test_people_act_by_the_control_api(running: Running) -> None:
    okta = running.control
    session = okta.sign_in("alice")
    assert not okta.opens(session, NAME)
    okta.add("alice", NAME)
    assert okta.opens(session, NAME)
    assert okta.standing("alice").sessions == (session,)
    okta.remove("alice", NAME)
    assert not okta.opens(session, NAME)
    assert len(okta.events("group.user_membership.add")) == 1


def test_knobs_counts_and_the_way_back(running: Running, caller: Caller) -> None:
    okta = running.control
    assert okta.knobs(lag={"listGroupUsers": 8})["lag"] == {"listGroupUsers": 8}
    okta.add("alice", NAME)
    assert okta.call("counts")["calls"] == {"token": 2}
    okta.forget()
    assert okta.knobs()["lag"] == {}
    assert okta.members(NAME) == []
    assert caller.call("PUT", MEMBER).status == 401
    assert caller.sign_in().call("PUT", MEMBER).status == 204
    assert [it["status"] for it in okta.calls("assignUserToGroup")] == [401, 204]


def test_an_administrator_changes_an_app_and_its_keys(running: Running, caller: Caller) -> None:
    okta = running.control
    okta.call("set_app", client_id=ISSUER, permissions=[])
    assert caller.call("PUT", MEMBER).status == 403
    okta.call("remove_keys", client_id=ISSUER)
    assert caller.ask_token().status == 401
    okta.register_key(ISSUER, caller.key.jwk)
    assert caller.ask_token().status == 200
    okta.call("revoke_tokens")
    assert caller.call("PUT", MEMBER).status == 401


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("nothing", {}),
        ("_verb", {}),
        ("knobs", {"no_such": 1}),
        ("members", {"group": "none"}),
        ("members", {}),
        ("set_app", {"client_id": ISSUER, "keys": []}),
        ("register_key", {"client_id": "0oanobody", "jwk": Key("k").jwk}),
        ("register_key", {"client_id": ISSUER, "jwk": {"kty": "oct", "k": "AA"}}),
    ],
)
def test_the_control_api_refuses(running: Running, verb: str, arguments: dict[str, object]) -> None:
    with pytest.raises(ControlError):
        running.control.call(verb, **arguments)


def test_nobody_acts_without_the_control_token(running: Running) -> None:
    stranger = OktaControl(running.about["control_url"], "none")
    with pytest.raises(ControlError, match="control token"):
        stranger.add("alice", NAME)
    assert running.control.members(NAME) == []


def test_a_lost_answer_is_a_reset_and_a_late_one_late_and_both_were_done(
    running: Running, caller: Caller
) -> None:
    running.control.knobs(answer_lost={"assignUserToGroup": 1})
    with pytest.raises(urllib3.exceptions.ProtocolError):
        caller.call("PUT", MEMBER)
    assert running.control.members(NAME) == ["alice@bank.example"]
    running.control.knobs(slow={"unassignUserFromGroup": 0.2})
    began = time.monotonic()
    assert caller.call("DELETE", MEMBER).status == 204
    assert time.monotonic() - began >= 0.2


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    with started_process("local.okta", tmp_path) as process:
        yield process


def test_it_says_where_it_is_to_its_owner_alone_and_ends_with_its_starter(
    started: Started,
) -> None:
    about = json.loads(started.port_file.read_text())
    assert stat.S_IMODE(started.port_file.stat().st_mode) == 0o600
    assert read(started.record) == []
    with urllib3.PoolManager(retries=False) as http:
        assert http.request("GET", f"{about['url']}api/v1/users/alice").status == 401
    assert [it.operation for it in read(started.record)] == ["getUser"]
    listens = psutil.Process(started.process.pid).net_connections("tcp")
    assert {it.laddr.ip for it in listens if it.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    # However the starter ends, the pipe closes.
    os.close(started.lifeline)
    assert started.process.wait(timeout=60) != 0


def test_it_ends_when_it_is_told_to_and_leaves_no_token(started: Started) -> None:
    started.process.terminate()
    assert started.process.wait(timeout=60) == 0
    assert not started.port_file.exists()
    os.close(started.lifeline)
