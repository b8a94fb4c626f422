"""The database goes away, for real, at the worst moments."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import postgres
from local.databases import make_databases
from local.postgres import Postgres
from pam.domain.errors import IssuerUnavailable, Unreached
from pam.postgres import login
from tests.postgres.bank import Bank, is_let_in, now


class Interrupted:
    """A server of its own, which a test may stop and start."""

    def __init__(self, folder: Path) -> None:
        self.server: Postgres = postgres.start(folder)

    def stop(self) -> None:
        self.server.end()

    def start(self) -> None:
        """On the port of before: whoever else may have got it for a moment gives it back."""
        folder, password, port = self.server.folder, self.server.password, self.server.port
        tries = (postgres.start_again(folder, password, port) for _ in range(5))
        self.server = next(filter(None, tries))


@pytest.fixture(autouse=True)
def _asks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "_INSIST_SECONDS", 0.0)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Interrupted]:
    machine = Interrupted(tmp_path / "postgres")
    yield machine
    postgres.stop(machine.server.folder)


@pytest.fixture
def bank(machine: Interrupted) -> Bank:
    accounts = {a.secret: a.document(machine.server) for a in make_databases(machine.server)}
    return Bank(machine.server, accounts)


@pytest.mark.guarantee("G6")
def test_at_activation_nothing_is_made(bank: Bank, machine: Interrupted) -> None:
    session, reports = bank.session(), bank.reports_session()
    bank.reports.reserve(reports, now())
    machine.stop()
    with pytest.raises(Unreached):
        bank.users.activate(session, now())
    with pytest.raises(Unreached):
        bank.reports.activate(reports, now())
    assert bank.reports.end(reports, now()).method == "never-granted"
    assert bank.secrets.rotations == []
    assert bank.checkouts.held == {}
    machine.start()
    assert bank.roles() == {}


@pytest.mark.guarantee("G6")
def test_at_the_end_it_is_not_said_until_the_server_is_back_and_refuses(
    bank: Bank, machine: Interrupted
) -> None:
    session = bank.activated(bank.session())
    reports = bank.activated(bank.reports_session())
    leases = [bank.users.lease(session, now()), bank.reports.lease(reports, now())]
    machine.stop()
    for ending in (session, reports):
        with pytest.raises(IssuerUnavailable) as told:
            bank.issuer_of(ending).end(ending, now())
        assert not any(lease.password in str(told.value) for lease in leases)
        assert told.value.__cause__ is None
    bank.secrets.settle()
    machine.start()
    assert is_let_in(leases[0]), "nothing was done while it was down"
    for ending in (session, reports):
        assert bank.issuer_of(ending).end(ending, now()).method == "login-refused"
    assert not any(is_let_in(lease) for lease in leases)
    assert bank.roles() == {}
    bank.secrets.settle()


def test_a_lease_is_refused_while_it_is_down(bank: Bank, machine: Interrupted) -> None:
    session = bank.activated(bank.session())
    machine.stop()
    with pytest.raises(IssuerUnavailable):
        bank.users.lease(session, now())
    machine.start()
    assert is_let_in(bank.users.lease(session, now()))
    bank.users.end(session, now())
