"""Targets that can be used, so that a test sees whether access exists, and not what PAM thinks.

The real issuers work against them. AWS: roles, their inline denies, live credentials with their
session policies. A database server: users, passwords, `VALID UNTIL`, open connections. A secret
store that rotates at once. Every call from an issuer passes the fuse.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import psycopg
from botocore.exceptions import ClientError

from pam.domain.errors import IssuerUnavailable, Unreached
from pam.domain.ids import database_user
from pam.domain.session import Session
from pam.names import SESSION_TAG
from pam.ports.targets import AwsCredentials, Credentials, DatabaseLogin, Receipt
from pam.postgres.lent_account import Account, Note
from tests.fakes.dying import Fuse
from tests.fakes.iam import ALL, Call, Decision, decide

Clock = Callable[[], datetime]
QUOTA = 10_240
"""Characters of all inline policies of a role together."""
_ISSUER_LOGIN = ("pam_issuer", "the-issuer's-password")


@dataclass
class Key:
    """A credential that STS gave."""

    role: str
    session_id: str
    policy: dict[str, Any]
    issued: datetime
    until: datetime


@dataclass
class FakeAws:
    """STS and IAM, as far as lending a role goes."""

    clock: Clock
    fuse: Fuse
    keys: dict[str, Key] = field(default_factory=dict)
    denies: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By role and name of the inline policy."""
    foreign: int = 0
    """How many characters others keep on each role."""

    def client(self, service: str, **given: Any) -> Any:
        assert service == "sts" or given["aws_access_key_id"] == "revoker", "only revokers do IAM"
        return self

    def assume_role(self, **asked: Any) -> dict[str, Any]:
        return self.fuse.call(lambda: self._assumed(**asked))

    def _assumed(self, **asked: Any) -> dict[str, Any]:
        access_key = "revoker"
        if "Policy" in asked:
            access_key = f"ASIA{len(self.keys):08}"
            (tag,) = asked["Tags"]
            assert tag["Key"] == SESSION_TAG
            self.keys[access_key] = Key(
                role=asked["RoleArn"].rsplit("/", 1)[-1],
                session_id=tag["Value"],
                policy=json.loads(asked["Policy"]),
                issued=self.clock(),
                until=self.clock() + timedelta(seconds=asked["DurationSeconds"]),
            )
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        until = self.clock() + timedelta(seconds=asked["DurationSeconds"])
        return {"Credentials": {**dict.fromkeys(names, access_key), "Expiration": until}}

    def put_role_policy(self, *, RoleName: str, PolicyName: str, PolicyDocument: str) -> None:  # noqa: N803
        def put() -> None:
            after = {**self.denies, (RoleName, PolicyName): json.loads(PolicyDocument)}
            ours = [_size(document) for (role, _), document in after.items() if role == RoleName]
            if self.foreign + sum(ours) > QUOTA:
                raise ClientError({"Error": {"Code": "LimitExceeded"}}, "PutRolePolicy")
            self.denies = after

        self.fuse.call(put)

    def get_role_policy(self, *, RoleName: str, PolicyName: str) -> dict[str, Any]:  # noqa: N803
        def get() -> dict[str, Any]:
            if (RoleName, PolicyName) not in self.denies:
                raise ClientError({"Error": {"Code": "NoSuchEntity"}}, "GetRolePolicy")
            return {"PolicyDocument": self.denies[RoleName, PolicyName]}

        return self.fuse.call(get)

    def delete_role_policy(self, *, RoleName: str, PolicyName: str) -> None:  # noqa: N803
        def delete() -> None:
            if self.denies.pop((RoleName, PolicyName), None) is None:
                raise ClientError({"Error": {"Code": "NoSuchEntity"}}, "DeleteRolePolicy")

        self.fuse.call(delete)

    def get_paginator(self, name: str) -> "FakeAws":
        assert name == "list_role_policies"
        return self

    def paginate(self, *, RoleName: str) -> list[dict[str, Any]]:  # noqa: N803
        return self.fuse.call(
            lambda: [{"PolicyNames": [name for role, name in self.denies if role == RoleName]}]
        )

    def lets_in(self, access_key: str, at: datetime, action: str = "s3:PutObject") -> bool:
        """Whether a call with this key would be allowed, were it made at that time, on something
        whose own policy names the session: so that only what is denied stops it.
        """
        key = self.keys[access_key]
        on_role = [document for (role, _), document in self.denies.items() if role == key.role]
        call = Call(
            action=action,
            resource="arn:aws:s3:::ledger/note",
            at=at,
            issued=key.issued,
            principal_tags={SESSION_TAG: key.session_id},
        )
        decision = decide(call, identity=(ALL, *on_role), session=key.policy, named=True)
        return at < key.until and decision is Decision.ALLOWED


