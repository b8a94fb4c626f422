"""Borrowing a database login, on the deployed app and a real PostgreSQL."""

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from local.cast import Cast, Person, until
from local.postgres_process import with_tls
from tests.e2e.databases import (
    LEDGER_DB,
    REPORTING_DB,
    connect,
    granted,
    has_user,
    is_cut,
    is_let_in,
    server_down,
    superuser,
    user_of,
)
from tests.e2e.ends import assert_taken_away_at
from tests.e2e.logs import logged
from tests.e2e.overdue import once_stuck


@pytest.mark.guarantee("G1")
def test_a_session_is_a_database_user_of_its_own_and_what_it_may_do_is_the_groups(
    cast: Cast, alice: Person, bob: Person, carol: Person
) -> None:
    session_id = alice.request(LEDGER_DB, duration_seconds=60)["session_id"]
    bob.approve(session_id)
    assert alice.post(f"/pam/sessions/{session_id}/credentials").code == "CONFLICT"
    assert not has_user(cast, {"session_id": session_id})
    carol.approve(session_id)
    session = alice.wait_for(session_id, "ACTIVE")
    lease = alice.lease(session_id)
    assert lease.keys() == {
        *("lease_id", "session_id", "kind", "expires_at"),
        *("secret_arn", "username", "password", "host", "port", "dbname"),
        *("sslmode", "sslrootcert"),
    }
    assert lease["kind"] == "secret"
    assert lease["expires_at"] == session["expires_at"]
    with connect(lease) as connection:
        assert connection.execute("SELECT session_user").fetchone() == (user_of(session),)
        assert connection.execute("SELECT sum(cents) FROM entries").fetchone() == (0,)
    alice.post("/pam/end", {"session_id": session_id})
    assert not has_user(cast, session)


@pytest.mark.guarantee("G4")
def test_the_clock_refuses_the_login_at_the_sessions_end_and_cuts_what_is_open(
    cast: Cast, alice: Person, bob: Person, carol: Person
) -> None:
    session = granted(alice, bob, carol, duration_seconds=10)
    lease = alice.lease(session["session_id"])
    opened = connect(lease)
    assert_taken_away_at(datetime.fromisoformat(session["expires_at"]), lambda: is_let_in(lease))
    over = alice.wait_for(session["session_id"], "EXPIRED")
    assert over["ending"]["method"] == "login-refused"
    # The one that is open, and the last try's if the server was not done with it.
    cut = r"dropped, [12] connection\(s\) cut, login refused"
    assert re.search(cut, over["ending"]["evidence"]), over["ending"]
    assert is_cut(opened)
    assert not has_user(cast, session)


@pytest.mark.guarantee("G5")
def test_an_operator_ends_one_session_within_a_second_and_the_other_goes_on(
    alice: Person, dave: Person, bob: Person, carol: Person, sam: Person
) -> None:
    first = granted(alice, bob, carol, duration_seconds=120)
    second = granted(dave, bob, carol, duration_seconds=120)
    lease, other = alice.lease(first["session_id"]), dave.lease(second["session_id"])
    opened, staying = connect(lease), connect(other)
    answer = sam.post("/pam/revoke", {"session_id": first["session_id"], "reason": "wrong one"})
    assert (answer.status, answer.body["status"]) == (200, "REVOKED")
    assert is_cut(opened)
    assert not is_let_in(lease)
    assert is_let_in(other)
    assert staying.execute("SELECT session_user").fetchone() == (user_of(second),)
    staying.close()
    dave.post("/pam/end", {"session_id": second["session_id"]})
    assert not is_let_in(other)


