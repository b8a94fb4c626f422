"""The form of the files under `policy/`: every key known, every value of its type."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pam.domain import durations
from pam.domain.resource import Environment


def _duration(value: object) -> timedelta:
    if not isinstance(value, str):
        message = "a duration is text such as 30s, 15m or 1h30m"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports ValueError as a field error
    return durations.parse(value)


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


class ResourceEntry(_Strict):
    id: Name
    title: Annotated[str, Field(min_length=1, max_length=80)]
    description: Annotated[str, Field(min_length=1, max_length=400)]
    environment: Environment
    domain: Name
    issuer: AwsRoleIssuer
    duration: Duration | None = None
    max_duration: Duration | None = None
    approval_window: Duration | None = None


class Defaults(_Strict):
    duration: Duration
    max_duration: Duration
    approval_window: Duration


class BreakGlass(_Strict):
    review_environments: list[Environment]
    review_within: Duration


class CatalogueFile(_Strict):
    defaults: Defaults
    break_glass: BreakGlass
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