def _size(document: dict[str, Any]) -> int:
    """IAM counts no white space."""
    return len("".join(json.dumps(document).split()))


@dataclass
class User:
    password: str
    until: datetime | None = None
    """None: for good."""
    login: bool = True
    shut: bool = False


@dataclass
class FakeServer:
    """A database server with an issuer's account and a lent one, and a secret for each.

    Implements what issuers ask of `Databases`, `session_user` and `ports.targets.LoginSecrets`.
    """

    clock: Clock
    fuse: Fuse
    users: dict[str, User] = field(default_factory=dict)
    connections: list[tuple[str, str]] = field(default_factory=list)
    """User, and what the test calls whoever opened it."""
    secrets: dict[str, dict[str, tuple[str, frozenset[str]]]] = field(default_factory=dict)
    """Password and labels by secret and version."""
    accounts: dict[str, str] = field(default_factory=dict)
    """The user that a secret is for."""
    down: bool = False
    """Whether it answers nobody."""
    staged: dict[str, str] = field(default_factory=dict)
    """Passwords that a transaction has set and not committed; their rows are locked."""
    sslmode: str = "disable"
    trusted_certificates: str | None = None

    def __post_init__(self) -> None:
        name, password = _ISSUER_LOGIN
        self._account("bank/core-ledger-db/pam-issuer", name, password)
        self._account("bank/core-reporting-db/pam-issuer", name, password)
        self._account("bank/core-reporting-db/reports", "reports", "the-first-password")

    def _account(self, secret: str, name: str, password: str) -> None:
        self.users[name] = User(password)
        self.accounts[secret] = name
        self.secrets[secret] = {"version-0": (password, frozenset({"AWSCURRENT"}))}

    # Databases

    @contextmanager
    def opened(
        self, login: DatabaseLogin, purpose: str, *, for_an_end: bool = False
    ) -> Iterator["FakeServer"]:
        del for_an_end  # nobody takes the slots of this one
        if not self.lets_in(login):
            raise IssuerUnavailable(purpose)
        yield self

    @contextmanager
    def connect(self, login: DatabaseLogin) -> Iterator["FakeServer"]:
        with self.opened(login, "the database did not answer") as connection:
            yield connection

    @contextmanager
    def reached(self, login: DatabaseLogin) -> Iterator["FakeServer"]:
        if not self.lets_in(login):
            message = "the database did not let PAM in"
            raise Unreached(message)
        yield self

    def lets_in(self, login: DatabaseLogin) -> bool:
        return self.fuse.call(
            lambda: not self.down and self.takes(login.username, login.password, self.clock())
        )

    def takes(self, username: str, password: str, at: datetime) -> bool:
        user = self.users.get(username)
        if user is None or not user.login or user.password != password:
            return False
        return user.until is None or at < user.until

    def connect_as(self, who: str, username: str) -> None:
        self.connections.append((username, who))

    def cut(self, username: str) -> int:
        def without() -> int:
            before = len(self.connections)
            self.connections = [each for each in self.connections if each[0] != username]
            return before - len(self.connections)

        return self.fuse.call(without)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            yield
            self.fuse.call(self._commit)
        except psycopg.Rollback:
            return
        finally:
            self.staged = {}

    def _commit(self) -> None:
        for name, password in self.staged.items():
            self.users[name].password = password

    def set_password(self, username: str, password: str) -> None:
        self.fuse.call(lambda: self.staged.__setitem__(username, password))

    # LoginSecrets

    def login(
        self,
        secret: str,
        where: Mapping[str, str] = MappingProxyType({}),
        *,
        version: str = "",
        stage: str = "AWSCURRENT",
    ) -> DatabaseLogin:
        def found() -> DatabaseLogin:
            password = next(
                password
                for name, (password, labels) in self.secrets[secret].items()
                if (name == version if version else (stage or "AWSCURRENT") in labels)
            )
            return DatabaseLogin(
                host="db", port=5432, dbname="db", username=self.accounts[secret], password=password
            )

        return self.fuse.call(found)

    def versions(self, secret: str) -> dict[str, frozenset[str]]:
        return self.fuse.call(
            lambda: {name: labels for name, (_, labels) in self.secrets[secret].items() if labels}
        )

    def rotate(self, secret: str, version: str) -> None:
        def rotated() -> None:
            stored = self.secrets[secret]
            # A rotation that finds the account's row locked, or its login shut, fails; it is asked
            # for again.
            name = self.accounts[secret]
            if version in stored or name in self.staged or not self.users[name].login:
                return
            made = f"password of {version}"
            self._make_current(secret, version, made)
            self.users[name].password = made

        self.fuse.call(rotated)

    def renew(
        self, secret: str, where: Mapping[str, str], version: str, password: str
    ) -> DatabaseLogin:
        def renewed() -> None:
            if version not in self.secrets[secret]:
                self._make_current(secret, version, password)

        self.fuse.call(renewed)
        return self.login(secret)

    def _make_current(self, secret: str, version: str, password: str) -> None:
        stored = self.secrets[secret]
        for name, (earlier, labels) in stored.items():
            stage = {"AWSPREVIOUS"} if "AWSCURRENT" in labels else set()
            stored[name] = (earlier, frozenset(stage))
        stored[version] = (password, frozenset({"AWSCURRENT"}))


