"""`postgres-user`, on a real server."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from local.cast import until
from pam.domain.errors import Conflict, IssuerUnavailable
from pam.ports.targets import DatabaseLogin
from pam.postgres import session_user
from pam.postgres.login import Connection, Databases
from pam.postgres.user_issuer import PostgresUserIssuer
from tests.postgres.bank import LEDGER_SECRET, Bank, connect, is_cut, is_let_in, now


def test_a_session_gets_a_user_of_its_own_in_the_group(bank: Bank) -> None:
    session = bank.activated(bank.session())
    lease = bank.users.lease(session, now())
    with connect(lease) as connection:
        who = connection.execute("SELECT session_user").fetchone()
        assert who == (f"pam_{session.session_id.lower()}",)
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (2,)
        connection.execute("UPDATE entries SET cents = cents WHERE id = 1")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM entries")
    bank.users.end(session, now())


@pytest.mark.guarantee("G1")
def test_before_a_lease_nobody_can_log_in_as_it(bank: Bank) -> None:
    session = bank.activated(bank.session())
    assert bank.roles() == {session_user.name_of(session): False}
    bank.users.end(session, now())


@pytest.mark.guarantee("G4")
def test_the_server_itself_ends_the_login_at_the_sessions_end(bank: Bank) -> None:
    session = bank.activated(bank.session())
    over = replace(session, expires_at=now() + timedelta(seconds=0.6))
    lease = bank.users.lease(over, now())
    assert is_let_in(lease)
    assert lease.expires_at == over.expires_at
    while now() <= lease.expires_at + timedelta(milliseconds=20):
        pass
    assert not is_let_in(lease)
    bank.users.end(over, now())


def test_the_user_has_an_end_from_its_first_instant(bank: Bank) -> None:
    bank.users.activate(session := bank.session(seconds=60), now())
    with bank.server.superuser() as connection:
        until = connection.execute(
            "SELECT rolvaliduntil FROM pg_roles WHERE rolname = %s",
            [session_user.name_of(session)],
        ).fetchone()
    assert until is not None
    assert now() < until[0] < now() + timedelta(minutes=4)  # type: ignore[operator]
    bank.users.end(session, now())


@pytest.mark.guarantee("G5")
def test_the_end_cuts_connections_refuses_the_login_and_drops_the_user(bank: Bank) -> None:
    session = bank.activated(bank.session())
    lease = bank.users.lease(session, now())
    opened = [connect(lease) for _ in range(3)]
    receipt = bank.users.end(session, now())
    assert receipt.method == "login-refused"
    assert "dropped, 3 connection(s) cut, login refused" in receipt.evidence
    assert all(is_cut(connection) for connection in opened)
    assert not is_let_in(lease)
    assert bank.roles() == {}


def test_an_end_may_be_repeated(bank: Bank) -> None:
    session = bank.activated(bank.session())
    bank.users.lease(session, now())
    bank.users.end(session, now())
    assert "no such user was there" in bank.users.end(session, now()).evidence


@pytest.mark.guarantee("G5")
def test_two_sessions_on_one_database_do_not_end_each_other(bank: Bank) -> None:
    first, second = (bank.activated(bank.session()) for _ in range(2))
    one, two = bank.users.lease(first, now()), bank.users.lease(second, now())
    assert (one.username, one.password) != (two.username, two.password)
    staying = connect(two)
    bank.users.end(first, now())
    assert not is_let_in(one)
    assert is_let_in(two)
    assert not is_cut(staying)
    bank.users.end(second, now())


def test_a_second_lease_has_a_new_password_and_the_first_is_refused(bank: Bank) -> None:
    session = bank.activated(bank.session())
    first = bank.users.lease(session, now())
    opened = connect(first)
    second = bank.users.lease(session, now())
    assert not is_let_in(first)
    assert is_let_in(second)
    assert not is_cut(opened)
    bank.users.end(session, now())
    assert is_cut(opened)


def test_a_session_with_all_its_connections_open_keeps_the_login_that_it_has(bank: Bank) -> None:
    session = bank.activated(bank.session(connection_limit="2"))
    lease = bank.users.lease(session, now())
    opened = [connect(lease) for _ in range(2)]
    with pytest.raises(Conflict, match="close one and ask again"):
        bank.users.lease(session, now())
    opened.pop().close()
    until(lambda: is_let_in(lease) or None, "the password of before to be taken")
    bank.users.end(session, now())


@pytest.mark.guarantee("G16")
def test_what_the_user_made_is_told_and_goes_to_a_role_without_rights(bank: Bank) -> None:
    session = bank.activated(bank.session())
    with connect(bank.users.lease(session, now())) as connection:
        connection.execute("CREATE TABLE correction (id int)")
    receipt = bank.users.end(session, now())
    assert "kept without a login (2BP01)" in receipt.evidence
    assert receipt.evidence.endswith("left: owns table public.correction")
    assert receipt.left == ("owns table public.correction",)
    assert receipt.traces_until is not None
    bank.users.clear_traces(session, now())
    assert bank.roles() == {}
    with bank.server.superuser("core_ledger") as connection:
        owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'correction'"
        assert connection.execute(owner).fetchone() == ("ledger_quarantine",)


def test_without_such_a_role_it_stays_with_the_user_who_can_do_nothing(bank: Bank) -> None:
    session = bank.session()
    settings = {k: v for k, v in session.target.settings.items() if k != "quarantine_role"}
    session = bank.activated(replace(session, target=replace(session.target, settings=settings)))
    with connect(bank.users.lease(session, now())) as connection:
        connection.execute("CREATE TABLE correction (id int)")
    receipt = bank.users.end(session, now())
    assert receipt.left == ("owns table public.correction",)
    assert receipt.traces_until is None, "nothing is left to do"
    assert bank.roles() == {session_user.name_of(session): False}
    assert bank.users.sessions_at(session.target) == [], "it is not looked for again and again"
    with bank.server.superuser("core_ledger") as connection:
        user = session_user.name_of(session)
        may = "SELECT pg_has_role(%s, 'ledger_operators', 'MEMBER')"
        assert connection.execute(may, [user]).fetchone() == (False,)


def test_what_the_user_made_in_another_database_is_told_and_handed_on_as_well(bank: Bank) -> None:
    session = bank.activated(bank.session())
    lease = bank.users.lease(session, now())
    with bank.server.superuser() as connection:
        connection.execute("CREATE DATABASE core_archive")
        grant = "GRANT CREATE ON DATABASE core_archive TO ledger_operators, ledger_quarantine"
        connection.execute(grant)
    try:
        with connect(lease, dbname="core_archive") as connection:
            connection.execute("CREATE SCHEMA correction")
        receipt = bank.users.end(session, now())
        assert receipt.left == ("owns 1 object(s) in database core_archive",)
        bank.users.clear_traces(session, now())
        assert bank.roles() == {}
        with bank.server.superuser("core_archive") as connection:
            owner = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'correction'"
            assert connection.execute(owner).fetchone() == ("ledger_quarantine",)
    finally:
        with bank.server.superuser() as connection:
            connection.execute("DROP DATABASE core_archive WITH (FORCE)")


def test_a_user_that_cannot_be_dropped_is_kept_without_a_login_and_removed_later(
    bank: Bank,
) -> None:
    session = bank.activated(bank.session())
    lease = bank.users.lease(session, now())
    # Something of its own where PAM has no way in.
    with bank.server.superuser("core_reporting") as connection:
        connection.execute("CREATE TABLE elsewhere (id int)")
        connection.execute(
            sql.SQL("ALTER TABLE elsewhere OWNER TO {}").format(sql.Identifier(lease.username))
        )
    opened = connect(lease)
    receipt = bank.users.end(session, now())
    assert "kept without a login" in receipt.evidence
    assert is_cut(opened)
    assert not is_let_in(lease)
    assert bank.roles() == {lease.username: False}
    with bank.server.superuser() as connection:
        kept = "SELECT rolpassword FROM pg_authid WHERE rolname = %s"
        assert connection.execute(kept, [lease.username]).fetchone() == (None,)
    with pytest.raises(IssuerUnavailable, match="shut"):
        bank.users.lease(session, now())
    with pytest.raises(IssuerUnavailable):
        bank.users.clear_traces(session, now())
    assert bank.users.sessions_at(session.target) == [session.session_id], "it is tried again"
    with bank.server.superuser("core_reporting") as connection:
        connection.execute("DROP TABLE elsewhere")
    bank.users.clear_traces(session, now())
    assert bank.roles() == {}


def test_a_user_dropped_by_hand_gets_no_lease_and_ends_like_any_other(bank: Bank) -> None:
    session = bank.activated(bank.session())
    lease = bank.users.lease(session, now())
    with bank.server.superuser() as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(lease.username)))
    with pytest.raises(IssuerUnavailable, match="dropped by somebody"):
        bank.users.lease(session, now())
    assert bank.roles() == {}
    assert bank.users.end(session, now()).method == "login-refused"


def test_an_activation_that_is_repeated_leaves_a_leased_user_alone(bank: Bank) -> None:
    session = bank.activated(bank.session())
    lease = bank.users.lease(session, now())
    bank.users.activate(session, now())
    assert is_let_in(lease)
    bank.users.end(session, now())


@pytest.mark.guarantee("G9")
def test_an_activation_that_comes_too_late_makes_a_user_that_nobody_can_use(bank: Bank) -> None:
    session = bank.session()
    bank.users.end(session, now())
    bank.users.activate(session, now())
    assert bank.roles() == {session_user.name_of(session): False}
    assert bank.users.sessions_at(session.target) == [session.session_id]
    bank.users.clear_traces(session, now())
    assert bank.roles() == {}


@pytest.mark.parametrize(
    "by_hand",
    [
        "DROP ROLE {user}",
        "REVOKE ledger_operators FROM {user} GRANTED BY pam_issuer",
        "ALTER ROLE {user} NOLOGIN PASSWORD NULL VALID UNTIL 'epoch'",
    ],
)
def test_a_user_that_somebody_took_away_by_hand_is_missing(bank: Bank, by_hand: str) -> None:
    lost, whole = bank.activated(bank.session()), bank.activated(bank.session())
    assert bank.users.missing(whole.target, [lost, whole]) == {}
    with bank.server.superuser() as connection:
        user = sql.Identifier(session_user.name_of(lost))
        connection.execute(sql.SQL(by_hand).format(user=user))
    assert list(bank.users.missing(whole.target, [lost, whole])) == [lost.session_id]
    for session in (lost, whole):
        bank.users.end(session, now())


def test_a_user_that_is_in_another_group_is_none_of_this_targets(bank: Bank) -> None:
    session = bank.activated(bank.session())
    other = bank.session(group_role="pg_monitor")
    assert bank.users.sessions_at(session.target) == [session.session_id]
    assert bank.users.sessions_at(other.target) == []
    assert list(bank.users.missing(other.target, [session])) == [session.session_id]
    bank.users.end(session, now())


def test_with_rds_iam_the_issuer_logs_in_by_name_with_a_token(bank: Bank) -> None:
    stored = bank.secrets.secrets[LEDGER_SECRET].value() or {}
    (current,) = bank.secrets.secrets[LEDGER_SECRET].versions.values()
    current.value = {**stored, "username": "an-owner", "password": "of no use here"}
    asked: list[tuple[str, str, str]] = []

    def token(login: DatabaseLogin, region: str) -> str:
        asked.append((login.username, login.host, region))
        return str(stored["password"])

    users = PostgresUserIssuer(bank.secrets, bank.databases, token)
    session = bank.session(auth="rds-iam", rds_db_user=f"db-ABC/{stored['username']}")
    users.activate(session, now())
    assert bank.roles() == {session_user.name_of(session): False}
    users.end(session, now())
    assert bank.roles() == {}
    assert set(asked) == {(stored["username"], stored["host"], "eu-west-1")}


def test_a_session_without_an_end_gets_no_lease(bank: Bank) -> None:
    session = replace(bank.activated(bank.session()), expires_at=None)
    with pytest.raises(IssuerUnavailable, match="no end"):
        bank.users.lease(session, now())
    assert bank.roles() == {session_user.name_of(session): False}
    bank.users.end(session, now())


def test_a_login_that_the_database_does_not_let_in_is_not_handed_out(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = bank.activated(bank.session())
    with monkeypatch.context() as server:
        server.setattr(Databases, "lets_in", lambda *_: False)
        with pytest.raises(IssuerUnavailable, match="does not let the session's user in"):
            bank.users.lease(session, now())
    bank.users.end(session, now())


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize("committed", [True, False], ids=["lease first", "end first"])
def test_a_lease_that_an_end_overtakes_gives_no_login(
    bank: Bank, committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease has asked whether it may, and the end comes before it has written, or before that
    is committed.
    """
    session = bank.activated(bank.session())
    user, asked = session_user.name_of(session), session_user._may_be_leased
    answers: list[bool] = []

    def ending(_: Connection, name: str) -> bool:
        answers.append(asked(_, name))
        if len(answers) == (2 if committed else 1):
            end = pool.submit(bank.users.end, session, now())
            ends.append(end)
            if not committed:
                end.result()
        return answers[-1]

    ends: list[Any] = []
    with ThreadPoolExecutor() as pool, monkeypatch.context() as patch:
        patch.setattr(session_user, "_may_be_leased", ending)
        with connect(bank.secrets.login(LEDGER_SECRET)) as connection:
            given = session_user.give_login(connection, user, "", now() + timedelta(hours=1))
        receipt = ends[0].result()
    assert receipt.method == "login-refused"
    assert given is committed
    assert bank.roles() == {}


