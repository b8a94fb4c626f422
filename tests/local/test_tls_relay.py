"""The relay before a server without TLS does what a server with TLS does."""

import contextlib
import socket
import ssl
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.certificates import Authority
from tests.local.relayed import behind, relay

pytestmark = pytest.mark.enable_socket

ASKS_TLS = struct.pack("!II", 8, 80877103)
ASKS_GSS = struct.pack("!II", 8, 80877104)
CANCEL = struct.pack("!IIII", 16, 80877102, 4711, 42)
START = struct.pack("!II", 17, 196608) + b"user\0pam\0"
A_MEGABYTE = b"0123456789abcdef" * 65536


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.new()


@pytest.fixture(scope="module")
def key(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("relay") / "server.pem"
    file.write_bytes(authority.server("localhost"))
    return file


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with behind() as listener:
        yield listener


@pytest.fixture
def port(key: Path, server: socket.socket) -> Iterator[int]:
    with relay(key, server.getsockname()[1]) as port:
        yield port


@pytest.fixture
def client(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        yield client


def encrypted(client: socket.socket, authority: Authority) -> ssl.SSLSocket:
    client.sendall(ASKS_TLS)
    assert client.recv(1) == b"S"
    known = ssl.create_default_context(cadata=authority.pem)
    return known.wrap_socket(client, server_hostname="localhost")


def exactly(stream: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size and (more := stream.recv(size - len(read))):
        read += more
    return read


def reaches(server: socket.socket) -> bool:
    """Whether anything that a client sent comes to the server; the relay has let go of both."""
    try:
        connection, _ = server.accept()
    except TimeoutError:
        return False
    with connection:
        connection.settimeout(10)
        return bool(connection.recv(1))


def test_both_directions_go_through_as_they_are(
    client: socket.socket, server: socket.socket, authority: Authority
) -> None:
    with encrypted(client, authority) as talk:
        behind_it, _ = server.accept()
        with behind_it:
            talk.sendall(START)
            assert exactly(behind_it, len(START)) == START
            behind_it.sendall(A_MEGABYTE)
            assert exactly(talk, len(A_MEGABYTE)) == A_MEGABYTE


def test_the_servers_last_words_arrive_before_the_end(
    client: socket.socket, server: socket.socket, authority: Authority
) -> None:
    with encrypted(client, authority) as talk:
        behind_it, _ = server.accept()
        behind_it.sendall(A_MEGABYTE)
        behind_it.close()
        assert exactly(talk, len(A_MEGABYTE) + 1) == A_MEGABYTE


@pytest.mark.parametrize("gently", [True, False])
def test_a_client_that_goes_away_is_gone_for_the_server(
    client: socket.socket, server: socket.socket, authority: Authority, gently: bool
) -> None:
    talk = encrypted(client, authority)
    behind_it, _ = server.accept()
    with behind_it:
        behind_it.settimeout(10)
        talk.sendall(START)
        assert exactly(behind_it, len(START)) == START
        if not gently:
            talk.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        talk.close()
        assert behind_it.recv(1) == b""


def test_gss_encryption_is_declined_and_tls_may_follow(
    client: socket.socket, authority: Authority
) -> None:
    client.sendall(ASKS_GSS)
    assert client.recv(1) == b"N"
    encrypted(client, authority).close()


def test_a_cancellation_needs_no_encryption(client: socket.socket, server: socket.socket) -> None:
    client.sendall(CANCEL)
    behind_it, _ = server.accept()
    with behind_it:
        assert exactly(behind_it, len(CANCEL)) == CANCEL
        behind_it.setblocking(False)
        with pytest.raises(BlockingIOError):
            behind_it.recv(1)
    assert client.recv(1) == b""


def test_a_login_without_tls_is_refused_and_does_not_reach_the_server(
    client: socket.socket, server: socket.socket
) -> None:
    server.settimeout(0.2)
    client.sendall(START)
    answer = exactly(client, 1000)
    assert answer[:1] == b"E"
    assert struct.unpack("!I", answer[1:5])[0] == len(answer) - 1
    assert b"C28000\0" in answer
    assert not reaches(server)


def test_what_was_slipped_in_before_the_encryption_does_not_reach_the_server(
    client: socket.socket, server: socket.socket
) -> None:
    client.sendall(ASKS_TLS + START)
    assert client.recv(1) == b"S"
    assert not reaches(server)


@pytest.mark.parametrize(
    "start",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("!II", 7, 80877103),
        struct.pack("!II", 9, 80877103) + b"x",
        struct.pack("!II", 0xFFFFFFFF, 196608),
        struct.pack("!II", 20000, 196608),
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
    ],
    ids=["http", "short", "long question", "huge", "too long", "tls at once"],
)
def test_what_does_not_begin_as_the_protocol_says_is_cut(
    client: socket.socket, start: bytes
) -> None:
    client.sendall(start)
    with contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""


def test_while_the_server_is_down_nobody_is_answered(key: Path) -> None:
    with behind() as server:
        port_of_nobody = server.getsockname()[1]
    with (
        relay(key, port_of_nobody) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as client,
    ):
        client.sendall(ASKS_TLS)
        assert client.recv(1) == b""
