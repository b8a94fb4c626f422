"""The form of the files under `policy/`: every key known, every value of its type."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    model_validator,
)

from pam.domain import durations
from pam.domain.resource import Environment
from pam.policy.compiled import PERSON_NAME

_LONGEST_POSTGRES_NAME = 63


def _duration(value: object) -> timedelta:
    if not isinstance(value, str):
        message = "a duration is text such as 30s, 15m or 1h30m"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports ValueError as a field error
    return durations.parse(value)


def _postgres_name(name: str) -> str:
    """Anything that PostgreSQL takes as a name, quotes and semicolons included."""
    if "\0" in name or len(name.encode()) > _LONGEST_POSTGRES_NAME:
        message = f"a PostgreSQL name has at most {_LONGEST_POSTGRES_NAME} bytes, none of them zero"
        raise ValueError(message)
    return name


def _single_user(rotation: str) -> str:
    if rotation != "single-user":
        message = (
            "only single-user can be lent: an alternating-users rotation leaves the user of before "
            "valid beside the new one, so the password handed out would outlive the session"
        )
        raise ValueError(message)
    return rotation


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,62}$")]
Account = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
Role = Literal["engineers", "approvers", "operators", "auditors"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AwsRoleIssuer(_Strict):
    kind: Literal["aws-role"]
    role_name: Annotated[str, Field(pattern=r"^[\w+=,.@-]{1,51}$")]
    """51, not IAM's 64: the revoker role beside it carries a suffix."""
    account: Account | None = None
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] | None = None
    iam_writes: StrictBool = False
    """Whether the role is lent in order to change IAM. Every other lease is denied that on all of
    IAM; a lease of this one only on what is PAM's own."""


SecretName = Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$")]
"""As Secrets Manager has it: a name, without the six characters that it appends to the ARN."""
KeyArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[\w-]+$")]
LogGroup = Annotated[str, Field(pattern=r"^/aws/rds/[A-Za-z0-9_./#-]{1,500}$")]
PostgresName = Annotated[str, Field(min_length=1), AfterValidator(_postgres_name)]


class PostgresUserIssuer(_Strict):
    """A user of its own for each session, in `group_role`, made by the login that `secret` holds.

    `secret` has the standard RDS form: host, port, dbname, username, password. With `rds-iam` PAM
    logs in by a token of its own role instead, as `rds_db_user` (`db-...` or `cluster-...`, a
    slash, the user), and the secret needs no password.
    """

    kind: Literal["postgres-user"]
    secret: SecretName
    group_role: PostgresName
    connection_limit: Annotated[int, Field(ge=1, le=100, strict=True)] = 5
    """How many connections a session's user may have at a time."""
    quarantine_role: PostgresName | None = None
    """The role, without rights and without a login, to which the objects go that a session made;
    absent: they stay with the session's user, who can do nothing any more."""
    auth: Literal["password", "rds-iam"] = "password"
    rds_db_user: (
        Annotated[str, Field(pattern=r"^(db|cluster|prx)-[A-Z0-9]+/[^*?]{1,63}$")] | None
    ) = None
    secret_key: KeyArn | None = None
    """The customer key that encrypts the secret; absent: the account's default key."""
    statement_log: LogGroup | None = None
    """The log group to which RDS exports the server's log, in this account; absent: what sessions
    do in the database is not recorded."""

    @model_validator(mode="after")
    def _names_the_user_of_its_token(self) -> Self:
        if (self.auth == "rds-iam") != (self.rds_db_user is not None):
            message = "rds_db_user goes with auth: rds-iam, and with nothing else"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _hands_nothing_to_the_group(self) -> Self:
        if self.quarantine_role == self.group_role:
            message = "quarantine_role is a role without rights, and so not the group_role"
            raise ValueError(message)
        return self


class RotatedSecretIssuer(_Strict):
    """The static account whose login `secret` holds, for one session at a time.

    Whoever rotates the secret (MOD-045, or PAM's own function) is not PAM's business, but that it
    is a single-user rotation is.
    """

    kind: Literal["rotated-secret"]
    secret: SecretName
    rotation: Annotated[str, AfterValidator(_single_user)]
    when_taken: Literal["wait", "refuse"] = "refuse"
    rotation_function: Annotated[str, Field(pattern=r"^[\w-]{1,64}$")] | None = None
    """The rotation's Lambda function in this account, which RotateSecret's caller must be allowed
    to invoke; absent: PAM's own, or none (a rotation that a database service manages)."""
    login_secret: SecretName | None = None
    """The login that administers the account, and takes it back whatever its borrower did. Without
    it the resource is refused, with the way to make one."""
    secret_key: KeyArn | None = None


Issuer = Annotated[
    AwsRoleIssuer | PostgresUserIssuer | RotatedSecretIssuer, Field(discriminator="kind")
]


class ResourceEntry(_Strict):
    id: Name
    title: Annotated[str, Field(min_length=1, max_length=80)]
    description: Annotated[str, Field(min_length=1, max_length=400)]
    environment: Environment
    domain: Name
    issuer: Issuer
    duration: Duration | None = None
    max_duration: Duration | None = None
    approval_window: Duration | None = None


class Defaults(_Strict):
    duration: Duration
    max_duration: Duration
    approval_window: Duration


PersonName = Annotated[str, Field(pattern=f"^{PERSON_NAME.pattern}$")]


class BreakGlass(_Strict):
    """`reviewers`: by domain, people who look back for it although they are none of its approvers;
    for domains that have too few.
    """

    review_environments: list[Environment]
    review_within: Duration
    reviewers: dict[Name, Annotated[list[PersonName], Field(min_length=1)]] = {}


class LimitsFile(_Strict):
    """See `domain.limits`. A catalogue that says nothing has these."""

    waiting: Annotated[int, Field(ge=1, le=100)] = 5
    per_resource: Annotated[int, Field(ge=1, le=100)] = 3
    open: Annotated[int, Field(ge=1, le=100)] = 20
    unreviewed_break_glass: Annotated[int, Field(ge=1, le=100)] = 3
    unconfirmed: Annotated[int, Field(ge=1, le=100)] = 3


_APART: list[list[Role]] = [["engineers", "approvers", "operators"]]


class CatalogueFile(_Strict):
    """`apart`: sets of roles of which nobody may have two."""

    defaults: Defaults
    break_glass: BreakGlass
    limits: LimitsFile = LimitsFile()
    apart: list[Annotated[list[Role], Field(min_length=2)]] = _APART
    resources: Annotated[list[ResourceEntry], Field(min_length=1)]


class IdentityEntry(_Strict):
    permission_set: Annotated[str, Field(pattern=r"^[\w+=,.@-]{1,32}$")] | None = None
    user: Annotated[str, Field(pattern=r"^[\w+=,.@-]{1,64}$")] | None = None
    account: Account | None = None
    accounts: Annotated[list[Account], Field(min_length=1)] | None = None
    person: str | None = None
    domain: Name
    groups: list[Name]

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.permission_set is None) == (self.user is None):
            message = "name exactly one of permission_set and user"
            raise ValueError(message)
        if (self.account is None) == (self.accounts is None):
            message = "name exactly one of account and accounts"
            raise ValueError(message)
        if self.permission_set is not None and self.person is not None:
            message = "a permission set's sessions name the person; remove person"
            raise ValueError(message)
        return self


class IdentitiesFile(_Strict):
    groups: dict[Name, Role]
    identities: Annotated[list[IdentityEntry], Field(min_length=1)]
