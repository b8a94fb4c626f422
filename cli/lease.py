"""A lease: one set of credentials, kept in memory and written only where it was asked for."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from cli.problems import Failure
from cli.text import clean
from cli.watch import session_path

if TYPE_CHECKING:
    from cli.api import Api

SECRETS = frozenset(
    {"access_key_id", "secret_access_key", "session_token", "console_url", "password"}
)
"""Fields that `pam exec --json` leaves out."""
OTHER_IDENTITIES = frozenset(
    {
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SECURITY_TOKEN",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    }
)
"""Variables by which some SDK would act as somebody else than the lease says."""


OTHER_LOGINS = frozenset(
    {
        "PGHOSTADDR",
        "PGPASSFILE",
        "PGSERVICE",
        "PGSERVICEFILE",
        "PGSYSCONFDIR",
        "PGREQUIREPEER",
        "PGSSLCERT",
        "PGSSLKEY",
    }
)
"""Variables by which libpq would go to another server, or log in as somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsLease:
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    region: str
    session_id: str
    expires_at: str

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Raises Failure for one that is not whole."""
        return cls(
            **_whole(document, "access_key_id", "secret_access_key", "session_token"),
            region=str(document.get("region") or ""),
            session_id=str(document.get("session_id") or ""),
            expires_at=str(document.get("expires_at") or ""),
        )

    def environment(self) -> dict[str, str]:
        """The variables that AWS SDKs and the AWS CLI read."""
        variables = {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
            "AWS_CREDENTIAL_EXPIRATION": self.expires_at,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }
        return {name: value for name, value in variables.items() if value}

    def process_document(self) -> dict[str, Any]:
        """What an AWS profile's `credential_process` must print."""
        return {
            "Version": 1,
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key,
            "SessionToken": self.session_token,
            "Expiration": self.expires_at,
        }

    def child_environment(self, parent: Mapping[str, str]) -> dict[str, str]:
        """`parent` with these credentials and no others."""
        return _child(self, parent, OTHER_IDENTITIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseLease:
    host: str
    port: str
    dbname: str
    username: str
    password: str = field(repr=False)
    session_id: str

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Raises Failure for one that is not whole."""
        return cls(
            **_whole(document, "host", "dbname", "username", "password"),
            port=str(document.get("port") or ""),
            session_id=str(document.get("session_id") or ""),
        )

    def environment(self) -> dict[str, str]:
        """The variables that psql and every other libpq program reads."""
        variables = {
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGDATABASE": self.dbname,
            "PGUSER": self.username,
            "PGPASSWORD": self.password,
        }
        return {name: value for name, value in variables.items() if value}

    def child_environment(self, parent: Mapping[str, str]) -> dict[str, str]:
        """`parent` with this login and no other."""
        return _child(self, parent, OTHER_LOGINS)


Lease = AwsLease | DatabaseLease


def parse(document: Mapping[str, Any]) -> Lease:
    """Raises Failure for a lease of a kind that this command does not know, or not whole."""
    match document.get("kind"):
        case "aws":
            return AwsLease.parse(document)
        case "secret":
            return DatabaseLease.parse(document)
        case kind:
            message = f"this pam knows no lease of kind {kind!r}; get it with --json"
            raise Failure(message)


def exports(lease: Lease) -> str:
    """For `eval "$(pam credentials ID)"`."""
    lines = lease.environment().items()
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in lines)


def psql_command(lease: DatabaseLease) -> str:
    """A line for a shell. The password is in the environment of that one command, and not among
    its arguments, which everybody on the machine can see.
    """
    login = lease.environment().items()
    return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in login), "psql"])


def _whole(document: Mapping[str, Any], *names: str) -> dict[str, str]:
    if not all(isinstance(document.get(name), str) and document[name] for name in names):
        message = "the API's lease lacks credentials; is this pam older than the API?"
        raise Failure(message)
    return {name: document[name] for name in names}


def _child(lease: Lease, parent: Mapping[str, str], others: frozenset[str]) -> dict[str, str]:
    kept = {name: value for name, value in parent.items() if name not in others}
    return kept | lease.environment() | {"PAM_SESSION_ID": clean(lease.session_id)}


def take(api: "Api", session_id: str) -> dict[str, Any]:
    """A new lease under the session, as the API gives it."""
    return api.post(f"{session_path(session_id)}/credentials")
