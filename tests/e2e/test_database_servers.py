"""A database server that is not known by its certificate, as the deployed functions meet it."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local.cast import Cast, Person, until
from local.certificates import Authority
from tests.e2e.databases import LEDGER_DB, connect, granted
from tests.local.relayed import answering, certified

SECRET = "bank/core-ledger-db/pam-issuer"
UNTRUSTED = "TLS: the server's certificate is of no authority in database_ca, or has expired"
Place = dict[str, Any]


@contextmanager
def another_authority(folder: Path) -> Iterator[Place]:
    with certified(Authority.new().server("localhost"), folder) as port:
        yield {"port": port}


@contextmanager
def another_name(_: Path) -> Iterator[Place]:
    yield {"host": "127.0.0.1"}


@contextmanager
def no_tls(_: Path) -> Iterator[Place]:
    with answering(b"N") as port:
        yield {"port": port}


@pytest.fixture
def moved(root: Person) -> Iterator[Callable[[Place], str]]:
    """Says in PAM's secret that the server is elsewhere, and answers with the password in it."""
    manager = root.client("secretsmanager")
    works = manager.get_secret_value(SecretId=SECRET)["SecretString"]

    def move(place: Place) -> str:
        changed = {**json.loads(works), **place}
        manager.put_secret_value(SecretId=SECRET, SecretString=json.dumps(changed))
        return str(changed["password"])

    yield move
    manager.put_secret_value(SecretId=SECRET, SecretString=works)


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize(
    ("elsewhere", "told"),
    [
        (another_authority, UNTRUSTED),
        (another_name, "TLS: the server's certificate is of another host"),
        (no_tls, "TLS: the server offers none"),
    ],
    ids=["another authority", "another name", "no TLS"],
)
def test_a_server_that_is_not_known_gets_no_login_and_the_session_fails(
    alice: Person,
    bob: Person,
    carol: Person,
    moved: Callable[[Place], str],
    tmp_path: Path,
    elsewhere: Callable[[Path], AbstractContextManager[Place]],
    told: str,
) -> None:
    with elsewhere(tmp_path) as place:
        password = moved(place)
        session_id = alice.request(LEDGER_DB, duration_seconds=60)["session_id"]
        for approver in (bob, carol):
            assert approver.approve(session_id).status == 200
        failed = alice.wait_for(session_id, "FAILED")
    assert failed["end_reason"].startswith("ISSUER_UNAVAILABLE")
    assert told in failed["end_reason"]
    assert password not in json.dumps(failed)


def test_a_borrower_s_connection_is_encrypted_or_is_none(
    cast: Cast, alice: Person, bob: Person, carol: Person
) -> None:
    session = granted(alice, bob, carol, duration_seconds=60)
    lease = alice.lease(session["session_id"])
    assert lease["sslmode"] == "verify-full"
    with connect(lease) as connection:
        assert connection.pgconn.ssl_in_use
    for changed in ({"sslmode": "disable"}, {"sslrootcert": Authority.new().pem}):
        with pytest.raises(psycopg.OperationalError):
            connect({**lease, **changed})
    alice.post("/pam/end", {"session_id": session["session_id"]})
    until(
        lambda: alice.session(session["session_id"])["status"] == "ENDED" or None, "it to be over"
    )
