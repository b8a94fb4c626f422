"""A bank's databases on a real server, with a secret store in memory that rotates as AWS does."""

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg import sql

from local.logins import known_by
from local.postgres import Postgres
from pam.aws.login_secrets import WHERE, parse_login
from pam.domain.approval import ApprovalsNeeded
from pam.domain.circumstances import Circumstances
from pam.domain.errors import IssuerUnavailable
from pam.domain.kinds import POSTGRES_USER, ROTATED_SECRET, kind_of
from pam.domain.lifecycle import Status
from pam.domain.people import Auth, Surface
from pam.domain.resource import Environment, Target
from pam.domain.session import Session
from pam.ids import new_id
from pam.ports.targets import DatabaseLogin, LoginCredentials
from pam.postgres.login import Databases
from pam.postgres.rotation import PostgresRotation, RotationRefused, Step
from pam.postgres.secret_issuer import RotatedSecretIssuer
from pam.postgres.user_issuer import PostgresUserIssuer
from tests.fakes.targets import FakeCheckouts

LEDGER_SECRET = "bank/core-ledger-db/pam-issuer"
REPORTS_SECRET = "bank/core-reporting-db/reports"
MENDER_SECRET = "bank/core-reporting-db/pam-issuer"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Version:
    stages: set[str]
    value: dict[str, Any] | None = None


@dataclass
class SecretInMemory:
    """One secret: implements `ports.targets.RotatingSecret` over versions and labels."""

    versions: dict[str, Version] = field(default_factory=dict)
    rotating: bool = True

    def rotates(self) -> bool:
        return self.rotating

    def stages(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(v.stages) for name, v in self.versions.items() if v.stages}

    def value(self, *, stage: str = "AWSCURRENT", version: str = "") -> dict[str, Any] | None:
        for name, each in self.versions.items():
            if (name == version) if version else (stage in each.stages):
                return each.value
        return None

    def put_pending(self, version: str, value: dict[str, Any]) -> None:
        self.versions[version].value = dict(value)

    def make_current(self, version: str, instead_of: str) -> None:
        for each in self.versions.values():
            each.stages.discard("AWSPREVIOUS")
        self.versions[instead_of].stages.discard("AWSCURRENT")
        self.versions[instead_of].stages.add("AWSPREVIOUS")
        self.versions[version].stages.add("AWSCURRENT")

    def begin(self, version: str) -> None:
        for each in self.versions.values():
            each.stages.discard("AWSPENDING")
        self.versions.setdefault(version, Version(set())).stages.add("AWSPENDING")


@dataclass
class SecretsInMemory:
    """Implements `ports.targets.LoginSecrets`. A rotation runs the real function's steps in the
    background, on the real server; `fail_before` makes it stop short of one of them, once.
    """

    secrets: dict[str, SecretInMemory]
    databases: Databases
    fail_before: Step | None = None
    down: bool = False
    rotations: list[str] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def login(
        self,
        secret: str,
        where: Mapping[str, str] = MappingProxyType({}),
        *,
        version: str = "",
        stage: str = "AWSCURRENT",
    ) -> DatabaseLogin:
        value = self.secrets[secret].value(stage=stage or "AWSCURRENT", version=version)
        if self.down or value is None:
            message = "the database's secret could not be read"
            raise IssuerUnavailable(message)
        return parse_login({**value, **{n: where[n] for n in WHERE if n in where}})

    def versions(self, secret: str) -> dict[str, frozenset[str]]:
        return self.secrets[secret].stages()

    def rotate(self, secret: str, version: str) -> None:
        stored = self.secrets[secret]
        others = {name: labels for name, labels in stored.stages().items() if name != version}
        if any("AWSPENDING" in s and "AWSCURRENT" not in s for s in others.values()):
            return
        if "AWSPENDING" not in stored.stages().get(version, {"AWSPENDING"}):
            return
        self.rotations.append(version)
        stored.begin(version)
        self._threads.append(threading.Thread(target=self.run_steps, args=(secret, version)))
        self._threads[-1].start()

    def renew(
        self, secret: str, where: Mapping[str, str], version: str, password: str
    ) -> DatabaseLogin:
        stored = self.secrets[secret]
        if version not in stored.versions:
            for each in stored.versions.values():
                each.stages.discard("AWSPENDING")
            current = next(v for v, labels in stored.stages().items() if "AWSCURRENT" in labels)
            value = {**(stored.value() or {}), "password": password}
            stored.versions[version] = Version({"AWSPENDING"}, value)
            stored.make_current(version, current)
        return self.login(secret)

    def run_steps(self, secret: str, version: str) -> None:
        rotation = PostgresRotation(self.secrets[secret], self.databases, parse_login)
        for step in Step:
            if step is self.fail_before:
                self.fail_before = None
                return
            try:
                rotation.run(step, version)
            except (IssuerUnavailable, RotationRefused):
                return

    def settle(self) -> None:
        for thread in self._threads:
            thread.join()


