"""Single-user rotation in Secrets Manager's four steps, for a PostgreSQL account.

Each step may be repeated, alone or from the beginning, with the same token: it looks at what is
there and does what is missing. The account changes its own password, so the function needs no
other login.
"""

import secrets
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from pam.domain.errors import IssuerUnavailable
from pam.ports.targets import DatabaseLogin, RotatingSecret
from pam.postgres.login import Databases
from pam.postgres.password import set_password

_PASSWORD_BYTES = 32
_CURRENT, _PENDING, _PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"

ParseLogin = Callable[[dict[str, Any]], DatabaseLogin]


class Step(StrEnum):
    CREATE = "createSecret"
    SET = "setSecret"
    TEST = "testSecret"
    FINISH = "finishSecret"


class RotationRefused(Exception):
    """The call does not fit the secret: not rotating, unknown version, another account."""


class PostgresRotation:
    def __init__(
        self, secret: RotatingSecret, databases: Databases, parse_login: ParseLogin
    ) -> None:
        self._secret = secret
        self._databases = databases
        self._parse = parse_login

    def run(self, step: Step, version: str) -> None:
        """Raises RotationRefused, IssuerUnavailable."""
        if not self._secret.rotates():
            message = "the secret is not set up for rotation"
            raise RotationRefused(message)
        labels = self._secret.stages().get(version)
        if labels is None:
            message = "the secret has no such version"
            raise RotationRefused(message)
        if _CURRENT in labels:
            return  # finished before; Secrets Manager repeats what it did not see end
        if _PENDING not in labels:
            message = "the version is not pending"
            raise RotationRefused(message)
        steps: Mapping[Step, Callable[[str], None]] = {
            Step.CREATE: self._create,
            Step.SET: self._set,
            Step.TEST: self._test,
            Step.FINISH: self._finish,
        }
        steps[step](version)

    def _create(self, version: str) -> None:
        if self._secret.value(stage=_PENDING, version=version) is not None:
            return
        current = self._value(_CURRENT)
        fresh = {**current, "password": secrets.token_urlsafe(_PASSWORD_BYTES)}
        self._secret.put_pending(version, fresh)

    def _set(self, version: str) -> None:
        pending = self._login(_PENDING, version)
        if self._databases.lets_in(pending):
            return
        current = self._login(_CURRENT)
        if (pending.host, pending.port, pending.username) != (
            current.host,
            current.port,
            current.username,
        ):
            # A right to write a pending version must not be a way to turn this function, and the
            # current password, against another server.
            message = "the pending version is for another account than the current one"
            raise RotationRefused(message)
        with self._databases.opened(
            self._working(current), "the password could not be changed"
        ) as connection:
            set_password(connection, pending.username, pending.password)

    def _test(self, version: str) -> None:
        if not self._databases.lets_in(self._login(_PENDING, version)):
            message = "the new password does not log in"
            raise IssuerUnavailable(message)

    def _finish(self, version: str) -> None:
        current = next(v for v, labels in self._secret.stages().items() if _CURRENT in labels)
        self._secret.make_current(version, current)

    def _working(self, current: DatabaseLogin) -> DatabaseLogin:
        """The current password; or the one before, if a rotation was undone half-way."""
        if self._databases.lets_in(current):
            return current
        before = self._secret.value(stage=_PREVIOUS)
        login = before and self._parse(before)
        same = login and (login.host, login.username) == (current.host, current.username)
        return login if login and same and self._databases.lets_in(login) else current

    def _login(self, stage: str, version: str = "") -> DatabaseLogin:
        return self._parse(self._value(stage, version))

    def _value(self, stage: str, version: str = "") -> dict[str, Any]:
        value = self._secret.value(stage=stage, version=version)
        if value is None:
            message = f"the secret has no value labelled {stage}"
            raise RotationRefused(message)
        return value
