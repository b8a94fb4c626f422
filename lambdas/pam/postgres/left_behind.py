"""What a session left in a database: all that its user owns, and what changed with lent rights.

PostgreSQL does not say who changed what. It does say which transaction wrote a row of its
catalogues, so a row that is newer than the session's beginning, and belongs to a role whose rights
were lent (or grants in its name), was written while the session was there. Another session of the
same group, or the owner, may have been it: this tells what to look at, and changes nothing.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from pam.domain.activity import one_line
from pam.postgres.login import Connection

MOST_TOLD = 20
_MOST_OF_A_KIND = 50
"""So many of one catalogue are named to the server's own lookup, which takes its time for each."""
_WITHIN_SECONDS = 1.0
"""For the whole look: an end has its proof by then, and its caller waits for the receipt."""
_LONGEST_NAME = 120

_BORN_WITH = """
    SELECT note.xmin::text FROM pg_catalog.pg_shdescription AS note
    JOIN pg_catalog.pg_roles AS role ON role.oid = note.objoid
    WHERE note.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND role.rolname = %s
"""
_OWNED = """
    SELECT DISTINCT 'owns ' || CASE WHEN function.prosecdef THEN 'security definer ' ELSE '' END
        || thing.type || ' ' || thing.identity
    FROM (
        SELECT *, pg_catalog.row_number() OVER (PARTITION BY classid ORDER BY objid) AS nth
        FROM pg_catalog.pg_shdepend AS dependency
        JOIN pg_catalog.pg_roles AS owner ON owner.oid = dependency.refobjid
        WHERE dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
          AND dependency.deptype = 'o' AND owner.rolname = %(user)s
          AND dependency.dbid IN (0, (
            SELECT oid FROM pg_catalog.pg_database
            WHERE datname = pg_catalog.current_database()))
    ) AS dependency
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(
        dependency.classid, dependency.objid, dependency.objsubid) AS thing
    LEFT JOIN pg_catalog.pg_proc AS function
        ON dependency.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
       AND function.oid = dependency.objid
    WHERE dependency.nth <= %(most)s OR function.prosecdef
"""
_OWNED_ELSEWHERE = """
    SELECT 'owns ' || pg_catalog.count(*) || ' object(s) in database ' || database.datname
    FROM pg_catalog.pg_shdepend AS dependency
    JOIN pg_catalog.pg_database AS database ON database.oid = dependency.dbid
    JOIN pg_catalog.pg_roles AS owner ON owner.oid = dependency.refobjid
    WHERE dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND dependency.deptype = 'o' AND owner.rolname = %(user)s
      AND database.datname <> pg_catalog.current_database()
    GROUP BY database.datname
"""
_MEMBERSHIPS = """
    SELECT 'membership of ' || member.rolname || ' in ' || lent.rolname
    FROM pg_catalog.pg_auth_members AS membership
    JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
    JOIN pg_catalog.pg_roles AS lent ON lent.oid = membership.roleid
    JOIN pg_catalog.pg_roles AS subject ON subject.rolname = %(user)s
    WHERE member.rolname <> CURRENT_USER AND (
        membership.grantor = subject.oid
        OR membership.member = subject.oid AND pg_catalog.age(membership.xmin) <= %(age)s
        OR membership.roleid = subject.oid AND pg_catalog.age(membership.xmin) <= %(age)s)
"""
_CHANGED = """
    WITH lent AS (
        SELECT oid FROM pg_catalog.pg_roles AS role
        WHERE role.rolname = ANY (%(roles)s) OR EXISTS (
            SELECT FROM pg_catalog.pg_roles AS borrowed
            WHERE borrowed.rolname = ANY (%(roles)s) AND NOT borrowed.rolsuper
              AND pg_catalog.pg_has_role(borrowed.oid, role.oid, 'USAGE'))
    ), written AS ({written})
    SELECT DISTINCT 'changed ' || thing.type || ' ' || thing.identity
    FROM (
        SELECT *, pg_catalog.row_number() OVER (PARTITION BY class ORDER BY object) AS nth
        FROM written
        WHERE pg_catalog.age(written.version) <= %(age)s
          AND (written.owner IN (SELECT oid FROM lent) OR EXISTS (
            SELECT FROM pg_catalog.aclexplode(written.acl) AS given
            WHERE given.grantor IN (SELECT oid FROM lent)))
    ) AS written
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(written.class, written.object, 0) AS thing
    WHERE written.nth <= %(most)s AND thing.type IS NOT NULL AND thing.type <> 'toast table'
"""
_NO_ACL = "NULL::pg_catalog.aclitem[]"
_CLASSES = {
    "pg_class": ("relowner", "relacl"),
    "pg_proc": ("proowner", "proacl"),
    "pg_namespace": ("nspowner", "nspacl"),
    "pg_database": ("datdba", "datacl"),
    "pg_tablespace": ("spcowner", "spcacl"),
    "pg_foreign_data_wrapper": ("fdwowner", "fdwacl"),
    "pg_foreign_server": ("srvowner", "srvacl"),
    "pg_language": ("lanowner", "lanacl"),
    "pg_default_acl": ("defaclrole", _NO_ACL),
    "pg_publication": ("pubowner", _NO_ACL),
    "pg_event_trigger": ("evtowner", _NO_ACL),
    "pg_extension": ("extowner", _NO_ACL),
    "pg_operator": ("oprowner", _NO_ACL),
    "pg_conversion": ("conowner", _NO_ACL),
    "pg_statistic_ext": ("stxowner", _NO_ACL),
}
"""Catalogues with an owner: its column, and the rights given."""
_WRITTEN_BY_CLASS = """
    SELECT '{name}'::pg_catalog.regclass AS class, oid AS object, xmin AS version,
           {owner} AS owner, {acl} AS acl
    FROM pg_catalog.{name}
"""
_WRITTEN_FURTHER = """
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, attrelid, part.xmin, 0, attacl
    FROM pg_catalog.pg_attribute AS part WHERE attacl IS NOT NULL
    UNION ALL
    SELECT 'pg_catalog.pg_largeobject'::pg_catalog.regclass, oid, xmin, lomowner, lomacl
    FROM pg_catalog.pg_largeobject_metadata
    UNION ALL
    SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, rule.oid, rule.xmin, relowner, {no_acl}
    FROM pg_catalog.pg_rewrite AS rule JOIN pg_catalog.pg_class AS class ON class.oid = ev_class
    UNION ALL
    SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, part.oid, part.xmin, relowner, {no_acl}
    FROM pg_catalog.pg_constraint AS part JOIN pg_catalog.pg_class AS class ON class.oid = conrelid
    UNION ALL
    SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, part.oid, part.xmin, relowner, {no_acl}
    FROM pg_catalog.pg_attrdef AS part JOIN pg_catalog.pg_class AS class ON class.oid = adrelid
"""
_HOOKS = """
    SELECT DISTINCT 'changed ' || thing.type || ' ' || thing.identity
    FROM (
        SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass AS class, oid AS object, xmin AS version
        FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
        UNION ALL
        SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, oid, xmin
        FROM pg_catalog.pg_rewrite WHERE rulename <> '_RETURN'
        UNION ALL
        SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, oid, xmin FROM pg_catalog.pg_policy
    ) AS written
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(written.class, written.object, 0) AS thing
    WHERE pg_catalog.age(written.version) <= %(age)s
"""
_TIME_OUT = "SELECT pg_catalog.set_config('statement_timeout', %s, false)"
_MAPPINGS = """
    SELECT 'user mapping of ' || usename || ' at ' || srvname
    FROM pg_catalog.pg_user_mappings WHERE usename = %(user)s
"""
_SCHEDULES = """
    SELECT FROM pg_catalog.pg_depend AS part
    JOIN pg_catalog.pg_extension AS extension ON extension.oid = part.refobjid
    WHERE part.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
      AND part.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND part.deptype = 'e'
      AND part.objid = pg_catalog.to_regclass('cron.job') AND extension.extname = 'pg_cron'
"""
"""Only a superuser makes this extension. A `cron.job` of somebody else's would be read with PAM's
rights, and a view runs whatever functions its maker put into it.
"""
_SCHEDULED = """
    SELECT 'scheduled job ' || jobid || ' on ' || schedule FROM cron.job
    WHERE username = %(user)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """`version` is the transaction in which the session began at the server, as text."""

    user: str
    roles: tuple[str, ...]
    """The user, and those whose rights it was lent."""
    version: str


def born_with(connection: Connection, username: str) -> str:
    """The transaction that made the user; empty for one that an earlier PAM made."""
    row = connection.execute(_BORN_WITH, [username]).fetchone()
    return str(row[0]) if row else ""


def this_transaction(connection: Connection) -> str:
    row = connection.execute("SELECT pg_catalog.pg_current_xact_id()::xid::text").fetchone()
    return str(row[0]) if row else ""


def look(connection: Connection, since: Beginning, *, owned: bool) -> list[str]:
    """In this database. `owned`: all that the user owns was made in the session.

    It takes a second at most, and then says that there is more, because an end waits for it. The
    questions that are soon answered come first.
    """
    given = {
        "user": since.user,
        "roles": list(since.roles),
        "age": _age(connection, since.version),
        "most": _MOST_OF_A_KIND,
    }
    questions: list[sql.Composable | str] = [_MEMBERSHIPS, _MAPPINGS, _HOOKS]
    if connection.execute(_SCHEDULES).fetchone() is not None:
        questions.append(_SCHEDULED)
    if owned:
        questions += [_OWNED_ELSEWHERE, _OWNED]
    questions.append(_CHANGED_ALL)
    found = _answers(connection, questions, given)
    told = {text.removeprefix("owns ").removeprefix("security definer ") for text in found}
    twice = {f"changed {text}" for text in told}
    return sorted(set(found) - twice)


def _answers(
    connection: Connection, questions: list[sql.Composable | str], given: dict[str, Any]
) -> list[str]:
    found: list[str] = []
    deadline = time.monotonic() + _WITHIN_SECONDS
    try:
        for question in questions:
            left = max(1, int((deadline - time.monotonic()) * 1000))
            connection.execute(_TIME_OUT, [str(left)])
            found += [str(text) for (text,) in connection.execute(question, given) if text]  # type: ignore[arg-type]
    except psycopg.errors.QueryCanceled as error:
        found.append(not_seen(error))
    connection.execute("RESET statement_timeout")
    return found


def not_seen(error: psycopg.Error) -> str:
    """What is told instead of a list that could not be made: somebody has to look."""
    return f"not all of it could be looked at ({error.sqlstate or type(error).__name__})"


def bounded(found: Iterable[str]) -> tuple[str, ...]:
    """Each printable and short, because the borrower wrote the names. The first of each kind
    comes before the second of any, so that many of one kind hide none of another.
    """
    kinds: dict[tuple[str, ...], list[str]] = {}
    for text in found:
        kinds.setdefault(_kind(text), []).append(one_line(text, _LONGEST_NAME))
    ranked = sorted(
        (nth, kind, text) for kind, texts in kinds.items() for nth, text in enumerate(texts)
    )
    texts = [text for _, _, text in ranked]
    more = len(texts) - MOST_TOLD
    return (*texts[:MOST_TOLD], f"and {more} more") if more > 0 else tuple(texts)


def _kind(text: str) -> tuple[str, ...]:
    """`owns table`, `changed trigger`, `membership`: PostgreSQL's words, none of the borrower's."""
    words = text.split(" ", 2)
    return tuple(words[:2]) if words[0] in {"owns", "changed"} else (words[0],)


def _age(connection: Connection, version: str) -> int:
    """How many transactions ago that was; below every one where it is not known."""
    if not version:
        return -1
    row = connection.execute("SELECT pg_catalog.age(%s::text::xid)", [version]).fetchone()
    return int(row[0]) if row else -1


def _written() -> str:
    parts = [
        _WRITTEN_BY_CLASS.format(name=name, owner=owner, acl=acl)
        for name, (owner, acl) in _CLASSES.items()
    ]
    return " UNION ALL ".join([*parts, _WRITTEN_FURTHER.format(no_acl=_NO_ACL)])


_CHANGED_ALL = _CHANGED.replace("{written}", _written())
