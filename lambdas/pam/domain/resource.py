"""What can be borrowed, as the catalogue says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from pam.domain.kinds import IAM_WRITES, Kind, Need, kind_of, label


class Environment(StrEnum):
    PROD = "prod"
    UAT = "uat"
    DEV = "dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a session's access lives; stored with it, so that an end needs no catalogue."""

    kind: str
    names: Mapping[str, str]
    """What names it for its kind: `account`, `region` and `arn` where it has an ARN."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The catalogue's settings of this kind, as they were when the session was opened."""

    @property
    def row(self) -> Kind:
        """Of the table of kinds. Raises ValueError if the kind is in it no more."""
        return kind_of(self.kind)

    @property
    def label(self) -> str:
        """One text that means this target and no other; its ARN, where it has one."""
        return label(self.kind, self.names)

    @property
    def account(self) -> str:
        """Empty for a target that is in none."""
        return self.names.get("account", "")

    @property
    def region(self) -> str:
        return self.names.get("region", "")

    @property
    def arn(self) -> str:
        return self.names.get("arn", "")

    @property
    def may_write_iam(self) -> bool:
        """Whether a lease of this role may change IAM, save for what is PAM's own."""
        return self.settings.get(IAM_WRITES) == "true"

    @property
    def sign_in(self) -> tuple[str, str]:
        """Where to go, which may be empty, and what to do there. Raises ValueError for a kind that
        is not a standing one.
        """
        template = self.row.sign_in
        if template is None:
            message = f"nobody signs in at a {self.kind}"
            raise ValueError(message)
        known = {**self.settings, **self.names}
        return template.url.format_map(known), template.instructions.format_map(known)

    @property
    def shown_at(self) -> str:
        """The place where its use shows, in the log that its kind's row names; empty if none."""
        shown = self.row.shown
        try:
            return shown.place.format_map({**self.settings, **self.names}) if shown else ""
        except KeyError:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An entry of the catalogue. `issuer` holds the settings of its kind (`role_name`, ...)."""

    resource_id: str
    title: str
    description: str
    environment: Environment
    domain: str
    issuer_kind: str
    issuer: Mapping[str, str] = field(default_factory=dict)
    default_duration: timedelta
    max_duration: timedelta
    approval_window: timedelta
    slack_approvals: int | None = None
    """At most so many approvals by Slack count; None: as many as policy lets count."""

    def target(self, *, account: str, region: str) -> Target:
        """Where the access will live; `account` and `region` are those of PAM itself."""
        row = kind_of(self.issuer_kind)
        return Target(
            kind=row.name,
            names=row.named(self.issuer, account=account, region=region),
            settings=row.keep(self.issuer),
        )

    def needing(self, need: Need) -> tuple[str, ...]:
        """The values of those settings with whose things PAM must be allowed to do that."""
        needs = kind_of(self.issuer_kind).needs
        return tuple(
            self.issuer[name] for name in needs if need in needs[name] and name in self.issuer
        )
