"""Database logins in Secrets Manager, in the form that RDS gives them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.domain.errors import IssuerUnavailable
from pam.domain.rds_names import WHY_NO_PROXY, is_proxy_host
from pam.ports.targets import DatabaseLogin

_DEFAULT_PORT = 5432
WHERE = ("host", "port", "dbname")
_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"


class SecretsManagerLogins:
    """Implements `ports.targets.LoginSecrets`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def login(
        self, secret: str, where: Mapping[str, str], *, version: str = "", stage: str = ""
    ) -> DatabaseLogin:
        which = {"VersionId": version} if version else {}
        which |= {"VersionStage": stage} if stage else {}
        with _unavailable("the database's secret could not be read"):
            answer = self._client.get_secret_value(SecretId=secret, **which)
        try:
            document = json.loads(answer["SecretString"])
            login = parse_login({**document, **{n: where[n] for n in WHERE if n in where}})
        except KeyError as missing:
            # Of a key's name, and of nothing that the secret holds.
            message = (
                f"the database's secret is not in the standard form of RDS: no {missing.args[0]}"
            )
            if missing.args[0] == "host":
                message += "; say host in the catalogue if RDS manages the secret"
        except (TypeError, ValueError):
            message = "the database's secret is not in the standard form of RDS"
        else:
            if is_proxy_host(login.host):
                raise IssuerUnavailable(WHY_NO_PROXY)
            return login
        # Not chained: what could not be parsed may be quoted in the error.
        raise IssuerUnavailable(message)

    def versions(self, secret: str) -> dict[str, frozenset[str]]:
        with _unavailable("the database's secret could not be looked at"):
            described = self._client.describe_secret(SecretId=secret)
        return stages_of(described)

    def rotate(self, secret: str, version: str) -> None:
        with _unavailable("the database's secret could not be rotated"):
            try:
                self._client.rotate_secret(SecretId=secret, ClientRequestToken=version)
            except ClientError as error:
                # A rotation under way: ours, asked for a moment ago, or somebody else's.
                if error.response["Error"]["Code"] != "InvalidRequestException":
                    raise

    def renew(
        self, secret: str, where: Mapping[str, str], version: str, password: str
    ) -> DatabaseLogin:
        with _unavailable("the database's secret could not be renewed"):
            if not self._is_made(secret, version):
                self._make(secret, version, password)
        return self.login(secret, where)

    def _is_made(self, secret: str, version: str) -> bool:
        try:
            self._client.get_secret_value(SecretId=secret, VersionId=version)
        except self._client.exceptions.ResourceNotFoundException:
            return False
        return True

    def _make(self, secret: str, version: str, password: str) -> None:
        current = json.loads(self._client.get_secret_value(SecretId=secret)["SecretString"])
        try:
            self._client.put_secret_value(
                SecretId=secret,
                ClientRequestToken=version,
                SecretString=json.dumps({**current, "password": password}),
                # With the second label a rotation that is under way loses it, and ends: its
                # password would come after this one.
                VersionStages=[_CURRENT, _PENDING],
            )
        except self._client.exceptions.ResourceExistsException:
            # A twin of this call has made it, with a password of its own.
            return


class SecretsManagerRotation:
    """Implements `ports.targets.RotatingSecret`, for the one function that rotates."""

    def __init__(self, client: Any, secret_id: str) -> None:
        self._client = client
        self._secret_id = secret_id
        self._described = client.describe_secret(SecretId=secret_id)

    def rotates(self) -> bool:
        return bool(self._described.get("RotationEnabled"))

    def stages(self) -> dict[str, frozenset[str]]:
        return stages_of(self._described)

    def value(self, *, stage: str, version: str = "") -> dict[str, Any] | None:
        which = {"VersionId": version} if version else {}
        try:
            answer = self._client.get_secret_value(
                SecretId=self._secret_id, VersionStage=stage, **which
            )
        except self._client.exceptions.ResourceNotFoundException:
            return None
        document: dict[str, Any] = json.loads(answer["SecretString"])
        return document

    def put_pending(self, version: str, value: dict[str, Any]) -> None:
        self._client.put_secret_value(
            SecretId=self._secret_id,
            ClientRequestToken=version,
            SecretString=json.dumps(value),
            VersionStages=["AWSPENDING"],
        )

    def make_current(self, version: str, instead_of: str) -> None:
        self._client.update_secret_version_stage(
            SecretId=self._secret_id,
            VersionStage="AWSCURRENT",
            MoveToVersionId=version,
            RemoveFromVersionId=instead_of,
        )


def parse_login(document: Any) -> DatabaseLogin:
    """Raises KeyError, TypeError or ValueError for another form, or for another engine."""
    if not isinstance(document, dict):
        message = "not an object"
        raise TypeError(message)
    engine = str(document.get("engine", "postgres"))
    if not engine.startswith(("postgres", "aurora-postgres")):
        message = "not a PostgreSQL login"
        raise ValueError(message)
    return DatabaseLogin(
        host=str(document["host"]),
        port=int(document.get("port", _DEFAULT_PORT)),
        dbname=str(document.get("dbname") or "postgres"),
        username=str(document["username"]),
        password=str(document.get("password", "")),
    )


def stages_of(described: dict[str, Any]) -> dict[str, frozenset[str]]:
    return {
        version: frozenset(labels)
        for version, labels in described.get("VersionIdsToStages", {}).items()
    }


@contextmanager
def _unavailable(what: str) -> Iterator[None]:
    """Every error of AWS inside becomes IssuerUnavailable, with AWS's code and not its text."""
    try:
        yield
    except ClientError as error:
        message = f"{what}: {error.response['Error']['Code']}"
        raise IssuerUnavailable(message) from error
    except BotoCoreError as error:
        message = f"{what}: {type(error).__name__}"
        raise IssuerUnavailable(message) from error
