"""Lines of PostgreSQL's log, as RDS exports them to CloudWatch Logs."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.domain.activity import LONGEST_TEXT, Activity
from pam.domain.kinds import Source
from pam.domain.masked_sql import NOT_SHOWN
from pam.domain.statement_log import NotUnderstood
from tests.fakes.server_log import GROUP, PREFIX, RECEIVED, SESSION_ID, USER, read, told

STATEMENTS = [
    ("LOG:  statement: select 1", "ledger: select ?"),
    ("LOG:  statement: select 1\n", "ledger: select ?"),
    (
        "LOG:  statement: update entries\n\tset cents = 100 -- 'why'\n\twhere id = 'x\n\ty';",
        "ledger: update entries set cents = ? where id = ?;",
    ),
    (
        "LOG:  execute <unnamed>: select * from t where a = $1",
        "ledger: select * from t where a = $1",
    ),
    ("LOG:  execute s_1/c_1: select 'x'", "ledger: select ?"),
    ("LOG:  execute fetch from <unnamed>/c_1: select 'x'", "ledger: select ?"),
    ("LOG:  execute it's: select 'secret'", f"ledger: {NOT_SHOWN}"),
    ("LOG:  duration: 1.042 ms  statement: select 'x'", "ledger: select ?"),
    ("LOG:  duration: 1.042 ms  execute <unnamed>: select 'x'", "ledger: select ?"),
    ("LOG:  statement: select 'cut off here", f"ledger: {NOT_SHOWN}"),
    (
        'LOG:  AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.entries,"select a, b from entries where'
        ' c = \'x""y\'",<not logged>',
        "ledger: READ SELECT TABLE public.entries: select a, b from entries where c = ?",
    ),
    (
        "LOG:  AUDIT: SESSION,2,1,WRITE,INSERT,TABLE,public.entries,insert into entries values (7),"
        "<none>",
        "ledger: WRITE INSERT TABLE public.entries: insert into entries values (?)",
    ),
    (
        'LOG:  AUDIT: SESSION,3,1,DDL,CREATE TABLE,TABLE,public.x,"create table x (\n\ta int,\n\t'
        "b text default 'secret')\",<not logged>",
        "ledger: DDL CREATE TABLE TABLE public.x: create table x ( a int, b text default ?)",
    ),
    ("LOG:  AUDIT: SESSION,4,1,MISC,SET,,,set x = 'y',<not logged>", "ledger: MISC SET: set x = ?"),
    (
        "LOG:  AUDIT: OBJECT,5,1,READ,SELECT,TABLE,public.t,<previously logged>,<none>",
        "ledger: READ SELECT TABLE public.t",
    ),
    (
        "LOG:  AUDIT: SESSION,6,1,ROLE,ALTER ROLE,,,alter role x password <REDACTED>,<not logged>",
        "ledger: ROLE ALTER ROLE: alter role x password <REDACTED>",
    ),
    ("LOG:  AUDIT: SESSION,7,1,READ,SELECT,TABLE", f"ledger: {NOT_SHOWN}"),
    ('LOG:  AUDIT: SESSION,7,1,READ,SELECT,TABLE,t,"select', f"ledger: {NOT_SHOWN}"),
    ("LOG:  AUDIT: SESSION,7,1,secret,x,TABLE,t,select,<not logged>", f"ledger: {NOT_SHOWN}"),
]


@pytest.mark.parametrize(("message", "shown"), STATEMENTS)
def test_a_statement_of_a_session_is_read_without_its_values(message: str, shown: str) -> None:
    assert told(message) == shown


NAMES_THAT_LIE = [
    "12 ms  parse x",
    "1.5 ms  bind",
    "a: select 1 --",
    "<unnamed>: select 1 /*",
    "a: select '",
    "s/c: begin --",
]


@pytest.mark.parametrize("took", ["", "duration: 1.042 ms  "])
@pytest.mark.parametrize("name", NAMES_THAT_LIE)
@pytest.mark.parametrize("rest", ["", " -- '", " /* /* */ */"])
def test_the_name_of_a_statement_neither_hides_it_nor_shows_another(
    took: str, name: str, rest: str
) -> None:
    """A client names its prepared statements, with any text."""
    assert told(f"LOG:  {took}execute {name}: drop table t{rest}") == f"ledger: {NOT_SHOWN}"


OTHER_LINES = [
    f"LOG:  connection authorized: user={USER} database=ledger SSL enabled (protocol=TLSv1.3)",
    f'LOG:  connection authenticated: identity="{USER}" method=scram-sha-256 (/pg_hba.conf:5)',
    f"LOG:  disconnection: session time: 0:00:01.234 user={USER} database=ledger host=10.0.0.5",
    "LOG:  08006: could not receive data from client: Connection reset by peer",
    "LOG:  unexpected EOF on client connection with an open transaction",
    'LOG:  temporary file: path "base/pgsql_tmp/pgsql_tmp1.0", size 14000',
    "LOG:  process 7 still waiting for ShareLock on transaction 9 after 1000.1 ms",
    "LOG:  duration: 1.2 ms  plan:\n\tQuery Text: select 'secret'\n\tSeq Scan",
    "LOCATION:  exec_simple_query, postgres.c:1073",
    "ERROR:  23505: duplicate key value violates unique constraint",
    f"FEHLER:  Rolle »{USER}« existiert nicht",
    "LOG:  duration: 0.412 ms",
    "LOG:  duration: 0.412 ms  parse <unnamed>: select 1",
    "LOG:  duration: 0.412 ms  bind <unnamed>: select 1",
    "DETAIL:  parameters: $1 = 'secret'",
    "ERROR:  duplicate key value violates unique constraint",
    "STATEMENT:  select 'secret'",
]


@pytest.mark.parametrize("message", OTHER_LINES)
def test_other_lines_of_a_session_are_left_alone(message: str) -> None:
    assert told(message) is None


OTHER_USERS = ["reports", "pam_issuer", f"{USER}x", USER.upper(), f"pam_{'z' * 26}", ""]


@pytest.mark.parametrize("user", OTHER_USERS)
@pytest.mark.parametrize("message", ["statement: select 1", f'statement: ALTER ROLE "{USER}"'])
def test_lines_of_other_users_are_left_alone(user: str, message: str) -> None:
    assert read(PREFIX.replace(USER, user) + f"LOG:  {message}") is None


AMBIGUOUS_USERS = [f"x:{USER}", f"{USER}@x", f"evil:{USER}", f"evil):{USER}", f"{USER}:x"]


@pytest.mark.parametrize("user", AMBIGUOUS_USERS)
def test_a_name_that_makes_a_line_ambiguous_is_told_of_and_is_no_session(user: str) -> None:
    line = PREFIX.replace(USER, user) + "LOG:  statement: select 1"
    assert read(line) == NotUnderstood(part="prefix")


def test_a_line_within_another_line_is_not_read() -> None:
    """RAISE LOG writes what its caller likes, but a new line only with a tab before it."""
    forged = PREFIX.replace(USER, "mallory") + f"LOG:  x\n\t{PREFIX}LOG:  statement: drop table t"
    assert read(forged) is None
    continued = read(f"\t{PREFIX}LOG:  statement: drop table t")
    assert continued == NotUnderstood(part="prefix")


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("10.0.0.5(50234)", "10.0.0.5"),
        ("2001:db8::1(50234)", "2001:db8::1"),
        ("host.example(50234)", "host.example"),
        ("[local]", "local"),
    ],
)
def test_a_statement_tells_from_where_and_by_whom(remote: str, address: str) -> None:
    line = PREFIX.replace("10.0.0.5(50234)", remote) + "LOG:  statement: select 1"
    assert read(line) == Activity(
        source=Source.POSTGRESQL,
        activity_id="3870",
        at=datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC),
        place=GROUP,
        session_id=SESSION_ID,
        what="ledger: select ?",
        principal=USER,
        source_ip=address,
    )


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("2026-03-01 12:00:10.250 GMT", datetime(2026, 3, 1, 12, 0, 10, 250_000, tzinfo=UTC)),
        ("2026-03-01 12:00:10 CET", RECEIVED),
        ("2026-03-01 12:00:10 +03", RECEIVED),
        ("2026-13-01 12:00:10 UTC", RECEIVED),
    ],
)
def test_a_time_that_is_not_in_utc_gives_way_to_that_of_the_delivery(
    time: str, at: datetime
) -> None:
    line = PREFIX.replace("2026-03-01 12:00:10 UTC", time) + "LOG:  statement: select 1"
    activity = read(line)
    assert isinstance(activity, Activity)
    assert activity.at == at


def test_a_line_without_a_usable_id_is_told_of() -> None:
    with pytest.raises(ValueError, match="no id of an event"):
        read(f"{PREFIX}LOG:  statement: select 1", "a#b")


def test_a_long_statement_is_cut() -> None:
    shown = told(f"LOG:  statement: select {'a, ' * 1000}a")
    assert shown is not None
    assert len(shown) == LONGEST_TEXT
    assert shown.endswith("…")


_MESSAGES = st.sampled_from(["", "LOG:  ", "LOG:  statement: ", "LOG:  AUDIT: SESSION,1,1,"])


@given(_MESSAGES, st.text(max_size=60))
def test_any_line_is_read_or_left_alone(kind: str, text: str) -> None:
    read(text)
    shown = told(kind + text)
    assert shown is None or (len(shown) <= LONGEST_TEXT and shown.isprintable())


@given(st.text("secret'\\\n\t,\"$", min_size=1, max_size=20))
def test_no_value_of_a_logged_statement_is_ever_told(value: str) -> None:
    literal = "'MARK" + value.replace("'", "''") + "MARK'"
    logged = f"select {literal}".replace("\n", "\n\t")
    quoted = '"' + logged.replace('"', '""') + '"'
    for message in (
        f"LOG:  statement: {logged}",
        f"LOG:  execute <unnamed>: {logged}",
        f"LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,{quoted},<none>",
    ):
        assert "MARK" not in (told(message) or "")