class Bank:
    def __init__(self, server: Postgres, accounts: dict[str, dict[str, Any]]) -> None:
        self.server = server
        self.databases = Databases(sslmode="verify-full", root_certificate=str(server.authority))
        self._accounts = accounts
        self.secrets = SecretsInMemory(
            {
                name: SecretInMemory({str(uuid.uuid4()): Version({"AWSCURRENT"}, dict(document))})
                for name, document in accounts.items()
            },
            self.databases,
        )
        self.checkouts = FakeCheckouts()
        self.users = PostgresUserIssuer(self.secrets, self.databases, lambda *_: "no-token")
        self.reports = RotatedSecretIssuer(self.secrets, self.databases, self.checkouts)

    def clean_up(self) -> None:
        """The next test finds the accounts as they were, and no user of this one."""
        while _opened:
            _opened.pop().close()
        self.secrets.settle()
        with self.server.superuser() as connection:
            for document in self._accounts.values():
                user = sql.Identifier(str(document["username"]))
                password = sql.Literal(document["password"])
                connection.execute(sql.SQL("ALTER ROLE {} RESET ALL").format(user))
                connection.execute(
                    sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(user, password)
                )
        users = list(self.roles())
        for dbname in ("core_ledger", "core_reporting"):
            self._empty(dbname, users)
        with self.server.superuser() as connection:
            for name in users:
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))

    def _empty(self, dbname: str, users: list[str]) -> None:
        """Without whatever sessions made there; the quarantine role keeps its right to make."""
        with self.server.superuser(dbname) as connection:
            for name in (*users, "ledger_quarantine"):
                role = sql.Identifier(name)
                connection.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(role))
            if dbname == "core_ledger":
                connection.execute("GRANT CREATE ON SCHEMA public TO ledger_quarantine")

    def session(self, *, seconds: int = 600, **settings: str) -> Session:
        """An ACTIVATING session on the ledger's database."""
        given = {"secret": LEDGER_SECRET, "group_role": "ledger_operators"}
        given |= {"auth": "password", "quarantine_role": "ledger_quarantine"}
        return _session(POSTGRES_USER, given | settings, seconds)

    def reports_session(self, *, seconds: int = 600, **settings: str) -> Session:
        """An ACTIVATING session on the account of the reports."""
        given = {"secret": REPORTS_SECRET, "rotation": "single-user", "when_taken": "refuse"}
        given |= {"login_secret": MENDER_SECRET}
        return _session(ROTATED_SECRET, given | settings, seconds)

    def activated(self, session: Session) -> Session:
        issuer = self.issuer_of(session)
        issuer.reserve(session, now())
        issuer.activate(session, now())
        begins = now()
        return replace(
            session,
            status=Status.ACTIVE,
            activated_at=begins,
            expires_at=begins + session.duration,
        )

    def issuer_of(self, session: Session) -> Any:
        is_user = session.target.kind == POSTGRES_USER
        return self.users if is_user else self.reports

    def roles(self) -> dict[str, bool]:
        """PAM's users on the server, and whether they may log in."""
        with self.server.superuser() as connection:
            rows = connection.execute(
                "SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname ~ '^pam_[0-9]'"
            )
            return {str(name): bool(login) for name, login in rows}


_opened: list["psycopg.Connection[Any]"] = []


def connect(lease: LoginCredentials | DatabaseLogin, **other: Any) -> "psycopg.Connection[Any]":
    """A connection that is closed with the test at the latest. The server is known as a lease says;
    a login of the bank's own says nothing of that.
    """
    connection = psycopg.connect(
        **(
            known_by(lease.sslmode, lease.sslrootcert)
            if isinstance(lease, LoginCredentials)
            else {"sslmode": "require"}
        )
        | {
            "host": lease.host,
            "port": lease.port,
            "dbname": lease.dbname,
            "user": lease.username,
            "password": lease.password,
            "autocommit": True,
        }
        | other
    )
    _opened.append(connection)
    return connection


def is_let_in(lease: LoginCredentials | DatabaseLogin) -> bool:
    try:
        connect(lease).close()
    except psycopg.OperationalError:
        return False
    return True


def is_cut(connection: "psycopg.Connection[Any]") -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


def _session(kind: str, settings: dict[str, str], seconds: int) -> Session:
    at = now()
    return Session(
        session_id=new_id(at),
        status=Status.ACTIVATING,
        requester="arn:aws:iam::000000000000:user/alice",
        requester_name="alice",
        requester_domain="bank-core",
        resource="core-db",
        environment=Environment.PROD,
        domain="bank-core",
        target=Target(
            kind=kind,
            names=kind_of(kind).named(settings, account="000000000000", region="eu-west-1"),
            settings=settings,
        ),
        reason="because",
        circumstances=Circumstances(surface=Surface.API, auth=Auth.SIGV4),
        asked_duration=timedelta(seconds=seconds),
        duration=timedelta(seconds=seconds),
        needed=ApprovalsNeeded(total=0, domain=0),
        created_at=at,
        approval_expires_at=at + timedelta(hours=4),
        activating_at=at,
        execution_arn="arn:aws:states:eu-west-1:000000000000:execution:pam:x",
    )
