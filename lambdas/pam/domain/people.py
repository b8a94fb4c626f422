"""Who acts. A person is known only by the AWS principal that signed the call."""

from dataclasses import dataclass
from enum import StrEnum

from pam.domain.links import Link


class ActorKind(StrEnum):
    PERSON = "person"
    RUNBOOK = "runbook"
    WORKFLOW = "workflow"
    CLOCK = "clock"


class Surface(StrEnum):
    """Where an act came in. Only those of which `proofs.ACTS` knows a door can act."""

    API = "api"
    RUNBOOK = "runbook"
    SLACK = "slack"
    CONSOLE = "console"
    DEVICE = "device"


class Auth(StrEnum):
    """How a caller proved who they are."""

    SIGV4 = "sigv4"
    SLACK = "slack"
    OIDC = "oidc"
    WEBAUTHN = "webauthn"
    DEVICE = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A principal that the identities file knows.

    `name` is who it is: two principals with one name are one person. `principal` is the ARN by
    which this person signed. `roles` is what the groups make of them: `engineers`, `approvers`...
    """

    name: str
    principal: str
    domain: str
    groups: tuple[str, ...]
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A role of other software. It may ask who holds these resources, and do nothing else: it is
    nobody, has no groups and no domain.

    `role` is its name, with its path before it where it has one.
    """

    role: str
    account: str
    resources: tuple[str, ...]

    @property
    def name(self) -> str:
        """As the ARN of a session has it, which has no path."""
        return self.role.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did a recorded act, and from where, as far as the surface could tell.

    `surface` and `auth` are empty for what PAM does by itself. `link` is the one by which the
    principal was a person's, if it was by one.
    """

    principal: str
    kind: ActorKind
    surface: Surface | None = None
    auth: Auth | None = None
    source_ip: str = ""
    user_agent: str = ""
    link: Link | None = None


CLOCK = Actor(principal="mod046:clock", kind=ActorKind.CLOCK)
"""PAM itself, because a time has come or something was found."""
WORKFLOW = Actor(principal="mod046:approval-workflow", kind=ActorKind.WORKFLOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who makes the call at hand, by what proof and over which surface.

    `person` is None for a principal that is nobody's.
    """

    principal: str
    person: Person | None
    surface: Surface
    auth: Auth
    source_ip: str = ""
    user_agent: str = ""
    request_id: str = ""
    link: Link | None = None
    """By which the principal is that person's; None where the identities file says so."""
    nobody_because: str = ""
    """Why `person` is None: a sentence for the caller."""

    @property
    def actor(self) -> Actor:
        """As records name them."""
        return Actor(
            principal=self.principal,
            kind=ActorKind.PERSON,
            surface=self.surface,
            auth=self.auth,
            source_ip=self.source_ip,
            user_agent=self.user_agent,
            link=self.link,
        )