class SessionUsers:
    """Stands for `pam.postgres.session_user`; each statement is a call that may be the last."""

    @staticmethod
    def name_of(session: Session) -> str:
        return database_user(session.session_id)

    @staticmethod
    def make(server: FakeServer, username: str, group: str, until: datetime, limit: int) -> None:
        del group
        assert limit > 0
        server.fuse.call(
            lambda: server.users.setdefault(username, User("", until=until, login=False))
        )

    @staticmethod
    def has_all_its_connections(server: FakeServer, username: str) -> bool:
        del username
        return server.fuse.call(lambda: False)

    @staticmethod
    def give_login(server: FakeServer, username: str, made: str, until: datetime) -> bool:
        def given() -> bool:
            user = server.users.get(username)
            if user is None or user.shut:
                return False
            user.password, user.until, user.login = made, until, True
            return True

        return server.fuse.call(given)

    @staticmethod
    def shut(server: FakeServer, issuer: DatabaseLogin, username: str, group: str) -> int | None:
        del group

        def done() -> bool:
            user = server.users.get(username)
            if user is not None:
                user.login, user.shut = False, True
            return user is not None

        with server.opened(issuer, "the login could not be shut"):
            if not server.fuse.call(done):
                return None
            server.fuse.call(lambda: None)  # out of the group
            return server.cut(username)

    @staticmethod
    def can_log_in(server: FakeServer, username: str) -> bool:
        user = server.fuse.call(lambda: server.users.get(username))
        return user is not None and user.login

    @staticmethod
    def look(server: FakeServer, username: str, group: str) -> list[str]:
        del username, group
        return server.fuse.call(list)

    @staticmethod
    def databases_of(server: FakeServer, username: str) -> list[str]:
        del username
        return server.fuse.call(list)

    @staticmethod
    def hand_on(server: FakeServer, username: str, heir: str) -> None:
        del username, heir
        server.fuse.call(lambda: None)

    @staticmethod
    def drop(server: FakeServer, username: str) -> None:
        server.fuse.call(lambda: server.users.pop(username, None))

    @staticmethod
    def members(server: FakeServer, group: str) -> dict[str, bool]:
        del group
        return server.fuse.call(
            lambda: {
                name: not user.shut
                for name, user in server.users.items()
                if re.match("pam_0", name)
            }
        )

    @staticmethod
    def left_over(server: FakeServer, *, with_an_heir: bool) -> list[str]:
        del with_an_heir
        return server.fuse.call(list)


