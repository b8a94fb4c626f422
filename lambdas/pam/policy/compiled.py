"""The policy set as the functions carry it: checked at synth, plain JSON at run time."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from pam.domain.apart import Apart
from pam.domain.channels import Channels
from pam.domain.kinds import Vendor, kind_of
from pam.domain.limits import Limits
from pam.domain.links import LinkRules
from pam.domain.people import Service
from pam.domain.resource import Environment, Resource


class PolicyError(Exception):
    """The policy set is not usable. The message names file and line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which principals are which person: one entry of the identities file.

    Exactly one of `permission_set`, `user` and `principal` is set. A permission set's session name
    is the person; a user or a principal of another scheme is the person `person`.
    """

    accounts: tuple[str, ...] = ()
    domain: str
    groups: tuple[str, ...]
    permission_set: str = ""
    user: str = ""
    principal: str = ""
    person: str = ""
    identity_center_user: str = ""
    """The id of the person there, which never changes. Empty: PAM looks it up by the user name."""
    okta_user: str = ""

    def user_at(self, vendor: Vendor) -> str:
        match vendor:
            case Vendor.IDENTITY_CENTER:
                return self.identity_center_user
            case Vendor.OKTA:
                return self.okta_user


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassRules:
    review_environments: tuple[Environment, ...]
    review_within: timedelta
    reviewers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By domain: the names of people who review for it besides its approvers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPolicy:
    """`codes` maps a policy's @id to the refusal code of its @code annotation, where it has one."""

    cedar: str
    cedar_schema: str
    codes: dict[str, str]
    policy_count: int
    resources: tuple[Resource, ...]
    roles: dict[str, str]
    """Group -> role."""
    identities: tuple[Identity, ...]
    break_glass: BreakGlassRules
    limits: Limits
    links: LinkRules
    channels: Channels
    apart: Apart
    services: tuple[Service, ...] = ()

    def ids_at(self, vendor: Vendor) -> dict[str, str]:
        """By the name of the person: who that is at the vendor, as far as the file says."""
        return {
            identity.person: identity.user_at(vendor)
            for identity in self.identities
            if identity.user_at(vendor)
        }

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides; stands in every audit record as `policy_version`."""
        return hashlib.sha256(self._canonical().encode()).hexdigest()

    def to_json(self) -> str:
        return self._canonical()

    def _canonical(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), default=_plain)

    @classmethod
    def from_json(cls, text: str) -> Self:
        raw = json.loads(text)
        return cls(
            cedar=raw["cedar"],
            cedar_schema=raw["cedar_schema"],
            codes=raw["codes"],
            policy_count=raw["policy_count"],
            resources=tuple(_resource(entry) for entry in raw["resources"]),
            roles=raw["roles"],
            identities=tuple(_identity(entry) for entry in raw["identities"]),
            break_glass=BreakGlassRules(
                review_environments=tuple(
                    Environment(name) for name in raw["break_glass"]["review_environments"]
                ),
                review_within=timedelta(seconds=raw["break_glass"]["review_within"]),
                reviewers={
                    domain: tuple(people)
                    for domain, people in raw["break_glass"]["reviewers"].items()
                },
            ),
            limits=Limits(**raw["limits"]),
            # A policy set of before there were links has no rules for them.
            links=LinkRules(**raw.get("links", {})),
            channels=Channels(**raw.get("channels", {})),
            apart=tuple(frozenset(roles) for roles in raw["apart"]),
            # A policy set of before there were services has none.
            services=tuple(_service(entry) for entry in raw.get("services", ())),
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises FileNotFoundError: a function without its policy must not start."""
        return cls.from_json(path.read_text(encoding="utf-8"))


def _plain(value: object) -> Any:
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, frozenset):
        return sorted(value)
    message = f"not plain: {value!r}"
    raise TypeError(message)


def _resource(raw: dict[str, Any]) -> Resource:
    lengths = ("default_duration", "max_duration", "approval_window")
    return Resource(
        **raw
        | {name: timedelta(seconds=raw[name]) for name in lengths}
        | {
            "environment": Environment(raw["environment"]),
            "issuer_kind": kind_of(raw["issuer_kind"]).name,
        }
    )


def _identity(raw: dict[str, Any]) -> Identity:
    return Identity(**raw | {"accounts": tuple(raw["accounts"]), "groups": tuple(raw["groups"])})


def _service(raw: dict[str, Any]) -> Service:
    return Service(**raw | {"resources": tuple(raw["resources"])})


PERSON_NAME = re.compile(r"[a-z0-9][a-z0-9._@+=,-]{1,63}", re.ASCII)
"""What may name a person; also fit for an STS role session name.

Lower case and ASCII only, and anything else is refused rather than normalised: two spellings of
one name must never be two people.
"""
PERSON_WORDS = "2 to 64 of a-z, 0-9 and ._@+=,- of which the first is a letter or a digit"
