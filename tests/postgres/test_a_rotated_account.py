"""`rotated-secret` and the rotation function, on a real server."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from local.cast import until
from pam.aws.login_secrets import parse_login
from pam.domain.errors import Conflict, IssuerUnavailable, TryAgain, Unreached
from pam.ports.targets import DatabaseLogin
from pam.postgres import secret_issuer
from pam.postgres.login import Databases
from pam.postgres.rotation import PostgresRotation, RotationRefused, Step
from pam.postgres.secret_issuer import Phase, version_of
from tests.postgres.bank import (
    REPORTS_SECRET,
    Bank,
    Version,
    connect,
    is_cut,
    is_let_in,
    now,
)


@pytest.mark.guarantee("G1")
def test_a_session_begins_with_a_password_that_nobody_had(bank: Bank) -> None:
    before = bank.secrets.login(REPORTS_SECRET)
    session = bank.activated(bank.reports_session())
    lease = bank.reports.lease(session, now())
    assert (lease.username, lease.dbname) == ("reports", "core_reporting")
    assert lease.password != before.password
    assert is_let_in(lease)
    assert not is_let_in(before)
    bank.reports.end(session, now())


@pytest.mark.guarantee("G5")
def test_the_end_changes_it_again_cuts_connections_and_sees_the_old_one_refused(
    bank: Bank,
) -> None:
    session = bank.activated(bank.reports_session())
    lease = bank.reports.lease(session, now())
    opened = [connect(lease) for _ in range(2)]
    receipt = bank.reports.end(session, now())
    assert receipt.method == "login-refused"
    begun = version_of(session, Phase.BEGIN)
    assert f"password of version {begun} refused, 2 connection(s) cut" in receipt.evidence
    assert all(is_cut(connection) for connection in opened)
    assert not is_let_in(lease)
    assert is_let_in(bank.secrets.login(REPORTS_SECRET))


def test_an_end_may_be_repeated_and_leaves_the_next_session_alone(bank: Bank) -> None:
    first = bank.activated(bank.reports_session())
    receipt = bank.reports.end(first, now())
    second = bank.activated(bank.reports_session())
    lease = bank.reports.lease(second, now())
    opened = connect(lease)
    assert bank.reports.end(first, now()) == receipt
    assert is_let_in(lease)
    assert not is_cut(opened)
    bank.reports.end(second, now())


def test_a_checkout_that_somebody_took_away_by_hand_is_missing(bank: Bank) -> None:
    session = bank.activated(bank.reports_session())
    assert bank.reports.missing(session.target, [session]) == {}
    held = bank.checkouts.held.pop(session.target.arn)
    assert list(bank.reports.missing(session.target, [session])) == [session.session_id]
    bank.checkouts.held[session.target.arn] = held
    bank.reports.end(session, now())


def test_a_second_session_is_refused_or_waits_as_the_catalogue_says(bank: Bank) -> None:
    first = bank.activated(bank.reports_session())
    with pytest.raises(Conflict, match="held by another session"):
        bank.reports.reserve(bank.reports_session(), now())
    waiting = bank.reports_session(when_taken="wait")
    with pytest.raises(TryAgain):
        bank.reports.reserve(waiting, now())
    bank.reports.end(first, now())
    bank.activated(waiting)
    bank.reports.end(waiting, now())


def test_a_session_that_never_had_the_account_ends_without_touching_it(bank: Bank) -> None:
    holder = bank.activated(bank.reports_session())
    lease = bank.reports.lease(holder, now())
    other = bank.reports_session()
    assert bank.reports.end(other, now()).method == "never-granted"
    with pytest.raises(IssuerUnavailable, match="does not hold"):
        bank.reports.lease(replace(other, expires_at=now()), now())
    assert is_let_in(lease)
    bank.reports.end(holder, now())


def test_the_same_phase_asks_for_the_same_version_however_often(bank: Bank) -> None:
    session = bank.activated(bank.reports_session())
    bank.reports.activate(session, now())
    bank.reports.activate(session, now())
    assert bank.secrets.rotations == [version_of(session, Phase.BEGIN)]
    assert version_of(session, Phase.BEGIN) != version_of(session, Phase.END)
    bank.reports.end(session, now())


def test_a_rotation_that_is_under_way_is_waited_for(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = bank.secrets.secrets[REPORTS_SECRET]
    others = str(uuid.uuid4())
    stored.begin(others)
    PostgresRotation(stored, bank.databases, parse_login).run(Step.CREATE, others)
    session = bank.reports_session()
    bank.reports.reserve(session, now())
    with monkeypatch.context() as impatient:
        impatient.setattr(secret_issuer, "_WITHIN_SECONDS", 1.0)
        with pytest.raises(TryAgain):
            bank.reports.activate(session, now())
    finish = threading.Timer(0.3, bank.secrets.run_steps, args=(REPORTS_SECRET, others))
    finish.start()
    bank.reports.activate(session, now())
    finish.join()
    assert stored.stages()[version_of(session, Phase.BEGIN)] >= {"AWSCURRENT"}
    bank.reports.end(session, now())


@contextmanager
def autovacuum_at_work(bank: Bank) -> Iterator[None]:
    """The server cleans a table up, and takes its time."""
    slow = {
        "autovacuum_naptime": "1s",
        "autovacuum_vacuum_cost_delay": "100ms",
        "autovacuum_vacuum_cost_limit": "1",
    }
    with bank.server.superuser("core_reporting") as connection:
        for name, value in slow.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")  # type: ignore[call-overload]
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE TABLE public.big AS SELECT i FROM generate_series(1, 90000) i")
        connection.execute("DELETE FROM public.big WHERE i % 2 = 0")
        working = "SELECT FROM pg_stat_progress_vacuum WHERE relid = 'public.big'::regclass"
        until(lambda: connection.execute(working).fetchone(), "the autovacuum to begin")
        try:
            yield
            assert connection.execute(working).fetchone() is not None, "it is at it still"
        finally:
            for name in slow:
                connection.execute(f"ALTER SYSTEM RESET {name}")  # type: ignore[call-overload]
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("DROP TABLE public.big")


def test_the_servers_own_work_does_not_keep_the_account_shut(bank: Bank) -> None:
    session = bank.activated(bank.reports_session())
    with autovacuum_at_work(bank):
        receipt = bank.reports.end(session, now())
    assert receipt.traces_until is None
    assert is_let_in(bank.secrets.login(REPORTS_SECRET))


@pytest.mark.usefixtures("asks_again_soon")
@pytest.mark.parametrize("step", Step)
def test_a_rotation_function_that_dies_before_a_step_is_called_again(
    bank: Bank, step: Step
) -> None:
    bank.secrets.fail_before = step
    session = bank.activated(bank.reports_session())
    lease = bank.reports.lease(session, now())
    bank.secrets.fail_before = step
    bank.reports.end(session, now())
    assert not is_let_in(lease)
    assert is_let_in(bank.secrets.login(REPORTS_SECRET))


def test_the_owner_may_rotate_in_between_and_the_next_lease_has_the_new_password(
    bank: Bank,
) -> None:
    session = bank.activated(bank.reports_session())
    first = bank.reports.lease(session, now())
    bank.secrets.rotate(REPORTS_SECRET, str(uuid.uuid4()))
    bank.secrets.settle()
    second = bank.reports.lease(session, now())
    assert not is_let_in(first)
    assert is_let_in(second)
    bank.reports.end(session, now())
    assert not is_let_in(second)


def test_whatever_the_borrower_did_to_the_account_its_end_comes(bank: Bank) -> None:
    session = bank.activated(bank.reports_session())
    lease = bank.reports.lease(session, now())
    opened = connect(lease)
    opened.execute("ALTER ROLE session_user PASSWORD 'mine-for-ever'")
    opened.execute("ALTER ROLE session_user SET default_transaction_read_only = on")
    opened.execute("ALTER ROLE session_user SET statement_timeout = 1")
    opened.execute("ALTER ROLE session_user SET search_path = elsewhere")
    hijacked = replace(lease, password="mine-for-ever")
    assert is_let_in(hijacked)
    bank.reports.end(session, now())
    assert is_cut(opened)
    assert not is_let_in(hijacked)
    assert is_let_in(bank.secrets.login(REPORTS_SECRET))


def test_without_a_login_that_administers_it_the_account_is_not_lent(bank: Bank) -> None:
    session = bank.reports_session()
    settings = {k: v for k, v in session.target.settings.items() if k != "login_secret"}
    session = replace(session, target=replace(session.target, settings=settings))
    bank.reports.reserve(session, now())
    with pytest.raises(Unreached, match="no login_secret"):
        bank.reports.activate(session, now())
    assert bank.secrets.rotations == []


def test_a_view_that_hides_connections_hides_none(bank: Bank) -> None:
    with bank.server.superuser("core_reporting") as connection:
        connection.execute("CREATE SCHEMA evil AUTHORIZATION reports")
    session = bank.activated(bank.reports_session())
    lease = bank.reports.lease(session, now())
    opened = connect(lease)
    opened.execute("CREATE VIEW evil.pg_stat_activity AS SELECT 0 AS pid, ''::name AS usename")
    opened.execute("ALTER ROLE session_user SET search_path = evil, pg_catalog")
    bank.reports.end(session, now())
    assert is_cut(opened)
    with bank.server.superuser("core_reporting") as connection:
        connection.execute("DROP SCHEMA evil CASCADE")


def test_an_account_that_cannot_be_reached_is_left_as_it_is(bank: Bank) -> None:
    stored = bank.secrets.secrets[REPORTS_SECRET]
    (current,) = stored.versions.values()
    session = bank.reports_session()
    current.value = {**(current.value or {}), "port": 9}
    bank.reports.reserve(session, now())
    with pytest.raises(Unreached):
        bank.reports.activate(session, now())
    assert bank.secrets.rotations == []
    assert bank.reports.end(session, now()).method == "never-granted"
    assert not bank.checkouts.has(session.target.arn, session.session_id)


class TestTheRotationFunction:
    def rotation(self, bank: Bank) -> PostgresRotation:
        return PostgresRotation(bank.secrets.secrets[REPORTS_SECRET], bank.databases, parse_login)

    def test_each_step_may_be_repeated(self, bank: Bank) -> None:
        version = str(uuid.uuid4())
        stored = bank.secrets.secrets[REPORTS_SECRET]
        before = bank.secrets.login(REPORTS_SECRET)
        stored.begin(version)
        for step in Step:
            self.rotation(bank).run(step, version)
            self.rotation(bank).run(step, version)
        after = bank.secrets.login(REPORTS_SECRET)
        assert (stored.stages()[version]) >= {"AWSCURRENT"}
        assert (is_let_in(before), is_let_in(after)) == (False, True)

    def test_all_else_in_the_secret_is_kept(self, bank: Bank) -> None:
        stored = bank.secrets.secrets[REPORTS_SECRET]
        (current,) = stored.versions.values()
        current.value = {**(current.value or {}), "masterarn": "kept"}
        bank.secrets.rotate(REPORTS_SECRET, str(uuid.uuid4()))
        bank.secrets.settle()
        assert (stored.value(stage="AWSCURRENT") or {})["masterarn"] == "kept"

    def test_what_does_not_fit_the_secret_is_refused(self, bank: Bank) -> None:
        stored = bank.secrets.secrets[REPORTS_SECRET]
        with pytest.raises(RotationRefused, match="no such version"):
            self.rotation(bank).run(Step.CREATE, str(uuid.uuid4()))
        earlier = str(uuid.uuid4())
        stored.versions[earlier] = Version({"AWSPREVIOUS"}, dict(stored.value() or {}))
        with pytest.raises(RotationRefused, match="not pending"):
            self.rotation(bank).run(Step.FINISH, earlier)
        stored.rotating = False
        with pytest.raises(RotationRefused, match="not set up"):
            self.rotation(bank).run(Step.CREATE, str(uuid.uuid4()))

    def test_a_password_that_does_not_log_in_does_not_become_current(self, bank: Bank) -> None:
        stored, version = bank.secrets.secrets[REPORTS_SECRET], str(uuid.uuid4())
        stored.begin(version)
        self.rotation(bank).run(Step.CREATE, version)
        made = stored.value(version=version)
        self.rotation(bank).run(Step.CREATE, version)
        assert stored.value(version=version) == made
        with pytest.raises(IssuerUnavailable, match="does not log in"):
            self.rotation(bank).run(Step.TEST, version)

    def test_a_step_ahead_of_its_turn_is_refused(self, bank: Bank) -> None:
        stored, version = bank.secrets.secrets[REPORTS_SECRET], str(uuid.uuid4())
        stored.begin(version)
        with pytest.raises(RotationRefused, match="no value"):
            self.rotation(bank).run(Step.SET, version)

    def test_a_rotation_undone_half_way_goes_on_with_the_password_before(self, bank: Bank) -> None:
        stored, version = bank.secrets.secrets[REPORTS_SECRET], str(uuid.uuid4())
        (current,) = stored.versions.values()
        works = dict(current.value or {})
        stored.versions[str(uuid.uuid4())] = Version({"AWSPREVIOUS"}, works)
        current.value = {**works, "password": "never set on the server"}
        bank.secrets.rotate(REPORTS_SECRET, version)
        bank.secrets.settle()
        assert "AWSCURRENT" in stored.stages()[version]
        assert is_let_in(bank.secrets.login(REPORTS_SECRET))

    @pytest.mark.parametrize("change", [{"host": "127.0.0.2"}, {"username": "pam_issuer"}])
    def test_a_password_before_of_another_account_is_not_tried(
        self, bank: Bank, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
    ) -> None:
        stored, version = bank.secrets.secrets[REPORTS_SECRET], str(uuid.uuid4())
        (current,) = stored.versions.values()
        works = dict(current.value or {})
        stored.versions[str(uuid.uuid4())] = Version({"AWSPREVIOUS"}, works | change)
        current.value = {**works, "password": "never set on the server"}
        stored.begin(version)
        self.rotation(bank).run(Step.CREATE, version)
        tried: list[DatabaseLogin] = []

        def lets_in(_: Databases, login: DatabaseLogin) -> bool:
            tried.append(login)
            return False

        monkeypatch.setattr(Databases, "lets_in", lets_in)
        with pytest.raises(IssuerUnavailable):
            self.rotation(bank).run(Step.SET, version)
        assert {(each.host, each.username) for each in tried} == {
            (works["host"], works["username"])
        }

    @pytest.mark.parametrize(
        "change", [{"host": "elsewhere.example"}, {"port": 9}, {"username": "pam_mender"}]
    )
    def test_a_pending_version_cannot_turn_it_against_another_account(
        self, bank: Bank, change: dict[str, Any]
    ) -> None:
        stored, version = bank.secrets.secrets[REPORTS_SECRET], str(uuid.uuid4())
        stored.begin(version)
        stored.put_pending(version, {**(stored.value() or {}), "password": "x", **change})
        with pytest.raises(RotationRefused, match="another account"):
            self.rotation(bank).run(Step.SET, version)

    def test_no_password_stands_in_the_servers_log(self, bank: Bank) -> None:
        bank.secrets.rotate(REPORTS_SECRET, str(uuid.uuid4()))
        bank.secrets.settle()
        time.sleep(0.05)
        logged = (bank.server.folder / "log").read_text(errors="replace")
        assert 'ALTER ROLE "reports" PASSWORD' in logged
        assert bank.secrets.login(REPORTS_SECRET).password not in logged


def test_an_account_with_quotes_and_semicolons_in_its_name(bank: Bank) -> None:
    nasty = 'rep"orts; DROP ROLE "reports" --\''
    with bank.server.superuser("core_reporting") as connection:
        made = sql.SQL(
            "CREATE ROLE {} LOGIN CONNECTION LIMIT 20 PASSWORD 'first'; GRANT {} TO {};"
            "GRANT {} TO pam_mender WITH ADMIN OPTION"
        )
        connection.execute(
            psycopg.ClientCursor(connection).mogrify(
                made.format(
                    *map(sql.Identifier, (nasty, "reports", nasty, nasty)),
                )
            )
        )
    (current,) = bank.secrets.secrets[REPORTS_SECRET].versions.values()
    current.value = {**(current.value or {}), "username": nasty, "password": "first"}
    session = bank.activated(bank.reports_session())
    lease = bank.reports.lease(session, now())
    opened = connect(lease)
    bank.reports.end(session, now())
    assert is_cut(opened)
    assert not is_let_in(lease)
    with bank.server.superuser("core_reporting") as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(nasty)))
