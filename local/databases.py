"""The two databases that the local stack lends, as the bank that owns them would set them up.

`docs/databases.md` has the same statements with the reasons.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from local.aws import root_client
from local.postgres import Postgres

_ROTATION_HANDLER = "rotate_secret.handler"

_LEDGER = """
    CREATE ROLE pam_issuer LOGIN CREATEROLE PASSWORD {password};
    CREATE ROLE ledger_operators NOLOGIN;
    CREATE ROLE ledger_quarantine NOLOGIN;
    {group_to_issuer};
    {quarantine_to_issuer};
    {slots_to_issuer};
    REVOKE ALL ON DATABASE core_ledger FROM PUBLIC;
    GRANT CONNECT ON DATABASE core_ledger TO pam_issuer, ledger_operators;
    CREATE TABLE public.entries (id int PRIMARY KEY, account text NOT NULL, cents bigint NOT NULL);
    INSERT INTO public.entries VALUES (1, 'A-1001', 125000), (2, 'A-1002', -125000);
    GRANT SELECT, INSERT, UPDATE ON public.entries TO ledger_operators;
    GRANT CREATE ON SCHEMA public TO ledger_operators, ledger_quarantine;
"""
_REPORTING = """
    CREATE ROLE reports LOGIN PASSWORD {password};
    CREATE ROLE pam_mender LOGIN CREATEROLE PASSWORD {mender};
    {account_to_mender};
    {slots_to_mender};
    REVOKE ALL ON DATABASE core_reporting FROM PUBLIC;
    GRANT CONNECT ON DATABASE core_reporting TO pam_mender, reports;
    CREATE TABLE public.nightly (day date PRIMARY KEY, rows int NOT NULL);
    INSERT INTO public.nightly VALUES ('2026-11-19', 40210), ('2026-11-20', 40388);
    GRANT SELECT ON public.nightly TO reports;
"""
_MEMBERSHIPS = {
    "group_to_issuer": (
        "GRANT ledger_operators TO pam_issuer WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
    ),
    "quarantine_to_issuer": (
        "GRANT ledger_quarantine TO pam_issuer WITH ADMIN FALSE, INHERIT TRUE, SET TRUE"
    ),
    "account_to_mender": "GRANT reports TO pam_mender WITH ADMIN TRUE, INHERIT FALSE, SET TRUE",
    "slots_to_issuer": "GRANT pg_use_reserved_connections TO pam_issuer",
    "slots_to_mender": "GRANT pg_use_reserved_connections TO pam_mender",
}
_MEMBERSHIPS_TO_15 = {
    "group_to_issuer": "GRANT ledger_operators TO pam_issuer WITH ADMIN OPTION",
    "quarantine_to_issuer": "GRANT ledger_quarantine TO pam_issuer",
    "account_to_mender": "GRANT reports TO pam_mender WITH ADMIN OPTION",
    "slots_to_issuer": "GRANT pg_signal_backend TO pam_issuer",
    "slots_to_mender": (
        "GRANT pg_signal_backend TO pam_mender; ALTER ROLE reports CONNECTION LIMIT 20"
    ),
}
_SEPARATES_SINCE = 160_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    secret: str
    username: str
    password: str
    dbname: str

    def document(self, server: Postgres) -> dict[str, Any]:
        """The secret, in the standard form of RDS."""
        return {
            "engine": "postgres",
            "host": server.host,
            "port": server.port,
            "dbname": self.dbname,
            "username": self.username,
            "password": self.password,
        }


def create_databases(server: Postgres, endpoint: str) -> dict[str, Any]:
    """Databases, accounts and secrets; and what `local.json` says of them, which is no secret."""
    accounts = make_databases(server)
    manager = root_client("secretsmanager", endpoint)
    for account in accounts:
        manager.create_secret(
            Name=account.secret, SecretString=json.dumps(account.document(server))
        )
    manager.rotate_secret(
        SecretId="bank/core-reporting-db/reports",
        RotationLambdaARN=_rotation_function(endpoint),
        RotationRules={"AutomaticallyAfterDays": 30},
        RotateImmediately=False,
    )
    place = {
        "host": server.host,
        "port": server.port,
        "sslmode": "verify-full",
        "sslrootcert": server.authority.read_text(encoding="ascii"),
    }
    return {
        "core-ledger-db": {**place, "dbname": "core_ledger"},
        "core-reporting-db": {**place, "dbname": "core_reporting"},
    }


def make_databases(server: Postgres) -> list[Account]:
    issuer, reports, mender = (secrets.token_urlsafe(24) for _ in range(3))
    _create(server, "core_ledger", _LEDGER, password=issuer)
    _create(server, "core_reporting", _REPORTING, password=reports, mender=mender)
    folder, reporting = "bank/core-ledger-db", "bank/core-reporting-db"
    return [
        _account(f"{folder}/pam-issuer", "pam_issuer", issuer, "core_ledger"),
        _account(f"{reporting}/reports", "reports", reports, "core_reporting"),
        _account(f"{reporting}/pam-issuer", "pam_mender", mender, "core_reporting"),
    ]


def _account(secret: str, username: str, password: str, dbname: str) -> Account:
    return Account(secret=secret, username=username, password=password, dbname=dbname)


def _create(server: Postgres, dbname: str, statements: Any, **passwords: str) -> None:
    with server.superuser() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(dbname)))
    quoted: dict[str, sql.Composable] = {
        name: sql.Literal(password) for name, password in passwords.items()
    }
    with server.superuser(dbname) as connection:
        newer = connection.info.server_version >= _SEPARATES_SINCE
        memberships = _MEMBERSHIPS if newer else _MEMBERSHIPS_TO_15
        quoted |= {name: sql.SQL(text) for name, text in memberships.items()}
        # One round trip for all; the server's log shows these passwords, which guard nothing.
        psycopg.ClientCursor(connection).execute(sql.SQL(statements).format(**quoted))


def _rotation_function(endpoint: str) -> str:
    client = root_client("lambda", endpoint)
    pages = client.get_paginator("list_functions").paginate()
    functions = (function for page in pages for function in page["Functions"])
    return next(str(f["FunctionArn"]) for f in functions if f["Handler"] == _ROTATION_HANDLER)
