"""A PostgreSQL server of the tests' own, gone when they are over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import postgres
from local.databases import make_databases
from local.postgres import Postgres
from pam.postgres import left_behind, secret_issuer
from tests.postgres.bank import Bank


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    folder = tmp_path_factory.mktemp("server") / "postgres"
    yield postgres.start(folder)
    postgres.stop(folder)


@pytest.fixture(scope="session")
def _accounts(server: Postgres) -> dict[str, dict[str, object]]:
    return {account.secret: account.document(server) for account in make_databases(server)}


@pytest.fixture(autouse=True)
def thorough(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, all that a session left is looked at before its end."""
    monkeypatch.setattr(left_behind, "_WITHIN_SECONDS", 30.0)


@pytest.fixture
def asks_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_issuer, "_ASK_AGAIN_AFTER_SECONDS", 0.2)


@pytest.fixture
def bank(server: Postgres, _accounts: dict[str, dict[str, object]]) -> Iterator[Bank]:
    """The databases as the local stack has them, with secrets in memory."""
    bank = Bank(server, _accounts)
    yield bank
    bank.clean_up()
