"""A server on loopback that speaks just enough of PostgreSQL's protocol to be logged in to: it
takes what a client sends before its password, notes it, and refuses.
"""

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread

_TLS = 80877103
_GSS = 80877104


@dataclass(slots=True)
class Database:
    """`logins` has the parameters that each client began a login with; `wanted` the encryption
    that was asked for before.
    """

    port: int
    tls: ssl.SSLContext | None
    logins: list[dict[str, str]] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)

    def talk(self, connection: socket.socket) -> None:
        while True:
            (length, code) = struct.unpack("!II", _exactly(connection, 8))
            rest = _exactly(connection, length - 8)
            if code == _GSS:
                self.wanted.append("GSS")
                connection.sendall(b"N")
            elif code == _TLS:
                self.wanted.append("TLS")
                connection.sendall(b"S" if self.tls else b"N")
                if self.tls:
                    with self.tls.wrap_socket(connection, server_side=True) as encrypted:
                        self.talk(encrypted)
                    return
            else:
                words = rest.decode().split("\0")
                self.logins.append(dict(zip(words[::2], words[1::2], strict=False)))
                body = b"SFATAL\0C28000\0Mrefused here\0\0"
                connection.sendall(b"E" + struct.pack("!I", len(body) + 4) + body)
                return


@contextmanager
def database(tls: ssl.SSLContext | None = None) -> Iterator[Database]:
    listener = socket.create_server(("127.0.0.1", 0))
    served = Database(port=listener.getsockname()[1], tls=tls)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            # A client that does not like the certificate goes away in the middle.
            with connection, suppress(OSError, EOFError):
                connection.settimeout(20)
                served.talk(connection)

    thread = Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _exactly(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        more = connection.recv(size - len(read))
        if not more:
            raise EOFError
        read += more
    return read
