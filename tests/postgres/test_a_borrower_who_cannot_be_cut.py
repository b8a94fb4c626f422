"""What holds up the proof of an end holds up nothing else: the rights are gone at once."""

from dataclasses import replace

import pytest

from pam.domain.errors import IssuerUnavailable
from pam.postgres import shutting
from tests.postgres.bank import Bank, connect, is_let_in, now


@pytest.mark.guarantee("G5")
def test_a_row_that_nobody_can_free_keeps_no_right_of_the_session(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that holds the user's row, prepared as a role that PAM cannot become."""
    with bank.server.superuser() as owner:
        for statement in (
            "CREATE ROLE helper LOGIN PASSWORD 'theirs'",
            "CREATE ROLE team",
            "GRANT team TO helper WITH ADMIN OPTION",
        ):
            owner.execute(statement)  # type: ignore[call-overload]
        session = bank.activated(bank.session())
        lease = bank.users.lease(session, now())
        helper = connect(replace(lease, username="helper", password="theirs", dbname="postgres"))
        helper.execute(f"GRANT team TO {lease.username}")  # type: ignore[call-overload]
        borrower = connect(lease)
        for statement in (
            "BEGIN",
            "ALTER ROLE SESSION_USER PASSWORD 'mine-for-ever'",
            "SET ROLE team",
            "PREPARE TRANSACTION 'out of reach'",
        ):
            borrower.execute(statement)  # type: ignore[call-overload]
        helper.execute(f"REVOKE team FROM {lease.username}")  # type: ignore[call-overload]
        try:
            with monkeypatch.context() as impatient:
                impatient.setattr(shutting, "_WITHIN_SECONDS", 1.0)
                with pytest.raises(IssuerUnavailable):
                    bank.users.end(session, now())
            assert not is_let_in(lease), "into what was lent"
            elsewhere = connect(replace(lease, dbname="postgres"))
            in_group = "SELECT pg_has_role(%s, 'ledger_operators', 'MEMBER')"
            assert elsewhere.execute(in_group, [lease.username]).fetchone() == (False,)
            elsewhere.close()
        finally:
            with bank.server.superuser("core_ledger") as there:
                there.execute("ROLLBACK PREPARED 'out of reach'")
            assert bank.users.end(session, now()).method == "login-refused"
            helper.close()
            owner.execute("DROP ROLE team, helper")


@pytest.mark.guarantee("G16")
def test_a_look_at_what_was_left_runs_nothing_of_the_borrowers(bank: Bank) -> None:
    """Where pg_cron is not installed, anybody who may make a schema may call one `cron`."""
    with bank.server.superuser("core_ledger") as owner:
        owner.execute("GRANT CREATE ON DATABASE core_ledger TO ledger_operators")
        try:
            session = bank.activated(bank.session())
            borrower = connect(bank.users.lease(session, now()))
            for statement in (
                "CREATE SCHEMA cron",
                "CREATE TABLE cron.seen (who text)",
                "CREATE FUNCTION cron.run() RETURNS text LANGUAGE sql AS"
                " 'INSERT INTO cron.seen VALUES (current_user) RETURNING 1'",
                "CREATE VIEW cron.job AS SELECT cron.run() AS jobid, ''::text AS schedule,"
                " rolname AS username FROM pg_roles",
                "GRANT USAGE ON SCHEMA cron TO PUBLIC",
                "GRANT ALL ON ALL TABLES IN SCHEMA cron TO PUBLIC",
            ):
                borrower.execute(statement)  # type: ignore[call-overload]
            left = bank.users.end(session, now()).left
            assert owner.execute("SELECT * FROM cron.seen").fetchall() == []
            assert "owns schema cron" in left
        finally:
            owner.execute("DROP SCHEMA IF EXISTS cron CASCADE")
            owner.execute("REVOKE CREATE ON DATABASE core_ledger FROM ledger_operators")
