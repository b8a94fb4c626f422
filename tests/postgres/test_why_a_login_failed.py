"""Why the server did not let PAM in: its code and what that means, and never its words."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import psycopg
import pytest

from local.postgres import Postgres
from pam.domain.errors import IssuerUnavailable, Unreached
from pam.ports.targets import DatabaseLogin
from pam.postgres.login import Databases, why_not

PLAIN = Databases(sslmode="disable")
SECRET = "of-nobody-else"


@contextmanager
def answering(severity: str, code: str, words: str) -> Iterator[DatabaseLogin]:
    """A server that answers each start-up with this error, as proxies and poolers do."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        fields = b"".join(
            key + value.encode() + b"\0"
            for key, value in ((b"S", severity), (b"V", severity), (b"C", code), (b"M", words))
        )
        error = b"E" + (len(fields) + 5).to_bytes(4) + fields + b"\0"

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(4096)
                        connection.sendall(error)

        threading.Thread(target=serve, daemon=True).start()
        host, port = listener.getsockname()
        yield DatabaseLogin(host=host, port=port, dbname="d", username="pam", password=SECRET)
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


# a server's error -> what is told
ANSWERS = {
    (
        "0A000",
        "Feature not supported: RDS Proxy currently does not support command-line options.",
    ): ("0A000, a proxy before the server refuses PAM's settings (options)"),
    ("08P01", "unsupported startup parameter in options: search_path"): (
        "08P01, a pooler before the server refuses PAM's settings (options)"
    ),
    ("53300", "sorry, too many clients already"): "53300, no connection is free",
    ("57P03", "the database system is starting up"): "57P03, the server is starting",
    ("28000", 'no pg_hba.conf entry for host "10.0.0.5", user "pam", no encryption'): (
        "28000, the server's pg_hba.conf has no entry for PAM's login"
    ),
    ("28P01", "Passwort-Authentifizierung fehlgeschlagen"): "OperationalError",
}


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_refusal_before_the_login_is_told_by_its_code(answer: tuple[str, str]) -> None:
    with answering("FATAL", *answer) as login, pytest.raises(Unreached) as told:
        PLAIN.reached(login)
    where = f"the database at {login.host}:{login.port} did not let PAM in: "
    assert told.value.detail.startswith(f"{where}{ANSWERS[answer]}")
    assert SECRET not in repr(told.value)
    assert told.value.__cause__ is None
    assert answer[1] not in told.value.detail


def login_of(server: Postgres) -> DatabaseLogin:
    return DatabaseLogin(
        host=server.host,
        port=server.port,
        dbname="postgres",
        username="postgres",
        password=server.password,
    )


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"password": SECRET}, "28P01, the password is refused"),
        ({"dbname": "no-such"}, "3D000, there is no such database"),
        ({"port": 1}, "nothing listens there"),
        ({"username": "no_such_user"}, "28P01, the password is refused"),
    ],
)
def test_a_real_server_s_refusal_is_told_by_its_code(
    server: Postgres, changed: dict[str, str], says: str
) -> None:
    login = replace(login_of(server), **changed)  # type: ignore[arg-type]
    known = Databases(sslmode="verify-full", root_certificate=str(server.authority))
    with pytest.raises(Unreached, match=says):
        known.reached(login)
    with pytest.raises(IssuerUnavailable, match=f"to look: {says}"), known.opened(login, "to look"):
        pass


def test_after_the_login_the_server_s_own_code_is_told() -> None:
    assert why_not(psycopg.errors.InsufficientPrivilege("x")) == "42501"
