"""What a borrower may try, as a list that grows."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.adversary.databases.foe import LEDGER, OWN_PASSWORD, REPORTS, Foe

BOTH = (LEDGER, REPORTS)
_ROW = f"ALTER ROLE SESSION_USER PASSWORD '{OWN_PASSWORD}'"
_SLOW_TO_DIE = """
    DO $$ BEGIN LOOP
        BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN OTHERS THEN NULL; END;
    END LOOP; END $$
"""
_MAX_SLOTS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Tactic:
    """`try_it` is what the borrower does. `left`: what must be told of it, each a part of one of
    the texts; `abuse`: what anybody may try afterwards, and must be refused.
    """

    name: str
    try_it: Callable[[Foe], object]
    on: tuple[str, ...] = BOTH
    left: tuple[str, ...] = ()
    abuse: tuple[str, ...] = ()


def held(*statements: str, **where: Any) -> Callable[[Foe], object]:
    """In one connection that stays open."""
    return lambda foe: foe.connect(*statements, **where)


def all_slots(foe: Foe) -> None:
    with suppress(psycopg.OperationalError):
        for _ in range(_MAX_SLOTS):
            foe.connect()


def never_read(foe: Foe) -> None:
    """A result that fills every buffer, and of which nothing is fetched."""
    connection = foe.connect()
    connection.pgconn.send_query(b"SELECT repeat('x', 1000) FROM generate_series(1, 1000000)")


def late_start(foe: Foe) -> None:
    """Past its authentication, and not begun when everybody is counted."""

    def log_in() -> None:
        foe.late.append(foe.connect(options="-c post_auth_delay=4"))

    foe.beside(log_in)


def prepared(foe: Foe) -> None:
    name = f"of {foe.lease.username}"
    foe.connect("BEGIN", _ROW, f"PREPARE TRANSACTION '{name}'")


def prepared_elsewhere(foe: Foe) -> None:
    name = f"elsewhere of {foe.lease.username}"
    foe.connect("BEGIN", _ROW, f"PREPARE TRANSACTION '{name}'", dbname="postgres")


def through_a_definer(foe: Foe) -> None:
    foe.connect(
        "CREATE FUNCTION public.helper() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
        " AS 'SELECT sum(cents)::bigint FROM public.entries'",
        "GRANT EXECUTE ON FUNCTION public.helper() TO PUBLIC",
    )


def through_a_view(foe: Foe) -> None:
    foe.connect(
        "CREATE VIEW public.peek AS SELECT * FROM public.entries",
        "GRANT SELECT, UPDATE ON public.peek TO PUBLIC",
    )


def through_a_rule(foe: Foe) -> None:
    foe.connect(
        "CREATE TABLE public.bait (id int)",
        "CREATE RULE more AS ON INSERT TO public.bait"
        " DO ALSO UPDATE public.entries SET cents = cents",
        "GRANT INSERT ON public.bait TO PUBLIC",
    )


def locked_by_another(foe: Foe) -> None:
    """What the user made, and the user, held by a session that goes on."""
    foe.connect("CREATE TABLE public.held (id int)", "GRANT ALL ON public.held TO PUBLIC")
    foe.with_the_other(
        "BEGIN",
        "LOCK TABLE public.held",
        "CREATE TABLE public.bribe (id int)",
        "GRANT SELECT ON public.bribe TO {user}",
    )


TACTICS = [
    Tactic(
        name="takes the lock that an earlier PAM took",
        try_it=held("SELECT pg_advisory_lock(46, hashtext(session_user::text))"),
    ),
    Tactic(name="keeps its row changed in an open transaction", try_it=held("BEGIN", _ROW)),
    Tactic(
        name="keeps its row changed in a savepoint of a failed transaction",
        try_it=held("BEGIN", "SAVEPOINT one", _ROW, "SAVEPOINT two"),
    ),
    Tactic(
        name="keeps its settings changed in an open transaction",
        try_it=held("BEGIN", "ALTER ROLE SESSION_USER SET work_mem = '1MB'"),
    ),
    Tactic(name="leaves a prepared transaction on its row", try_it=prepared),
    Tactic(
        name="leaves a prepared transaction in another database",
        try_it=prepared_elsewhere,
        on=(LEDGER,),
    ),
    Tactic(
        name="takes the row again for ever",
        try_it=lambda foe: foe.storm("BEGIN", _ROW, "SELECT pg_sleep(60)"),
    ),
    Tactic(name="changes its password for ever", try_it=lambda foe: foe.storm(*([_ROW] * 50))),
    Tactic(name="logs in for ever", try_it=lambda foe: foe.storm("SELECT pg_sleep(60)")),
    Tactic(name="takes every connection slot", try_it=all_slots),
    Tactic(name="logs in with a delay after the authentication", try_it=late_start),
    Tactic(name="begins to log in and waits", try_it=lambda foe: foe.begin_to_log_in()),
    Tactic(
        name="lets nobody stay connected",
        try_it=held(
            "ALTER ROLE SESSION_USER SET idle_session_timeout = '1ms'",
            "ALTER ROLE SESSION_USER SET statement_timeout = '1ms'",
        ),
    ),
    Tactic(
        name="hides the catalogue and turns to reading only",
        try_it=held(
            "ALTER ROLE SESSION_USER SET search_path = 'evil, of mine', public",
            "ALTER ROLE SESSION_USER SET default_transaction_read_only = on",
            "ALTER ROLE SESSION_USER IN DATABASE postgres SET default_transaction_deferrable = on",
        ),
    ),
    Tactic(
        name="lets a friend become it, who holds its row",
        try_it=lambda foe: foe.makes_a_friend(),
    ),
    Tactic(
        name="locks a view of the server that everybody may update",
        try_it=held("BEGIN", "LOCK TABLE pg_catalog.pg_settings IN ACCESS EXCLUSIVE MODE"),
    ),
    Tactic(
        name="gives up all that it has, without saying so for good",
        try_it=held("BEGIN", "DROP OWNED BY SESSION_USER"),
    ),
    Tactic(
        name="catches every error in a loop",
        try_it=lambda foe: foe.beside(lambda: foe.connect(_SLOW_TO_DIE)),
    ),
    Tactic(name="reads nothing of a long answer", try_it=never_read),
    Tactic(
        name="listens, and holds a cursor",
        try_it=held(
            "LISTEN everything",
            "BEGIN",
            "DECLARE held CURSOR WITH HOLD FOR SELECT generate_series(1, 10)",
            "COMMIT",
        ),
    ),
    Tactic(
        name="leaves a function that runs with its rights",
        try_it=through_a_definer,
        on=(LEDGER,),
        left=("owns security definer function public.helper()",),
        abuse=("SELECT public.helper()",),
    ),
    Tactic(
        name="leaves a view that reads with its rights",
        try_it=through_a_view,
        on=(LEDGER,),
        left=("owns view public.peek",),
        abuse=("SELECT * FROM public.peek", "UPDATE public.peek SET cents = cents"),
    ),
    Tactic(
        name="leaves a rule that writes with its rights",
        try_it=through_a_rule,
        on=(LEDGER,),
        left=("owns table public.bait",),
        abuse=("INSERT INTO public.bait VALUES (1)",),
    ),
    Tactic(
        name="leaves rights on what it will not make any more",
        try_it=held("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC"),
        left=("default acl",),
    ),
    Tactic(
        name="leaves a large object", try_it=held("SELECT lo_create(0)"), left=("large object",)
    ),
    Tactic(
        name="has what it made, and itself, held by another session",
        try_it=locked_by_another,
        on=(LEDGER,),
        left=("owns table public.held",),
    ),
]
