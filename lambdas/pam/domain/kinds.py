"""The kinds of target: one table, a row a kind.

A row says all that the core has to know of a kind, as data. What a kind does is in the folder that
its row names: `catalogue.py` (its form in the catalogue) and `issuer.py` (how its issuer is put
together). The core asks the row, and never which kind it is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from pam.domain.partitions import partition_of

AWS_ROLE = "aws-role"
POSTGRES_USER = "postgres-user"
ROTATED_SECRET = "rotated-secret"  # noqa: S105 - a kind, and no secret
IDENTITY_CENTER = "identity-center"
OKTA_GROUP = "okta-group"
IAM_WRITES = "iam_writes"
"""Setting of an `aws-role`, there if the purpose of the role is IAM: see `Target.may_write_iam`."""
RESERVED_NAMES = frozenset({"kind", "settings"})
"""What a target is stored and signed with beside its names."""


class LeaseForm(StrEnum):
    """What the requester of an ACTIVE session gets; the lease's `kind`."""

    AWS = "aws"
    SECRET = "secret"  # noqa: S105 - a form, and no secret
    SIGNIN = "signin"
    """Nothing secret: where to go. The access stands at the target already."""


class Vendor(StrEnum):
    """Whose power makes the access of a kind, where PAM keeps that in functions of its own: the
    functions that reach AWS roles and databases have none of it. Its name is that of the section
    of the deploy config that says how the vendor is reached.
    """

    IDENTITY_CENTER = "identity_center"
    OKTA = "okta"


class Source(StrEnum):
    """Whose log tells what was done with lent access."""

    CLOUDTRAIL = "cloudtrail"
    POSTGRESQL = "postgresql"


