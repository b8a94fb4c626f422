"""The form of the files under `policy/`: every key known, every value of its type."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self, Union

from pydantic import AfterValidator, Field, create_model, model_validator

from pam.domain import kinds
from pam.domain.principals import Scheme, scheme_of
from pam.domain.resource import Environment
from pam.kinds import entry_of
from pam.policy.compiled import PERSON_NAME, PERSON_WORDS
from pam.policy.fields import (
    Account,
    Duration,
    IssuerEntry,
    Name,
    Strict,
    spelled,
    without_slash,
)

Role = Literal["engineers", "approvers", "operators", "auditors"]


class ResourceEntry(Strict):
    id: Name
    title: Annotated[str, Field(min_length=1, max_length=80)]
    description: Annotated[str, Field(min_length=1, max_length=400)]
    environment: Environment
    domain: Name
    issuer: IssuerEntry
    duration: Duration | None = None
    max_duration: Duration | None = None
    approval_window: Duration | None = None
    slack_approvals: Annotated[int, Field(ge=0, le=20)] | None = None


class Defaults(Strict):
    duration: Duration
    max_duration: Duration
    approval_window: Duration


PersonName = Annotated[str, spelled(PERSON_NAME.pattern, f"a person is named by {PERSON_WORDS}")]


class BreakGlass(Strict):
    """`reviewers`: by domain, people who look back for it although they are none of its approvers;
    for domains that have too few.
    """

    review_environments: list[Environment]
    review_within: Duration
    reviewers: dict[Name, Annotated[list[PersonName], Field(min_length=1)]] = Field(
        default_factory=dict
    )


class LimitsFile(Strict):
    """See `domain.limits`. A catalogue that says nothing has these."""

    waiting: Annotated[int, Field(ge=1, le=100)] = 5
    per_resource: Annotated[int, Field(ge=1, le=100)] = 3
    open: Annotated[int, Field(ge=1, le=100)] = 20
    unreviewed_break_glass: Annotated[int, Field(ge=1, le=100)] = 3
    unconfirmed: Annotated[int, Field(ge=1, le=100)] = 3


_APART: list[list[Role]] = [["engineers", "approvers", "operators"]]


class LinksFile(Strict):
    """See `domain.links`."""

    proof_days: Annotated[int, Field(ge=1, le=90)] = 7


Channel = Annotated[
    str,
    spelled(
        r"[CG][A-Z0-9]{2,20}",
        "a channel is named by its id, such as C0123ABCD; Slack shows it under the channel's name",
    ),
]


class SlackFile(Strict):
    """See `domain.channels`."""

    operators: Channel | None = None
    domains: dict[Name, Channel] = Field(default_factory=dict)
    resources: dict[Name, Channel] = Field(default_factory=dict)


class CatalogueFile(Strict):
    """`apart`: sets of roles of which nobody may have two."""

    defaults: Defaults
    break_glass: BreakGlass
    limits: LimitsFile = LimitsFile()
    links: LinksFile = LinksFile()
    slack: SlackFile = SlackFile()
    apart: list[Annotated[list[Role], Field(min_length=2)]] = _APART
    resources: Annotated[Sequence[ResourceEntry], Field(min_length=1)]


def catalogue_file() -> type[CatalogueFile]:
    """The catalogue's form, with an issuer of one of the kinds of the table."""
    entries = tuple(entry_of(kind) for kind in kinds.KINDS.values())
    issuer: Any = Annotated[Union[entries], Field(discriminator="kind")]  # noqa: UP007 - of a tuple
    resource: Any = create_model("ResourceEntry", __base__=ResourceEntry, issuer=(issuer, ...))
    resources: Any = Annotated[list[resource], Field(min_length=1)]
    return create_model("CatalogueFile", __base__=CatalogueFile, resources=(resources, ...))


UserName = Annotated[
    str,
    spelled(
        r"(?!arn:)/?(?:[\x21-\x7e]{1,510}/)?[\w+=,.@-]{1,64}",
        "a user is its name (1 to 64 of A-Z, a-z, 0-9 and _+=,.@-; not its ARN), with its path "
        "before it where it has one: staff/alice",
    ),
    AfterValidator(without_slash),
]


class IdentityEntry(Strict):
    permission_set: (
        Annotated[
            str,
            spelled(
                r"[\w+=,.@-]{1,32}",
                "a permission set is its name (1 to 32 of A-Z, a-z, 0-9 and _+=,.@-), without "
                "AWSReservedSSO_ and the end that AWS adds",
            ),
        ]
        | None
    ) = None
    user: UserName | None = None
    principal: str | None = None
    account: Account | None = None
    accounts: Annotated[list[Account], Field(min_length=1)] | None = None
    person: str | None = None
    identity_center_user: (
        Annotated[
            str,
            spelled(
                r"(?:[0-9a-f]{10}-)?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
                "identity_center_user is the UserId of Identity Center, and not the user name",
            ),
        ]
        | None
    ) = None
    okta_user: (
        Annotated[
            str,
            spelled(r"[0-9A-Za-z]{20}", "okta_user is the id of the user in Okta, not the login"),
        ]
        | None
    ) = None
    domain: Name
    groups: list[Name]

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        named = (self.permission_set, self.user, self.principal)
        if sum(name is not None for name in named) != 1:
            message = "name exactly one of permission_set, user and principal"
            raise ValueError(message)
        if self.principal is not None:
            self._check_principal(self.principal)
        elif (self.account is None) == (self.accounts is None):
            message = "name exactly one of account and accounts"
            raise ValueError(message)
        if self.permission_set is not None and self.person is not None:
            message = "a permission set's sessions name the person; remove person"
            raise ValueError(message)
        if self.permission_set is not None and (self.identity_center_user or self.okta_user):
            message = "a permission set is no single person; say the id by user or principal"
            raise ValueError(message)
        return self

    def _check_principal(self, principal: str) -> None:
        if scheme_of(principal) in {None, Scheme.AWS}:
            message = (
                "principal must be slack:TEAM/USER, oidc:ISSUER#SUB or device:ID; "
                "name an AWS principal by user or permission_set"
            )
            raise ValueError(message)
        if self.person is None:
            message = "say whose principal it is: person is missing"
            raise ValueError(message)
        if self.account is not None or self.accounts is not None:
            message = "only users and permission sets are in an account; remove it"
            raise ValueError(message)


RoleName = Annotated[
    str,
    spelled(
        r"(?!arn:)/?(?:[\x21-\x7e]{1,510}/)?[\w+=,.@-]{1,64}",
        "a role is its name (1 to 64 of A-Z, a-z, 0-9 and _+=,.@-; not its ARN), with its path "
        "before it where it has one: apps/ledger-check",
    ),
    AfterValidator(without_slash),
]


class ServiceEntry(Strict):
    """See `people.Service`."""

    role: RoleName
    account: Account
    resources: Annotated[list[Name], Field(min_length=1)]


class IdentitiesFile(Strict):
    groups: dict[Name, Role]
    services: list[ServiceEntry] = Field(default_factory=list)
    identities: Annotated[list[IdentityEntry], Field(min_length=1)]
