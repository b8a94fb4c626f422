"""What a session made to stay is found, told within bounds, and given no new rights."""

import pytest

from pam.ports.targets import LoginCredentials
from pam.postgres import left_behind
from tests.postgres.bank import REPORTS_SECRET, Bank, connect, now

MADE = {
    "a function": (
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "owns function public.f()",
    ),
    "a function with its maker's rights": (
        "CREATE FUNCTION public.g() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "owns security definer function public.g()",
    ),
    "a view": ("CREATE VIEW public.v AS SELECT 1", "owns view public.v"),
    "a type": ("CREATE DOMAIN public.d AS int CHECK (VALUE > 0)", "owns type public.d"),
    "rights on what is not made yet": (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO PUBLIC",
        "owns default acl",
    ),
    "a name with a line break": (
        'CREATE TABLE public."one\ntwo" (id int)',
        'owns table public."one two"',
    ),
}
WITH_THE_GROUPS_RIGHTS = {
    "a right on the group's table": (
        "GRANT SELECT ON public.theirs TO PUBLIC",
        "changed table public.theirs",
    ),
    "a right on a column": (
        "GRANT SELECT (id) ON public.theirs TO PUBLIC",
        "changed table public.theirs",
    ),
    "a trigger": (
        "CREATE TRIGGER t BEFORE INSERT ON public.theirs FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "changed trigger t on public.theirs",
    ),
    "a rule": (
        "CREATE RULE r AS ON INSERT TO public.theirs DO ALSO NOTHING",
        "changed rule r on public.theirs",
    ),
    "a policy": (
        "CREATE POLICY p ON public.theirs USING (true)",
        "changed policy p on public.theirs",
    ),
    "a default": (
        "ALTER TABLE public.theirs ALTER COLUMN id SET DEFAULT random()",
        "changed default value for public.theirs.id",
    ),
    "a check": (
        "ALTER TABLE public.theirs ADD CONSTRAINT c CHECK (id > 0)",
        "changed table constraint c on public.theirs",
    ),
    "the group's function, changed": (
        "CREATE OR REPLACE FUNCTION public.theirs_f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "changed function public.theirs_f()",
    ),
    "its own table, handed to the group": (
        "CREATE TABLE public.gift (id int); REASSIGN OWNED BY SESSION_USER TO ledger_operators",
        "changed table public.gift",
    ),
}


@pytest.mark.guarantee("G16")
@pytest.mark.parametrize("name", MADE)
def test_what_it_owns(bank: Bank, name: str) -> None:
    statement, told = MADE[name]
    session = bank.activated(bank.session())
    connect(bank.users.lease(session, now())).execute(statement)  # type: ignore[call-overload]
    receipt = bank.users.end(session, now())
    assert any(told in each for each in receipt.left), receipt.left
    assert told in receipt.evidence
    assert "\n" not in receipt.evidence


