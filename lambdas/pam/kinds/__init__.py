"""What each kind does, a folder a kind; `pam.domain.kinds` is the table. A folder's modules are
loaded when they are first asked for: `catalogue` at synth alone, `issuer` by the first session.
"""

from importlib import import_module
from typing import TYPE_CHECKING, cast

from pam.domain.kinds import Kind

if TYPE_CHECKING:
    from pam.policy.fields import IssuerEntry
    from pam.ports.targets import Issuer, StandingTarget
    from pam.settings import TargetSettings


def entry_of(kind: Kind) -> "type[IssuerEntry]":
    """The form that resources of this kind have in the catalogue."""
    return cast("type[IssuerEntry]", import_module(f"{kind.folder}.catalogue").Entry)


def make_issuer(kind: Kind, settings: "TargetSettings") -> "Issuer":
    """Of a standing kind the folder makes what is done at the target (`StandingTarget`)."""
    made = import_module(f"{kind.folder}.issuer").make(settings)
    if not kind.standing:
        return cast("Issuer", made)
    from pam import wiring
    from pam.kinds.one_per_person import OnePerPerson

    return OnePerPerson(cast("StandingTarget", made), wiring.checkouts(settings.tables))
