"""The servers that Debian installs, each with its own TLS: the whole life of both kinds of login.

The whole suite runs on one of them with `make databases PROGRAMS=/usr/lib/postgresql/15/bin`.
"""

from collections.abc import Iterator

import psycopg
import pytest

from local import postgres
from local.databases import make_databases
from local.postgres import Postgres
from local.postgres_process import PROGRAMS, with_tls
from pam.domain.session import Session
from tests.postgres.bank import Bank, connect, is_cut, is_let_in, now

INSTALLED = list(with_tls())
pytestmark = pytest.mark.skipif(not INSTALLED, reason="no PostgreSQL of Debian's is installed")


@pytest.fixture(scope="module", params=INSTALLED, ids=lambda folder: folder.parent.name)
def another(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postgres]:
    folder = tmp_path_factory.mktemp("another") / "postgres"
    with pytest.MonkeyPatch.context() as only_here:
        only_here.setenv(PROGRAMS, str(request.param))
        server = postgres.start(folder)
    yield server
    postgres.stop(folder)


@pytest.fixture(scope="module")
def documents(another: Postgres) -> dict[str, dict[str, object]]:
    return {account.secret: account.document(another) for account in make_databases(another)}


@pytest.fixture
def bank(another: Postgres, documents: dict[str, dict[str, object]]) -> Iterator[Bank]:
    bank = Bank(another, documents)
    yield bank
    bank.clean_up()


def sessions(bank: Bank) -> list[Session]:
    return [bank.session(), bank.reports_session()]


def test_the_server_itself_encrypts_and_takes_no_login_without(bank: Bank) -> None:
    with bank.server.superuser() as root:
        (own,) = root.execute(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchone() or [None]
    assert own is True
    session = bank.activated(bank.session())
    lease = bank.users.lease(session, now())
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect(lease, sslmode="disable")
    bank.users.end(session, now())


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("number", [0, 1], ids=["a user", "an account"])
def test_a_login_is_lent_used_and_taken_back(bank: Bank, number: int) -> None:
    session = bank.activated(sessions(bank)[number])
    issuer = bank.issuer_of(session)
    lease = issuer.lease(session, now())
    opened = connect(lease)
    assert opened.pgconn.ssl_in_use
    receipt = issuer.end(session, now())
    assert receipt.method == "login-refused"
    assert is_cut(opened)
    assert not is_let_in(lease)


def test_a_second_borrower_gets_another_password_and_a_user_leaves_nothing(bank: Bank) -> None:
    leases = []
    for _ in range(2):
        for session in map(bank.activated, sessions(bank)):
            leases.append(bank.issuer_of(session).lease(session, now()))
            bank.issuer_of(session).end(session, now())
    assert len({lease.password for lease in leases}) == len(leases)
    assert bank.roles() == {}