@pytest.mark.guarantee("G5")
def test_an_end_is_not_said_while_this_user_is_let_in(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = bank.activated(bank.session())
    with monkeypatch.context() as server:
        server.setattr(Databases, "lets_in", lambda *_: True)
        with pytest.raises(IssuerUnavailable, match="still lets"):
            bank.users.end(session, now())
    assert bank.users.end(session, now()).method == "login-refused"


@pytest.mark.guarantee("G5")
def test_a_refusal_alone_is_no_proof_the_server_must_say_that_there_is_no_login(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for want of a free connection, which a borrower can bring about."""
    session = bank.activated(bank.session())
    bank.users.lease(session, now())
    with monkeypatch.context() as server:
        server.setattr(session_user, "shut", lambda *_: 0)
        server.setattr(Databases, "lets_in", lambda *_: False)
        with pytest.raises(IssuerUnavailable, match="still lets"):
            bank.users.end(session, now())
    bank.users.end(session, now())


NASTY = 'led"ger; DROP ROLE "reports" --\'\\ %s {x} ünï'


def test_a_group_with_quotes_and_semicolons_in_its_name(bank: Bank) -> None:
    group = sql.Identifier(NASTY)
    with bank.server.superuser("core_ledger") as connection:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(group))
        connection.execute(sql.SQL("GRANT {} TO pam_issuer WITH ADMIN OPTION").format(group))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE core_ledger TO {}").format(group))
        connection.execute(sql.SQL("GRANT CREATE ON SCHEMA public TO {}").format(group))
    session = bank.activated(bank.session(group_role=NASTY))
    with connect(bank.users.lease(session, now())) as connection:
        made = sql.SQL("CREATE TABLE {} (id int)").format(sql.Identifier(NASTY))
        connection.execute(made)
        assert connection.execute(
            "SELECT pg_has_role(session_user, %s, 'MEMBER')", [NASTY]
        ).fetchone() == (True,)
    assert bank.users.sessions_at(session.target) == [session.session_id]
    bank.users.end(session, now())
    bank.users.clear_traces(session, now())
    assert bank.roles() == {}
    with bank.server.superuser("core_ledger") as connection:
        connection.execute(sql.SQL("DROP OWNED BY {}").format(group))
        connection.execute(sql.SQL("DROP ROLE {}").format(group))
        assert connection.execute("SELECT FROM pg_roles WHERE rolname='reports'").fetchone() == ()


def test_what_a_user_set_for_its_own_logins_changes_nothing_for_its_end(bank: Bank) -> None:
    session = bank.activated(bank.session())
    lease = bank.users.lease(session, now())
    with connect(lease) as connection:
        connection.execute("ALTER ROLE session_user SET default_transaction_read_only = on")
        connection.execute("ALTER ROLE session_user PASSWORD 'one-of-my-own'")
    own = replace(lease, password="one-of-my-own")
    assert is_let_in(own)
    bank.users.end(session, now())
    assert not is_let_in(own)
    assert bank.roles() == {}


def test_a_user_cannot_move_its_own_end(bank: Bank) -> None:
    session = bank.activated(bank.session())
    with connect(bank.users.lease(session, now())) as connection:
        for change in ("VALID UNTIL 'infinity'", "CREATEROLE", "CONNECTION LIMIT 5"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.SQL("ALTER ROLE session_user " + change))
    bank.users.end(session, now())


@pytest.mark.guarantee("G8")
def test_no_password_stands_in_the_servers_log_or_in_a_representation(bank: Bank) -> None:
    session = bank.activated(bank.session())
    lease = bank.users.lease(session, now())
    bank.users.end(session, now())
    logged = (bank.server.folder / "log").read_text(errors="replace")
    assert f'ALTER ROLE "{lease.username}" LOGIN PASSWORD' in logged
    assert lease.password not in logged
    assert lease.password not in repr(lease)


def test_fifty_sessions_at_once_with_none_mixed_up_and_none_left(bank: Bank) -> None:
    def live(_: int) -> tuple[str, str]:
        session = bank.activated(bank.session())
        lease = bank.users.lease(session, now())
        opened = connect(lease)
        who = opened.execute("SELECT session_user").fetchone()
        bank.users.end(session, now())
        assert is_cut(opened)
        return str((who or ("",))[0]), session_user.name_of(session)

    with ThreadPoolExecutor(max_workers=50) as pool:
        seen: list[Any] = list(pool.map(live, range(50)))
    assert all(found == expected for found, expected in seen)
    assert len(set(seen)) == 50
    assert bank.roles() == {}
