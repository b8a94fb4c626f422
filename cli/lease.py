"""A lease: one set of credentials, kept in memory and written only where it was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from cli.arguments import session_path
from cli.libpq import interfering
from cli.next_command import yours
from cli.problems import ApiProblem, Failure
from cli.root_certificates import stored
from cli.text import clean
from pam.domain.errors import Code

if TYPE_CHECKING:
    from cli.api import Api

SECRETS = frozenset(
    {"access_key_id", "secret_access_key", "session_token", "console_url", "password"}
)
"""Fields that `pam exec --json` leaves out."""
OTHER_IDENTITIES = frozenset(
    {
        "AMAZON_ACCESS_KEY_ID",
        "AMAZON_SECRET_ACCESS_KEY",
        "AMAZON_SESSION_TOKEN",
        "AWS_ACCESS_KEY",
        "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_CREDENTIAL_PROFILES_FILE",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SECRET_KEY",
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
"""Variables by which some SDK would act as somebody else than the lease says: Go's, Java's and
Ruby's read keys by other names, too, and before they ask an endpoint.
"""

SYSTEM_ROOTS = "system"
"""libpq's word for the certificates that the system trusts."""
_SSL_MODES = ("verify-full", "verify-ca", "require", "disable")
"""libpq's others, `allow` and `prefer`, leave it to the server whether anything is encrypted."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseLease:
    host: str
    port: str
    dbname: str
    username: str
    password: str = field(repr=False)
    sslmode: str
    roots: str
    """Certificates as PEM, SYSTEM_ROOTS, or empty where nothing is verified."""
    session_id: str

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Raises Failure for one that is not whole, or whose server could not be known by it."""
        sslmode = _sslmode(document.get("sslmode"))
        return cls(
            **_whole(document, "host", "dbname", "username", "password"),
            port=str(document.get("port") or ""),
            sslmode=sslmode,
            roots=_roots(document.get("sslrootcert"), sslmode),
            session_id=str(document.get("session_id") or ""),
        )

    def environment(self) -> dict[str, str]:
        """The variables that psql and every other libpq program reads. Certificates that the
        lease brings are put into a file of the user's; raises Failure if that is impossible.
        """
        brought = self.roots not in {"", SYSTEM_ROOTS}
        variables = {
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGDATABASE": self.dbname,
            "PGUSER": self.username,
            "PGPASSWORD": self.password,
            "PGSSLMODE": self.sslmode,
            "PGSSLROOTCERT": str(stored(self.roots)) if brought else self.roots,
            # libpq tries GSS before TLS, and then looks at no certificate.
            "PGGSSENCMODE": "disable",
        }
        return {name: value for name, value in variables.items() if value}

    def interfering(self, environment: Mapping[str, str]) -> frozenset[str]:
        """Names of variables that could change where or how this login is used."""
        return interfering(environment, system_roots=self.roots == SYSTEM_ROOTS)

    def child_environment(self, parent: Mapping[str, str]) -> dict[str, str]:
        """`parent` with this login and no other."""
        gone = self.interfering(parent)
        kept = {name: value for name, value in parent.items() if name not in gone}
        return kept | self.environment()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """No credentials: the access stands at the target already."""

    url: str
    instructions: str
    expires_at: str

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Raises Failure for one that does not say what to do."""
        instructions = document.get("instructions")
        if not isinstance(instructions, str) or not instructions:
            message = "the API's lease says not where to sign in; is this pam older than the API?"
            raise Failure(message)
        return cls(
            url=str(document.get("url") or ""),
            instructions=instructions,
            expires_at=str(document.get("expires_at") or ""),
        )

    def lines(self) -> list[str]:
        """Where to go, and what to do there, with nothing in them that a terminal would act on."""
        return [clean(part) for part in (self.url, self.instructions) if part]

    def said(self) -> str:
        """The same on one line."""
        return " ".join(self.lines())


Lease = AwsLease | DatabaseLease


def parse(document: Mapping[str, Any]) -> Lease | SignIn:
    """Raises Failure for a lease of a kind that this command does not know, or not whole."""
    match document.get("kind"):
        case "aws":
            return AwsLease.parse(document)
        case "secret":
            return DatabaseLease.parse(document)
        case "signin":
            return SignIn.parse(document)
        case kind:
            message = f"this pam knows no lease of kind {kind!r}; get it with --json"
            raise Failure(message)


def _whole(document: Mapping[str, Any], *names: str) -> dict[str, str]:
    if not all(isinstance(document.get(name), str) and document[name] for name in names):
        message = "the API's lease lacks credentials; is this pam older than the API?"
        raise Failure(message)
    return {name: document[name] for name in names}


def _sslmode(named: object) -> str:
    """An API that says nothing is one of before leases said it: the server is verified then."""
    if named is None:
        return "verify-full"
    if named not in _SSL_MODES:
        message = (
            f"the lease's sslmode is {named!r}; pam connects with {', '.join(_SSL_MODES)} only"
        )
        raise Failure(message)
    return str(named)


def _roots(named: object, sslmode: str) -> str:
    """As in DatabaseLease.roots. A path is refused: what lies there is not the lease's to say."""
    if named is not None and named != SYSTEM_ROOTS and not _is_pem(named):
        message = "the lease's sslrootcert is neither certificates (PEM) nor the word system"
        raise Failure(message)
    if isinstance(named, str) and named != SYSTEM_ROOTS and sslmode != "disable":
        return named
    # Beside a mode that verifies nothing, libpq refuses to connect if it is told of the system's.
    return SYSTEM_ROOTS if sslmode.startswith("verify-") else ""


def _is_pem(text: object) -> bool:
    marks = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")
    if not isinstance(text, str) or not all(mark in text for mark in marks):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair: JSON can carry it, a file cannot.
        return False
    return True


def take(api: "Api", session_id: str) -> dict[str, Any]:
    """A new lease under the session, as the API gives it."""
    try:
        return api.post(f"{session_path(session_id)}/credentials")
    except ApiProblem as problem:
        if problem.code == Code.CONFLICT:
            problem.args = (f"{problem}; {yours(f'show {session_id}')} says why",)
        raise
