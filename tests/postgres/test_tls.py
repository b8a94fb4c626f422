"""Only a server that the configured authority names gets a login, and what is wrong is told."""

import ssl
import threading
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from local import tls_relay
from local.certificates import Authority
from pam.domain.errors import IssuerUnavailable, Unreached
from pam.ports.targets import DatabaseLogin
from pam.postgres.login import Databases
from tests.local.relayed import answering, certified
from tests.postgres.bank import LEDGER_SECRET, Bank, connect, is_cut, now

SECRET = "of-nobody-else"
OURS, ANOTHER = Authority.new(), Authority.new()


def expired() -> bytes:
    return OURS.server("localhost", valid_for=timedelta(days=-1))


UNKNOWN = "TLS: the server's certificate is of no authority in database_ca, or has expired"
EXPIRED = "TLS: the server's certificate has expired"
ANOTHERS = "TLS: the server's certificate is of another host"
NONE = "TLS: the server offers none"
# what is wrong with the server -> how it is made, and what is told
SHOWN = {
    "another authority": (lambda: ANOTHER.server("localhost"), UNKNOWN),
    "expired": (expired, EXPIRED),
    "expired, and of another authority": (
        lambda: ANOTHER.server("localhost", valid_for=timedelta(days=-1)),
        UNKNOWN,
    ),
    "another host": (lambda: OURS.server("elsewhere.example"), ANOTHERS),
    "a longer name": (lambda: OURS.server("localhost.example"), ANOTHERS),
    "a wildcard": (lambda: OURS.server("*"), ANOTHERS),
}
ANSWERED = {
    "plain": (b"N", NONE),
    "no database": (b"HTTP/1.1 400 Bad Request\r\n", "TLS: what answers there is no PostgreSQL"),
    "gone": (b"", "OperationalError"),
    "breaks off": (b"S", "TLS: the connection broke off"),
}


def login(port: int, host: str = "localhost") -> DatabaseLogin:
    return DatabaseLogin(host=host, port=port, dbname="d", username="pam", password=SECRET)


@pytest.fixture
def ours(tmp_path: Path) -> Databases:
    file = tmp_path / "ca.pem"
    file.write_text(OURS.pem)
    return Databases(sslmode="verify-full", root_certificate=str(file))


def assert_refused(known: Databases, at: DatabaseLogin, told: str) -> None:
    with pytest.raises(Unreached) as refused:
        known.reached(at)
    where = f"the database at {at.host}:{at.port} did not let PAM in: "
    assert refused.value.detail.startswith(f"{where}{told}")
    assert SECRET not in repr(refused.value)
    assert refused.value.__cause__ is None
    assert not known.lets_in(at)
    with pytest.raises(IssuerUnavailable, match="to look: "), known.opened(at, "to look"):
        pass


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("wrong", SHOWN)
def test_a_server_by_another_certificate_gets_no_login(
    ours: Databases, tmp_path: Path, wrong: str
) -> None:
    make, told = SHOWN[wrong]
    with certified(make(), tmp_path) as port:
        assert_refused(ours, login(port), told)


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("wrong", ANSWERED)
def test_a_server_without_encryption_gets_no_login(ours: Databases, wrong: str) -> None:
    answer, told = ANSWERED[wrong]
    with answering(answer) as port:
        assert_refused(ours, login(port), told)


def test_an_address_is_not_the_name_in_the_certificate(ours: Databases, tmp_path: Path) -> None:
    with certified(OURS.server("localhost"), tmp_path) as port:
        assert_refused(ours, login(port, "127.0.0.1"), ANOTHERS)


def test_without_the_file_of_certificates_no_server_gets_a_login(
    ours: Databases, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").unlink()
    with certified(OURS.server("localhost"), tmp_path) as port:
        assert_refused(ours, login(port), "TLS: the file of trusted certificates cannot be read")


def test_an_authority_of_the_caller_s_own_decides_nothing(
    ours: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs.pem"
    theirs.write_text(ANOTHER.pem)
    for name in ("PGSSLROOTCERT", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(theirs))
    monkeypatch.setenv("PGSSLMODE", "disable")
    with certified(ANOTHER.server("localhost"), tmp_path) as port:
        assert_refused(ours, login(port), UNKNOWN)


@pytest.mark.parametrize("kind", ["a user for each session", "a rotated account"])
def test_at_a_server_that_is_not_known_nothing_is_made(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The real server, and a configuration that names another authority."""
    session = bank.session() if kind == "a user for each session" else bank.reports_session()
    issuer = bank.issuer_of(session)
    issuer.reserve(session, now())
    file = tmp_path / "ca.pem"
    file.write_text(ANOTHER.pem)
    known = Databases(sslmode="verify-full", root_certificate=str(file))
    monkeypatch.setattr(issuer, "_databases", known)
    with pytest.raises(Unreached, match=UNKNOWN):
        issuer.activate(session, now())
    assert (bank.roles(), bank.secrets.rotations) == ({}, [])


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("made", ["of a user", "of an account"])
def test_an_end_is_not_confirmed_by_a_server_that_is_not_known(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    """A refusal by somebody who only stands in the server's place is no proof."""
    session = bank.activated(bank.session() if made == "of a user" else bank.reports_session())
    issuer = bank.issuer_of(session)
    lease = issuer.lease(session, now())
    monkeypatch.setattr("pam.postgres.login._INSIST_SECONDS", 0.0)
    file = tmp_path / "ca.pem"
    file.write_text(ANOTHER.pem)
    with monkeypatch.context() as meanwhile:
        known = Databases(sslmode="verify-full", root_certificate=str(file))
        meanwhile.setattr(issuer, "_databases", known)
        with pytest.raises(IssuerUnavailable):
            issuer.end(session, now())
    connect(lease).close()
    assert issuer.end(session, now()).method == "login-refused"


def test_a_lease_is_of_use_with_tls_only(bank: Bank) -> None:
    session = bank.activated(bank.session())
    lease = bank.users.lease(session, now())
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect(lease, sslmode="disable")
    with connect(lease) as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute("SELECT 1").fetchone() == (1,)
    bank.users.end(session, now())


def test_a_query_is_cancelled_and_a_connection_cut_through_tls(bank: Bank) -> None:
    login = bank.secrets.login(LEDGER_SECRET)
    with bank.databases.connect(login) as connection, bank.server.superuser() as root:
        at_work = "SELECT FROM pg_stat_activity WHERE pid = %s AND state = 'active'"

        def cancel() -> None:
            while root.execute(at_work, [connection.info.backend_pid]).fetchone() is None:
                pass
            connection.cancel()

        cancelling = threading.Thread(target=cancel)
        cancelling.start()
        with pytest.raises(psycopg.errors.QueryCanceled, match="user request"):
            connection.execute("SELECT pg_catalog.pg_sleep(60)")
        cancelling.join()
        root.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
        # The server's last words, and not only a connection that is gone.
        with pytest.raises(psycopg.errors.AdminShutdown):
            connection.execute("SELECT 1")
        assert is_cut(connection)


def test_a_server_that_speaks_an_old_tls_only_gets_no_login(
    ours: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def old(file: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.load_cert_chain(file)
        return context

    monkeypatch.setattr(tls_relay, "context_of", old)
    with (
        pytest.warns(DeprecationWarning, match="TLSv1"),
        certified(OURS.server("localhost"), tmp_path) as port,
    ):
        assert_refused(ours, login(port), "TLS: ")
