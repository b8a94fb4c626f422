"""No access is made where its borrower could keep PAM out of the server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from local.state import ROOT
from pam.domain.errors import IssuerUnavailable, Unreached
from pam.ports.targets import DatabaseLogin
from pam.postgres import login
from pam.postgres.login import Connection, Databases
from tests.postgres.bank import LEDGER_SECRET, Bank, connect, now

SINCE_16 = 160_000


@contextmanager
def without(bank: Bank, taken: str, given: str) -> Iterator[None]:
    with bank.server.superuser() as connection:
        connection.execute(taken)  # type: ignore[call-overload]
        try:
            yield
        finally:
            connection.execute(given)  # type: ignore[call-overload]


def version(bank: Bank) -> int:
    with bank.server.superuser() as connection:
        return connection.info.server_version


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("pam_issuer", lambda bank: bank.session()),
        ("pam_mender", lambda bank: bank.reports_session()),
    ],
)
def test_without_a_slot_of_its_own_nothing_is_made_and_the_statements_are_told(
    bank: Bank, name: str, made: Callable[[Bank], object]
) -> None:
    if version(bank) < SINCE_16:
        pytest.skip("no slots can be kept for a role")
    session = made(bank)
    bank.issuer_of(session).reserve(session, now())  # type: ignore[arg-type]
    taken = f"REVOKE pg_use_reserved_connections FROM {name}"
    with (
        without(bank, taken, f"GRANT pg_use_reserved_connections TO {name}"),
        pytest.raises(Unreached) as told,
    ):
        bank.issuer_of(session).activate(session, now())  # type: ignore[arg-type]
    assert "ALTER SYSTEM SET reserved_connections = 10" in str(told.value.detail)
    assert f'GRANT pg_use_reserved_connections TO "{name}"' in str(told.value.detail)
    assert bank.roles() == {}
    assert bank.secrets.rotations == []


@pytest.mark.guarantee("G5")
def test_up_to_15_the_limits_of_all_sessions_leave_room(bank: Bank) -> None:
    if version(bank) >= SINCE_16:
        pytest.skip("slots are kept for PAM's own login")
    bank.activated(bank.session(connection_limit="100"))
    bank.activated(bank.session(connection_limit="100"))
    with pytest.raises(Unreached, match="200 of the server's"):
        bank.users.activate(bank.session(connection_limit="100"), now())


def test_a_sessions_user_has_the_limit_that_the_catalogue_says_or_five(bank: Bank) -> None:
    chosen, stored_before = bank.session(connection_limit="7"), bank.session()
    for session, limit in ((chosen, 7), (stored_before, 5)):
        bank.activated(session)
        with bank.server.superuser() as connection:
            found = "SELECT rolconnlimit FROM pg_roles WHERE rolname = %s"
            user = f"pam_{session.session_id.lower()}"
            assert connection.execute(found, [user]).fetchone() == (limit,)


def test_where_transactions_can_be_prepared_pam_must_reach_each_database(bank: Bank) -> None:
    if version(bank) < SINCE_16:
        pytest.skip("PAM's login has the group's rights, and so reaches what the group does")
    with bank.server.superuser() as connection:
        connection.execute("CREATE DATABASE apart")
        connection.execute("REVOKE CONNECT ON DATABASE apart FROM PUBLIC")
        connection.execute("GRANT CONNECT ON DATABASE apart TO ledger_operators")
    try:
        with pytest.raises(Unreached, match="apart, which PAM's login may not enter"):
            bank.users.activate(bank.session(), now())
        assert bank.roles() == {}
    finally:
        with bank.server.superuser() as connection:
            connection.execute(sql.SQL("DROP DATABASE apart"))


@pytest.mark.parametrize(
    ("by_hand", "undone", "told"),
    [
        ("ALTER ROLE reports NOLOGIN", "ALTER ROLE reports LOGIN", "may not log in"),
        (
            "REVOKE reports FROM pam_mender",
            "GRANT reports TO pam_mender WITH ADMIN OPTION",
            "does not administer",
        ),
    ],
)
def test_an_account_that_could_not_be_taken_back_is_not_lent(
    bank: Bank, by_hand: str, undone: str, told: str
) -> None:
    session = bank.reports_session()
    bank.reports.reserve(session, now())
    with without(bank, by_hand, undone), pytest.raises(Unreached, match=told):
        bank.reports.activate(session, now())
    assert bank.secrets.rotations == []


def test_an_end_asks_again_for_a_connection_and_nobody_else_does(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, refusals = Databases.connect, iter(["too many clients"] * 2)
    monkeypatch.setattr(login, "_ASK_AGAIN_AFTER", 0.01)

    def crowded(self: Databases, wanted: DatabaseLogin) -> Connection:
        for text in refusals:
            raise psycopg.OperationalError(text)
        return connect(self, wanted)

    monkeypatch.setattr(Databases, "connect", crowded)
    place = bank.secrets.login(LEDGER_SECRET)
    with pytest.raises(IssuerUnavailable), bank.databases.opened(place, "a lease"):
        pass
    with bank.databases.opened(place, "an end", for_an_end=True) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_an_owner_can_keep_the_lock_table_from_being_filled_by_the_statement_of_the_docs(
    bank: Bank,
) -> None:
    page = (ROOT / "docs" / "databases.md").read_text()
    statement = page[page.index("  DO $$") : page.index("  END $$;") + len("  END $$;")]
    with bank.server.superuser() as connection:
        connection.execute("CREATE DATABASE core_closed")
        connection.execute("CREATE ROLE anybody LOGIN PASSWORD 'anybody'")
    try:
        with bank.server.superuser("core_closed") as connection:
            connection.execute(statement)  # type: ignore[call-overload]
        login = bank.secrets.login(LEDGER_SECRET)
        with connect(login, user="anybody", password="anybody", dbname="core_closed") as connection:
            for taking in (
                "SELECT pg_advisory_lock(i) FROM generate_series(1, 2) AS i",
                "SELECT pg_try_advisory_xact_lock_shared(46, 1)",
                "SELECT lo_create(0)",
                "SELECT lo_from_bytea(0, 'x')",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(taking)  # type: ignore[call-overload]
    finally:
        with bank.server.superuser() as connection:
            connection.execute("DROP DATABASE core_closed WITH (FORCE)")
            connection.execute("DROP ROLE anybody")


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize(
    ("gives", "takes"),
    [
        ("ALTER ROLE ledger_operators CREATEROLE", "ALTER ROLE ledger_operators NOCREATEROLE"),
        (
            "GRANT pg_signal_backend TO ledger_operators",
            "REVOKE pg_signal_backend FROM ledger_operators",
        ),
    ],
)
def test_a_group_that_could_hold_up_its_own_end_is_not_lent(
    bank: Bank, gives: str, takes: str
) -> None:
    with bank.server.superuser() as owner:
        owner.execute(gives)  # type: ignore[call-overload]
        try:
            with pytest.raises(Unreached, match="ledger_operators is not lent"):
                bank.activated(bank.session())
        finally:
            owner.execute(takes)  # type: ignore[call-overload]
    assert bank.roles() == {}