@pytest.mark.guarantee("G16")
@pytest.mark.parametrize("name", WITH_THE_GROUPS_RIGHTS)
def test_what_it_changed_with_the_groups_rights(bank: Bank, name: str) -> None:
    statement, told = WITH_THE_GROUPS_RIGHTS[name]
    with bank.server.superuser("core_ledger") as owner:
        owner.execute("CREATE TABLE public.theirs (id int)")
        owner.execute("CREATE FUNCTION public.theirs_f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        owner.execute("ALTER TABLE public.theirs OWNER TO ledger_operators")
        owner.execute("ALTER FUNCTION public.theirs_f() OWNER TO ledger_operators")
        try:
            session = bank.activated(bank.session())
            connect(bank.users.lease(session, now())).execute(statement)  # type: ignore[call-overload]
            assert told in bank.users.end(session, now()).left
        finally:
            owner.execute("DROP TABLE public.theirs")
            owner.execute("DROP FUNCTION public.theirs_f()")
            owner.execute("DROP TABLE IF EXISTS public.gift")


def test_what_was_there_before_is_not_told(bank: Bank) -> None:
    with bank.server.superuser("core_ledger") as owner:
        owner.execute("CREATE TABLE public.theirs (id int)")
        owner.execute("ALTER TABLE public.theirs OWNER TO ledger_operators")
        try:
            session = bank.activated(bank.session())
            connect(bank.users.lease(session, now())).execute("SELECT * FROM public.theirs")
            assert bank.users.end(session, now()).left == ()
        finally:
            owner.execute("DROP TABLE public.theirs")


def test_a_long_list_is_cut_and_says_by_how_much(bank: Bank) -> None:
    session = bank.activated(bank.session())
    opened = connect(bank.users.lease(session, now()))
    for number in range(left_behind.MOST_TOLD + 3):
        opened.execute(f"CREATE TABLE public.many_{number} (id int)")  # type: ignore[call-overload]
    left = bank.users.end(session, now()).left
    assert len(left) == left_behind.MOST_TOLD + 1
    assert left[-1] == "and 3 more"


def test_a_look_that_fails_does_not_hold_up_the_end(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = bank.activated(bank.session())
    lease: LoginCredentials = bank.users.lease(session, now())
    connect(lease)
    with monkeypatch.context() as patch:
        patch.setattr(left_behind, "_HOOKS", "SELECT 1 / 0")
        receipt = bank.users.end(session, now())
    assert receipt.method == "login-refused"
    assert "kept without a login (22012)" in receipt.evidence
    assert receipt.left == ("not all of it could be looked at (22012)",), "so somebody is told"
    assert receipt.traces_until is not None
    bank.users.clear_traces(session, now())
    assert bank.roles() == {}


def test_many_of_one_kind_hide_none_of_another(bank: Bank) -> None:
    session = bank.activated(bank.session())
    opened = connect(bank.users.lease(session, now()))
    for number in range(left_behind.MOST_TOLD + 3):
        opened.execute(f"SELECT lo_create(0), {number}")  # type: ignore[call-overload]
    opened.execute(
        "CREATE FUNCTION public.zzz() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
    )
    left = bank.users.end(session, now()).left
    assert "owns security definer function public.zzz()" in left
    assert left[-1] == "and 4 more"


@pytest.mark.guarantee("G5")
def test_a_look_that_fails_does_not_hold_up_the_end_of_an_account(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the borrower has made more than can be listed in time."""
    session = bank.activated(bank.reports_session())
    lease: LoginCredentials = bank.reports.lease(session, now())
    connect(lease)
    monkeypatch.setattr(left_behind, "_HOOKS", "SELECT pg_sleep(60)::text")
    monkeypatch.setattr(left_behind, "_WITHIN_SECONDS", 1.0)
    receipt = bank.reports.end(session, now())
    assert receipt.left == ("not all of it could be looked at (57014)",)
    assert bank.databases.lets_in(bank.secrets.login(REPORTS_SECRET)), "the next is served"


@pytest.mark.parametrize(
    ("before", "during"),
    [
        ((), ("SET search_path = 'evil, of mine', public", "SET work_mem = '1MB'")),
        (("SET search_path = \"$user\", 'app, one', public",), ("SET search_path = evil",)),
        (("SET statement_timeout = '30s'",), ("RESET ALL",)),
        (("IN DATABASE core_reporting SET lock_timeout = '9s'",), ("RESET ALL", "SET geqo = off")),
        (("SET application_name = 'it''s \"me\"'",), ("SET application_name = 'another'",)),
    ],
)
def test_the_accounts_settings_are_put_back_and_each_difference_is_told(
    bank: Bank, before: tuple[str, ...], during: tuple[str, ...]
) -> None:
    stored = (
        "SELECT setdatabase, setconfig FROM pg_db_role_setting"
        " WHERE setrole = 'reports'::regrole ORDER BY 1"
    )
    with bank.server.superuser() as owner:
        for setting in before:
            owner.execute(f"ALTER ROLE reports {setting}")  # type: ignore[call-overload]
        found = owner.execute(stored).fetchall()
        session = bank.activated(bank.reports_session())
        opened = connect(bank.reports.lease(session, now()))
        for setting in during:
            opened.execute(f"ALTER ROLE reports {setting}")  # type: ignore[call-overload]
        changed = owner.execute(stored).fetchall()
        left = bank.reports.end(session, now()).left
        try:
            assert sorted(map(str, owner.execute(stored).fetchall())) == sorted(map(str, found))
            told = [each for each in left if each.startswith("setting ")]
            assert bool(told) == (changed != found)
            assert all(each.endswith(" put back") for each in told)
            assert changed != found or "RESET ALL" in during
        finally:
            owner.execute("ALTER ROLE reports RESET ALL")
            owner.execute("ALTER ROLE reports IN DATABASE core_reporting RESET ALL")