@pytest.mark.guarantee("G9")
def test_a_rotated_account_has_one_borrower_at_a_time_and_a_password_for_each(
    alice: Person, dave: Person, bob: Person, carol: Person, root: Person
) -> None:
    first = granted(alice, bob, resource=REPORTING_DB, duration_seconds=120)
    lease = alice.lease(first["session_id"])
    opened = connect(lease)
    assert opened.execute("SELECT session_user").fetchone() == ("reports",)

    session_id = dave.request(REPORTING_DB, duration_seconds=120)["session_id"]
    carol.approve(session_id)
    refused = dave.wait_for(session_id, "FAILED")
    assert refused["end_reason"].startswith("CONFLICT: core-reporting-db is held by another")
    states = root.client("stepfunctions")

    def over() -> Any:
        execution = states.describe_execution(executionArn=refused["execution_arn"])
        return execution if execution["status"] != "RUNNING" else None

    assert until(over, "the execution to end")["error"] == "CONFLICT"
    assert is_let_in(lease), "the first session goes on"

    ended = alice.post("/pam/end", {"session_id": first["session_id"]}).body
    assert (ended["status"], ended["ending"]["method"]) == ("ENDED", "login-refused")
    assert is_cut(opened)
    assert not is_let_in(lease)
    again = granted(dave, carol, resource=REPORTING_DB, duration_seconds=10)
    other = dave.lease(again["session_id"])
    assert other["password"] != lease["password"]
    assert is_let_in(other)
    assert not is_let_in(lease)
    dave.wait_for(again["session_id"], "EXPIRED")
    assert not is_let_in(other)


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("resource", [LEDGER_DB, REPORTING_DB])
def test_a_database_that_is_down_at_activation_fails_the_session_and_nothing_is_left(
    cast: Cast, alice: Person, bob: Person, carol: Person, root: Person, resource: str
) -> None:
    session_id = alice.request(resource)["session_id"]
    approvers = (bob, carol) if resource == LEDGER_DB else (bob,)
    with server_down(cast):
        for approver in approvers:
            approver.approve(session_id)
        failed = alice.wait_for(session_id, "FAILED")
    assert failed["end_reason"].startswith("ISSUER_UNAVAILABLE: ")
    assert failed["ending"]["method"] == "never-granted"
    states = root.client("stepfunctions")

    def over() -> Any:
        execution = states.describe_execution(executionArn=failed["execution_arn"])
        return execution if execution["status"] != "RUNNING" else None

    assert until(over, "the execution to end")["error"] == "ISSUER_UNAVAILABLE"
    assert not has_user(cast, failed)
    free = granted(alice, *approvers, resource=resource, duration_seconds=60)
    assert is_let_in(alice.lease(free["session_id"]))
    alice.post("/pam/end", {"session_id": free["session_id"]})


@pytest.mark.guarantee("G5")
@pytest.mark.guarantee("G6")
def test_a_database_that_is_down_at_the_end_keeps_the_session_revoking_until_it_refuses(
    cast: Cast,
    alice: Person,
    bob: Person,
    carol: Person,
    sam: Person,
    root: Person,
) -> None:
    session = granted(alice, bob, carol, duration_seconds=120)
    session_id = session["session_id"]
    lease = alice.lease(session_id)
    with server_down(cast):
        answer = sam.post("/pam/revoke", {"session_id": session_id, "reason": "enough of it"})
        assert (answer.status, answer.body["status"]) == (200, "REVOKING")
        assert answer.body["ending"]["confirmed_at"] is None
        assert alice.post(f"/pam/sessions/{session_id}/credentials").code == "CONFLICT"
        held = alice.get(f"/pam/check?resource={LEDGER_DB}").body
        assert held["session_id"] != session_id
        told = cast.invoke("revoke_session", {"message": "Sweep", "session_id": session_id})
        assert told["error"] == "IssuerUnavailable"
        assert alice.session(session_id)["status"] == "REVOKING"
        once_stuck(cast, sam, session_id)
        assert session_id in cast.pam("sam", "list", "--stuck").stdout
        assert session_id not in cast.pam("dave", "list", "--stuck").stdout

    def swept() -> bool | None:
        """Once the server takes connections again, and whoever else tries is done."""
        sweep = {"message": "Sweep", "session_id": session_id}
        return None if cast.invoke("revoke_session", sweep)["error"] else True

    until(swept, "the session to be ended")
    # The emulator shows what a function writes late with that function's next call.
    until(lambda: logged(root, "not ended yet"), "the log to say so", 120)
    over = alice.wait_for(session_id, "REVOKED")
    assert over["ending"]["method"] == "login-refused"
    assert not is_let_in(lease)
    assert not has_user(cast, session)


def test_users_left_behind_are_found_and_others_are_let_be(
    cast: Cast, alice: Person, bob: Person, carol: Person, ada: Person
) -> None:
    over = granted(alice, bob, carol, duration_seconds=60)
    alice.post("/pam/end", {"session_id": over["session_id"]})
    active = granted(alice, bob, carol, duration_seconds=120)
    strangers = ("pam_01m7xkkx570beda009fkkth2h2", "pam_readme")
    with superuser(cast) as connection:
        for name in (user_of(over), *strangers):
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN IN ROLE ledger_operators ADMIN pam_issuer").format(
                    sql.Identifier(name)
                )
            )
    found = cast.invoke("revoke_session", {"message": "SearchTargets"})
    # Unless the search of every minute came first: then it is on record all the same.
    removed = [over["session_id"]] if found["removed"] else []
    assert found == {
        "removed": removed,
        "missing": [],
        "unreached": [],
        "postponed": [],
        "unbounded": [],
        "unheard": [],
    }
    trail = ada.get(f"/pam/sessions/{over['session_id']}/audit").body["items"]
    drift = [record["detail"] for record in trail if record["type"] == "Drift"]
    assert drift
    assert all(detail.startswith("orphan: left at ") for detail in drift)
    assert not has_user(cast, over)
    assert has_user(cast, active)
    with superuser(cast) as connection:
        for name in strangers:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
    assert is_let_in(alice.lease(active["session_id"]))
    alice.post("/pam/end", {"session_id": active["session_id"]})


