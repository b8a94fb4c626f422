"""What can be borrowed, as the catalogue says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

IAM_WRITES = "iam_writes"
"""Setting of an `aws-role`, there if the purpose of the role is IAM: see `Target.may_write_iam`."""


class Environment(StrEnum):
    PROD = "prod"
    UAT = "uat"
    DEV = "dev"


class IssuerKind(StrEnum):
    AWS_ROLE = "aws-role"
    POSTGRES_USER = "postgres-user"
    ROTATED_SECRET = "rotated-secret"  # noqa: S105 - a kind, and no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a session's access lives; stored with it, so that an end needs no catalogue."""

    kind: IssuerKind
    account: str
    region: str
    arn: str
    settings: Mapping[str, str] = field(default_factory=dict)
    """The catalogue's settings of this kind, as they were when the session was opened."""

    @property
    def may_write_iam(self) -> bool:
        """Whether a lease of this role may change IAM, save for what is PAM's own."""
        return self.settings.get(IAM_WRITES) == "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An entry of the catalogue. `issuer` holds the settings of its kind (`role_name`, ...)."""

    resource_id: str
    title: str
    description: str
    environment: Environment
    domain: str
    issuer_kind: IssuerKind
    issuer: Mapping[str, str] = field(default_factory=dict)
    default_duration: timedelta
    max_duration: timedelta
    approval_window: timedelta

    def target(self, *, account: str, region: str) -> Target:
        """Where the access will live; `account` and `region` are those of PAM itself."""
        match self.issuer_kind:
            case IssuerKind.AWS_ROLE:
                owner = self.issuer.get("account", account)
                return Target(
                    kind=self.issuer_kind,
                    account=owner,
                    region=self.issuer.get("region", region),
                    arn=f"arn:aws:iam::{owner}:role/{self.issuer['role_name']}",
                    settings={
                        name: self.issuer[name] for name in (IAM_WRITES,) if name in self.issuer
                    },
                )
            case IssuerKind.POSTGRES_USER | IssuerKind.ROTATED_SECRET:
                # Without the six characters that Secrets Manager appends: they are not known here.
                secret = self.issuer["secret"]
                return Target(
                    kind=self.issuer_kind,
                    account=account,
                    region=region,
                    arn=f"arn:aws:secretsmanager:{region}:{account}:secret:{secret}",
                    settings=dict(self.issuer),
                )
