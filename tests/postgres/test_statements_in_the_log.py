"""What a real server writes of a session's statements, with the prefix that RDS sets."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from local.postgres import Postgres
from pam.domain.activity import Activity
from pam.domain.statement_log import NotUnderstood, of_log_line
from pam.postgres import session_user
from tests.postgres.bank import Bank, connect, now

_BEGINS = re.compile(r"^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC:)", re.MULTILINE)


_TALKATIVE = {"log_connections": "on", "log_disconnections": "on", "log_duration": "on"}


@pytest.fixture(params=["default", "verbose"])
def logging(server: Postgres, request: pytest.FixtureRequest) -> Iterator[Postgres]:
    with server.superuser() as connection:
        for name, value in {**_TALKATIVE, "log_error_verbosity": request.param}.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.execute("ALTER SYSTEM SET log_line_prefix = '%t:%r:%u@%d:[%p]:'")
        connection.execute("ALTER SYSTEM SET log_timezone = 'UTC'")
        # The server is started with another setting, which a database may overrule.
        connection.execute("ALTER DATABASE core_ledger SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
    yield server
    with server.superuser() as connection:
        for name in (*_TALKATIVE, "log_error_verbosity"):
            connection.execute(f"ALTER SYSTEM RESET {name}")
        connection.execute("ALTER DATABASE core_ledger RESET log_statement")
        connection.execute("ALTER SYSTEM RESET log_timezone")
        connection.execute("ALTER SYSTEM RESET log_line_prefix")
        connection.execute("SELECT pg_reload_conf()")


def told(server: Postgres, session_id: str) -> list[Activity]:
    """What is read of the session's lines, of which every one must be understood."""
    text = (server.folder / "log").read_text(encoding="utf-8")
    own = f":pam_{session_id.lower()}@"
    read = [
        of_log_line(entry, activity_id=str(number), received=now(), place="log")
        for number, entry in enumerate(_BEGINS.split(text))
        # The last one may not be written to its end yet.
        if own in entry and entry.endswith("\n")
    ]
    assert not [each for each in read if isinstance(each, NotUnderstood)]
    return [each for each in read if isinstance(each, Activity) and each.session_id == session_id]


def statements(server: Postgres, session_id: str, awaited: str) -> list[Activity]:
    """Once the one that is awaited is there: the server writes its log as it goes."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = told(server, session_id)
        if any(awaited in activity.what for activity in found):
            return found
        time.sleep(0.05)
    return told(server, session_id)


def test_what_a_sessions_user_does_is_read_from_the_servers_log(
    logging: Postgres, bank: Bank
) -> None:
    session = bank.activated(bank.session())
    began = now()
    with connect(bank.users.lease(session, now())) as connection:
        connection.execute("SELECT count(*) FROM entries WHERE\n  cents > 4711 -- the secret\n")
        connection.execute("SELECT %s::text, 'it''s secret'", ["a secret parameter"])
        connection.execute("DO $$ BEGIN RAISE LOG 'statement: select ''forged secret'''; END $$")
        connection.execute("SET standard_conforming_strings = off")
        connection.execute("SELECT 'a\\'secret'")
        connection.execute("SELECT 1 AS last_of_all")
    bank.users.end(session, now())
    found = statements(logging, session.session_id, "last_of_all")
    shown: list[Any] = [activity.what.partition(": ")[2] for activity in found]
    for expected in (
        "SELECT count(*) FROM entries WHERE cents > ?",
        "SELECT $1::text, ?",
        "DO ?",
        "(not shown)",
        "SELECT ? AS last_of_all",
    ):
        assert expected in shown
    assert not [what for what in shown if "secret" in what or "4711" in what]
    assert {activity.principal for activity in found} == {session_user.name_of(session)}
    assert {activity.source_ip for activity in found} == {"127.0.0.1"}
    for activity in found:
        assert began - timedelta(seconds=2) <= activity.at <= now()
