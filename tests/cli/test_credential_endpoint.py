"""The loopback endpoint answers the child of `pam exec`, and nobody else who can reach it."""

import base64
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from cli import container_credentials
from cli.child_environment import TOKEN, URI
from cli.container_credentials import CredentialEndpoint
from cli.current_lease import Over
from cli.lease import AwsLease
from cli.problems import ApiProblem, Failure

LEASE = AwsLease(
    access_key_id="ASIALEASED",
    secret_access_key="se'cret",
    session_token="token==",
    region="eu-west-1",
    session_id="01JD8XGZ6Q3M4V5N6P7R8S9T0A",
    expires_at="2126-11-20T01:35:00.750Z",
)


@dataclass
class Lender:
    failure: Failure | None = None
    asked: list[int] = field(default_factory=list)

    def __call__(self) -> AwsLease:
        self.asked.append(1)
        if self.failure:
            raise self.failure
        return LEASE


@dataclass(frozen=True)
class Door:
    endpoint: CredentialEndpoint
    lender: Lender

    @property
    def host(self) -> str:
        return urlsplit(self.endpoint.environment[URI]).netloc

    @property
    def token(self) -> str:
        return self.endpoint.environment[TOKEN]

    def knocks(self, raw: str) -> tuple[int | None, dict[str, str], bytes]:
        """Status, headers and body of the answer to these very bytes."""
        said = raw.format(host=self.host, token=self.token, port=self.host.split(":")[1])
        address, port = self.host.split(":")
        with socket.create_connection((address, int(port)), timeout=10) as connection:
            connection.sendall(said.replace("\n", "\r\n").encode())
            answer = http.client.HTTPResponse(connection)
            try:
                answer.begin()
            except (http.client.HTTPException, ConnectionError):
                return None, {}, b""
            return answer.status, dict(answer.getheaders()), answer.read()


@pytest.fixture
def door(socket_enabled: None) -> Iterator[Door]:
    lender = Lender()
    with CredentialEndpoint(lender) as endpoint:
        yield Door(endpoint, lender)


RIGHT = "GET /lease HTTP/1.1\nHost: {host}\nAuthorization: {token}\n\n"


def test_the_child_gets_the_lease_in_the_form_of_the_sdks(door: Door) -> None:
    status, headers, body = door.knocks(RIGHT)
    assert status == 200
    assert json.loads(body) == {
        "AccessKeyId": "ASIALEASED",
        "SecretAccessKey": "se'cret",
        "Token": "token==",
        "Expiration": "2126-11-20T01:35:00Z",
    }
    assert headers["Cache-Control"] == "no-store"
    assert headers.keys().isdisjoint({"Server", "Date", "Access-Control-Allow-Origin"})


WRONG = {
    "no token": "GET /lease HTTP/1.1\nHost: {host}\n\n",
    "an empty token": "GET /lease HTTP/1.1\nHost: {host}\nAuthorization:\n\n",
    "another token": "GET /lease HTTP/1.1\nHost: {host}\nAuthorization: x\n\n",
    "more than the token": "GET /lease HTTP/1.1\nHost: {host}\nAuthorization: {token}x\n\n",
    "a scheme before it": "GET /lease HTTP/1.1\nHost: {host}\nAuthorization: Bearer {token}\n\n",
    "no ASCII": "GET /lease HTTP/1.1\nHost: {host}\nAuthorization: {token}é\n\n",
    "two tokens": "GET /lease HTTP/1.1\nHost: {host}\nAuthorization: {token}\n"
    "Authorization: {token}\n\n",
    "in the path": "GET /lease?token={token} HTTP/1.1\nHost: {host}\n\n",
    "a rebound name": "GET /lease HTTP/1.1\nHost: evil.example:{port}\nAuthorization: {token}\n\n",
    "another name": "GET /lease HTTP/1.1\nHost: localhost:{port}\nAuthorization: {token}\n\n",
    "no port": "GET /lease HTTP/1.1\nHost: 127.0.0.1\nAuthorization: {token}\n\n",
    "no host": "GET /lease HTTP/1.1\nAuthorization: {token}\n\n",
    "two hosts": "GET /lease HTTP/1.1\nHost: {host}\nHost: evil\nAuthorization: {token}\n\n",
    "the root": "GET / HTTP/1.1\nHost: {host}\nAuthorization: {token}\n\n",
    "below it": "GET /lease/ HTTP/1.1\nHost: {host}\nAuthorization: {token}\n\n",
    "a query": "GET /lease?x HTTP/1.1\nHost: {host}\nAuthorization: {token}\n\n",
    "a whole URL": "GET http://{host}/lease HTTP/1.1\nHost: {host}\nAuthorization: {token}\n\n",
    "POST": "POST /lease HTTP/1.1\nHost: {host}\nAuthorization: {token}\nContent-Length: 0\n\n",
    "HEAD": "HEAD /lease HTTP/1.1\nHost: {host}\nAuthorization: {token}\n\n",
    "OPTIONS": "OPTIONS /lease HTTP/1.1\nHost: {host}\nOrigin: http://evil\n\n",
    "HTTP/2": "PRI * HTTP/2.0\n\nSM\n\n",
    "no HTTP": "EHLO\n\n",
}