def test_a_user_that_is_dropped_by_hand_is_told_and_recorded(
    cast: Cast,
    alice: Person,
    bob: Person,
    carol: Person,
    ada: Person,
    root: Person,
) -> None:
    active = granted(alice, bob, carol, duration_seconds=600)
    with superuser(cast) as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(user_of(active))))
    found = cast.invoke("revoke_session", {"message": "SearchTargets"})
    assert found["missing"] == [active["session_id"]]
    last = ada.get(f"/pam/sessions/{active['session_id']}/audit").body["items"][-1]
    assert (last["type"], last["outcome"]) == ("Drift", "failure")
    # The emulator shows what a function writes late with that function's next call.
    metric = until(lambda: logged(root, "AccessMissing"), "the metric of the alarm", 120)
    assert '"Namespace":"MOD046/PAM"' in metric.replace(" ", "")
    alice.post("/pam/end", {"session_id": active["session_id"]})
    assert alice.wait_for(active["session_id"], "ENDED")["ending"]["method"] == "login-refused"


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("resource", [LEDGER_DB, REPORTING_DB])
def test_a_lease_is_recorded_and_its_password_stands_nowhere(
    cast: Cast, alice: Person, bob: Person, carol: Person, ada: Person, root: Person, resource: str
) -> None:
    approvers = (bob, carol) if resource == LEDGER_DB else (bob,)
    session = granted(alice, *approvers, resource=resource, duration_seconds=60)
    lease = alice.lease(session["session_id"])
    alice.post("/pam/end", {"session_id": session["session_id"]})
    trail = ada.get(f"/pam/sessions/{session['session_id']}/audit").body["items"]
    (leased,) = (item for item in trail if item["type"] == "Leased")
    assert (leased["lease_id"], leased["access_key_id"]) == (lease["lease_id"], "")
    assert leased["target"]["arn"] == lease["secret_arn"]
    table = cast.parameter("/bank/local/mod046/session-store/table-name")
    items = root.client("dynamodb").scan(TableName=table)["Items"]
    history = root.client("stepfunctions").get_execution_history(
        executionArn=session["execution_arn"]
    )
    server_log = (cast.state_dir / "postgres" / "log").read_text(errors="replace")
    for text in (json.dumps(items), json.dumps(history, default=str), server_log):
        assert lease["password"] not in text
    assert logged(root, lease["password"]) is None


def test_the_command_hands_the_login_to_psql(
    cast: Cast, alice: Person, bob: Person, carol: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{psql_with_tls()}:{os.environ['PATH']}")
    session = granted(alice, bob, carol, duration_seconds=60)
    query = ("psql", "-At", "-c", "SELECT session_user, count(*) FROM entries")
    done = cast.pam("alice", "exec", session["session_id"], "--", *query)
    assert (done.returncode, done.stdout) == (0, f"{user_of(session)}|2\n"), done.stderr
    line = cast.pam("alice", "credentials", session["session_id"], "--format", "psql").stdout
    assert line.startswith("PGHOST=localhost PGPORT=")
    assert line.endswith(" psql\n")
    alice.post("/pam/end", {"session_id": session["session_id"]})
    refused = cast.pam("alice", "exec", session["session_id"], "--", *query)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr.startswith("CONFLICT: ")


def psql_with_tls() -> Path:
    """The folder of a psql that was built with TLS; the embedded server's was not."""
    for folder in with_tls():
        if (folder / "psql").exists():
            return folder
    pytest.skip("no psql that was built with TLS is installed")


def test_the_server_takes_no_login_without_a_password(cast: Cast) -> None:
    place = cast.about["databases"][LEDGER_DB]
    assert not is_let_in({**place, "username": "postgres", "password": "postgres"})
    assert (cast.state_dir / "postgres" / "password").stat().st_mode & 0o077 == 0