class Need(StrEnum):
    """What PAM's functions must be allowed to do with the thing that a catalogue setting names."""

    LEND_ROLE = "lend-role"
    READ_SECRET = "read-secret"  # noqa: S105 - a right
    ROTATE_SECRET = "rotate-secret"  # noqa: S105 - a right
    INVOKE_ROTATION = "invoke-rotation"
    CONNECT_TO_RDS = "connect-to-rds"
    USE_KEY = "use-key"
    READ_LOG = "read-log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    making: timedelta
    """How long ACTIVATING may stand before whatever was made is unmade."""
    ending: timedelta
    """How long a REVOKING session is left to whoever is ending it before the tick tries (again)."""
    stuck: timedelta
    """How long access may stand that should not before a person is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlasting:
    """How long credentials live that no end can call back. An end denies them, and what denies them
    stands as long as one may live.
    """

    at_least: timedelta
    """Less than the least that the target gives, for clocks that differ."""
    at_most: timedelta
    """More than the longest lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bites:
    """From when an end is in force at its target, once it was seen to stand there."""

    within: timedelta = timedelta(0)
    """How much later at the most: a control may be read back before it is obeyed everywhere."""
    by_the_clock: bool = False
    """Whether what was lent stops at the session's `expires_at` by itself, whatever PAM does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Where the use of a target shows: in whose log, and at what place there (a role's ARN, a log
    group): a template over the target's names and settings. Where one of them is missing nothing
    shows.
    """

    source: Source
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Templates over the target's names and settings; `url` may be empty."""

    url: str = ""
    instructions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One row. `names` is what names a target of this kind: a template for each name, over the
    catalogue's settings and the `account` and `region` of PAM itself, where no setting says others.
    `partition` is that of PAM: no target is in another.
    """

    name: str
    folder: str
    """The package with what the kind does."""
    names: Mapping[str, str]
    kept: frozenset[str] | None = None
    """Which settings a session keeps of the catalogue's; None: all."""
    lease: LeaseForm
    sign_in: SignIn | None = None
    """For the lease form `signin`, and for no other."""
    vendor: Vendor | None = None
    """Whose power it takes, where functions of its own have that: of a standing kind alone."""
    deadlines: Deadlines
    bites: Bites = Bites()
    outlasting: Outlasting | None = None
    """None where an end takes what was lent, and nothing of it lives on."""
    needs: Mapping[str, frozenset[Need]] = field(default_factory=dict)
    """By setting. What needs more than this table can say has a construct of its own."""
    shown: Shown | None = None
    keeps_ends: bool = False
    """Whether an end stands on ground where others may undo it, and so is looked at again."""

    def __post_init__(self) -> None:
        if RESERVED_NAMES & self.names.keys():
            message = f"{self.name}: a target's names are no {sorted(RESERVED_NAMES)}"
            raise ValueError(message)
        if (self.lease is LeaseForm.SIGNIN) != (self.sign_in is not None):
            message = f"{self.name}: sign_in goes with the lease form signin"
            raise ValueError(message)
        if self.vendor is not None and not self.standing:
            message = f"{self.name}: only a standing kind is made by a vendor's functions"
            raise ValueError(message)

    @property
    def standing(self) -> bool:
        """Whether the access stands at the target while the session is ACTIVE, so that there is
        nothing to hand out, and a person has one session of a target at a time.
        """
        return self.lease is LeaseForm.SIGNIN

    def named(self, settings: Mapping[str, str], *, account: str, region: str) -> dict[str, str]:
        """What names the target that these settings mean."""
        known = {
            "account": account,
            "region": region,
            **settings,
            "partition": partition_of(region),
        }
        return {name: template.format_map(known) for name, template in self.names.items()}

    def keep(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Of the catalogue's settings those that a session keeps."""
        return {
            name: value
            for name, value in settings.items()
            if self.kept is None or name in self.kept
        }


def label(kind: str, names: Mapping[str, str]) -> str:
    """One text that means this target and no other: its ARN, where it has one."""
    if "arn" in names:
        return names["arn"]
    return f"{kind} {json.dumps(dict(names), sort_keys=True, separators=(',', ':'))}"


_AWS_AND_DATABASES = Deadlines(
    making=timedelta(minutes=2), ending=timedelta(seconds=30), stuck=timedelta(seconds=60)
)
_DIRECTORIES = Deadlines(
    making=timedelta(minutes=10), ending=timedelta(seconds=30), stuck=timedelta(seconds=60)
)
"""They answer that something is begun, and do it later."""
# Without the six characters that Secrets Manager appends: they are not known here.
_BY_SECRET = {
    "account": "{account}",
    "region": "{region}",
    "arn": "arn:{partition}:secretsmanager:{region}:{account}:secret:{secret}",
}

_ROWS = (
    Kind(
        name=AWS_ROLE,
        folder="pam.kinds.aws_role",
        names={
            "account": "{account}",
            "region": "{region}",
            "arn": "arn:{partition}:iam::{account}:role/{role_name}",
        },
        kept=frozenset({IAM_WRITES}),
        lease=LeaseForm.AWS,
        deadlines=_AWS_AND_DATABASES,
        # IAM shows a deny at once, and obeys it seconds later, without a promise; the lease itself
        # ends to the second.
        bites=Bites(within=timedelta(seconds=60), by_the_clock=True),
        # STS gives no credential that lives less than a quarter of an hour; a lease half an hour.
        outlasting=Outlasting(at_least=timedelta(minutes=14), at_most=timedelta(minutes=31)),
        needs={"role_name": frozenset({Need.LEND_ROLE})},
        shown=Shown(source=Source.CLOUDTRAIL, place="{arn}"),
        keeps_ends=True,
    ),
    Kind(
        name=POSTGRES_USER,
        folder="pam.kinds.postgres_user",
        names=_BY_SECRET,
        lease=LeaseForm.SECRET,
        deadlines=_AWS_AND_DATABASES,
        needs={
            "secret": frozenset({Need.READ_SECRET}),
            "secret_key": frozenset({Need.USE_KEY}),
            "rds_db_user": frozenset({Need.CONNECT_TO_RDS}),
            "statement_log": frozenset({Need.READ_LOG}),
        },
        shown=Shown(source=Source.POSTGRESQL, place="{statement_log}"),
    ),
    Kind(
        name=ROTATED_SECRET,
        folder="pam.kinds.rotated_secret",
        names=_BY_SECRET,
        lease=LeaseForm.SECRET,
        deadlines=_AWS_AND_DATABASES,
        needs={
            "secret": frozenset({Need.READ_SECRET, Need.ROTATE_SECRET}),
            "login_secret": frozenset({Need.READ_SECRET}),
            "secret_key": frozenset({Need.USE_KEY}),
            "rotation_function": frozenset({Need.INVOKE_ROTATION}),
        },
    ),
    Kind(
        name=IDENTITY_CENTER,
        folder="pam.kinds.identity_center",
        names={
            "account": "{account}",
            "instance": "{instance}",
            "permission_set": "{permission_set}",
        },
        kept=frozenset({"identity_store", "permission_set_name", "portal"}),
        lease=LeaseForm.SIGNIN,
        sign_in=SignIn(
            url="{portal}",
            instructions=(
                "Open the AWS access portal, and there account {account} with "
                "{permission_set_name}. In a terminal: aws sso login, with that account and that "
                "permission set in the profile."
            ),
        ),
        vendor=Vendor.IDENTITY_CENTER,
        deadlines=_DIRECTORIES,
        # The deny with the end in it stood before there was access; one that is written at an
        # early end is obeyed seconds after it was read back, without a promise.
        bites=Bites(within=timedelta(seconds=60), by_the_clock=True),
        # A permission set of PAM's gives sessions of an hour, and no end can call them back.
        outlasting=Outlasting(at_least=timedelta(minutes=59), at_most=timedelta(minutes=61)),
        # By the account and the beginning of the role's name: Identity Center makes up its end.
        shown=Shown(
            source=Source.CLOUDTRAIL, place="{account}:AWSReservedSSO_{permission_set_name}"
        ),
    ),
    Kind(
        name=OKTA_GROUP,
        folder="pam.kinds.okta_group",
        names={"organisation": "{organisation}", "group": "{group}"},
        kept=frozenset({"carries_admin_role", "end_sessions", "app"}),
        lease=LeaseForm.SIGNIN,
        sign_in=SignIn(
            url="{app}",
            instructions=(
                "Sign in to {organisation} with your own user: you are in the group that gives "
                "this access. If you were signed in before, sign in anew."
            ),
        ),
        vendor=Vendor.OKTA,
        deadlines=_DIRECTORIES,
    ),
)
KINDS: Mapping[str, Kind] = MappingProxyType({row.name: row for row in _ROWS})


def kind_of(name: str) -> Kind:
    """Raises ValueError for a name that is not in the table."""
    if name not in KINDS:
        message = f"there is no kind {name!r}"
        raise ValueError(message)
    return KINDS[name]


def longest_ending() -> timedelta:
    """For how long the end of a session of any kind is left to whoever is at it."""
    return max(kind.deadlines.ending for kind in KINDS.values())