@pytest.mark.parametrize("case", WRONG)
def test_whatever_else_comes_is_told_nothing(
    door: Door, case: str, capfd: pytest.CaptureFixture[str]
) -> None:
    status, _, body = door.knocks(WRONG[case])
    assert (status, body) == (403, b"")
    assert door.lender.asked == []
    assert capfd.readouterr() == ("", "")


def test_the_token_is_compared_in_constant_time(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, own: bytes) -> bool:
        compared.append((given, own))
        return given == own

    monkeypatch.setattr(container_credentials, "compare_digest", compare)
    door.knocks(WRONG["another token"])
    assert compared == [(b"x", door.token.encode())]


def test_each_endpoint_has_a_port_and_a_token_of_256_bits_of_its_own(door: Door) -> None:
    with CredentialEndpoint(door.lender) as other:
        assert other.environment[URI] != door.endpoint.environment[URI]
        assert other.environment[TOKEN] != door.token
    assert len(base64.urlsafe_b64decode(door.token + "=")) == 32
    assert door.host.startswith("127.0.0.1:")


def test_after_the_end_the_sdk_is_told_why(door: Door) -> None:
    door.lender.failure = Over("the session X is over; ask for another")
    status, _, body = door.knocks(RIGHT)
    said = {"code": "CONFLICT", "message": "the session X is over; ask for another"}
    assert (status, json.loads(body)) == (403, said)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure("nothing answers", transient=True), "CLIENT"),
        (ApiProblem(code="THROTTLED", detail="later", status=429), "THROTTLED"),
    ],
)
def test_what_may_pass_is_said_so_that_sdks_try_again(
    door: Door, failure: Failure, code: str
) -> None:
    door.lender.failure = failure
    status, _, body = door.knocks(RIGHT)
    assert (status, json.loads(body)["code"]) == (503, code)


def test_it_is_gone_with_the_child(socket_enabled: None) -> None:
    with CredentialEndpoint(Lender()) as endpoint:
        address = urlsplit(endpoint.environment[URI])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=5)


def test_somebody_who_says_nothing_holds_nobody_up(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_credentials._Handler, "timeout", 2)
    address, port = door.host.split(":")
    with socket.create_connection((address, int(port)), timeout=10) as silent:
        assert door.knocks(RIGHT)[0] == 200
        assert silent.recv(1) == b""


def test_a_crowd_that_keeps_the_door_gives_way(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody on the machine can connect, and say a byte now and then for ever."""
    monkeypatch.setattr(container_credentials, "_CONNECTIONS", 2)
    monkeypatch.setattr(container_credentials._Handler, "timeout", 10)
    with CredentialEndpoint(Lender()) as endpoint:
        door = Door(endpoint, Lender())
        address, port = door.host.split(":")
        crowd = [socket.create_connection((address, int(port)), timeout=10) for _ in range(4)]
        for each in crowd:
            each.sendall(b"GET /lease")
        assert [door.knocks(RIGHT)[0] for _ in range(3)] == [200, 200, 200]
        assert crowd[0].recv(1) == b""
        for each in crowd:
            each.close()


def test_whoever_has_shown_the_token_is_not_sent_away(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_credentials, "_CONNECTIONS", 1)
    asked, answer = threading.Event(), threading.Event()

    def slow() -> AwsLease:
        asked.set()
        assert answer.wait(10)
        return LEASE

    with CredentialEndpoint(slow) as endpoint, ThreadPoolExecutor(1) as pool:
        door = Door(endpoint, Lender())
        waiting = pool.submit(door.knocks, RIGHT)
        assert asked.wait(10)
        assert [door.knocks(WRONG["another token"])[0] for _ in range(3)] == [403, 403, 403]
        answer.set()
        assert waiting.result(10)[0] == 200