class LentAccounts:
    """Stands for `pam.postgres.lent_account`, in the same way."""

    @staticmethod
    def read(server: FakeServer, name: str) -> Account:
        can = server.fuse.call(lambda: server.users[name].login)
        return Account(can_log_in=can, limit=-1, can_be_acted_as=True, is_administered=True)

    @staticmethod
    def memory(server: FakeServer, name: str) -> str:
        return server.fuse.call(lambda: f"how {name} stood")

    @staticmethod
    def shut(server: FakeServer, mender: DatabaseLogin, name: str) -> int:
        with server.opened(mender, "the login could not be shut"):
            server.fuse.call(lambda: setattr(server.users[name], "login", False))
            return server.cut(name)

    @staticmethod
    def put_back(server: FakeServer, name: str, remembered: str | None, note: Note) -> list[str]:
        assert remembered == f"how {name} stood"
        return list(note(server.fuse.call(list)))

    @staticmethod
    def renew(server: FakeServer, mender: DatabaseLogin, account: DatabaseLogin) -> bool:
        user = server.users[account.username]
        with server.opened(mender, "the account could not be taken back"):
            server.fuse.call(lambda: setattr(user, "password", account.password))
            server.cut(account.username)
            LentAccounts.give_login(server, account.username)
        return True

    @staticmethod
    def give_login(server: FakeServer, name: str) -> None:
        server.fuse.call(lambda: setattr(server.users[name], "login", True))


@dataclass
class FakeCheckouts:
    """`ports.targets.Checkouts`. Whatever a closed session had taken is free again, if
    it had not begun to make access.
    """

    is_closed: Callable[[str], bool] = lambda _: False
    held: dict[str, str] = field(default_factory=dict)
    receipts: dict[tuple[str, str], Receipt] = field(default_factory=dict)
    memory: dict[tuple[str, str], str] = field(default_factory=dict)
    kept: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    making: dict[tuple[str, str], list[datetime]] = field(default_factory=dict)
    stopped: set[tuple[str, str]] = field(default_factory=set)

    def take(self, what: str, session_id: str) -> bool:
        holder = self.held.get(what)
        if holder is None or (self.is_closed(holder) and (what, holder) not in self.making):
            self.held[what] = session_id
        return self.has(what, session_id)

    def has(self, what: str, session_id: str) -> bool:
        return self.held.get(what) == session_id

    def give_back(self, what: str, session_id: str, receipt: Receipt) -> None:
        if self.has(what, session_id):
            del self.held[what]
            self.receipts[what, session_id] = receipt
            self.memory.pop((what, session_id), None)
            self.kept.pop((what, session_id), None)

    def remember(self, what: str, session_id: str, text: str) -> None:
        if self.has(what, session_id):
            self.memory.setdefault((what, session_id), text)

    def remembered(self, what: str, session_id: str) -> str | None:
        return self.memory.get((what, session_id)) if self.has(what, session_id) else None

    def found(self, what: str, session_id: str, texts: Sequence[str]) -> Sequence[str]:
        kept = self.kept.setdefault((what, session_id), []) if self.has(what, session_id) else []
        kept += [each for each in texts if each not in kept]
        return list(kept)

    def begin_making(self, what: str, session_id: str, *, until: datetime) -> bool:
        if not self.has(what, session_id) or (what, session_id) in self.stopped:
            return False
        self.memory.setdefault((what, session_id), "made")
        self.making.setdefault((what, session_id), []).append(until)
        return True

    def finish_making(self, what: str, session_id: str) -> None:
        if self.has(what, session_id) and self.making.get((what, session_id)):
            self.making[what, session_id].pop(0)

    def stop_making(self, what: str, session_id: str) -> datetime | None:
        if not self.has(what, session_id):
            return None
        self.stopped.add((what, session_id))
        return max(self.making.get((what, session_id), []), default=None)

    def receipt(self, what: str, session_id: str) -> Receipt | None:
        return self.receipts.get((what, session_id))


@dataclass
class Targets:
    """All of them, and one question to each lease: does it let anybody in at that time?"""

    aws: FakeAws
    server: FakeServer

    def let_in(self, credentials: Credentials, at: datetime) -> bool:
        if isinstance(credentials, AwsCredentials):
            return self.aws.lets_in(credentials.access_key_id, at)
        return self.server.takes(credentials.username, credentials.password, at)
