"""One target that several resources lend.

Two resources may name one target. What it takes to borrow it is decided by the resource, so where
their environments differ, the weaker one's rules would lend what the stronger one guards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Self

from pam.domain.resource import Resource
from pam.policy.compiled import PolicyError
from pam.policy.fields import IssuerEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """An entry of the catalogue by what it lends. `place` is where it stands: `FILE:LINE`."""

    resource: Resource
    place: str
    things: frozenset[str]
    """Texts that mean what is really lent: two entries that share one lend the same."""
    account: str
    """Where that is; empty for PAM's own, if that is not known."""

    @classmethod
    def of(cls, resource: Resource, entry: IssuerEntry, *, place: str, account: str) -> Self:
        """`account` is PAM's own, where that is known."""
        target = resource.target(account="", region="")
        row = target.row
        return cls(
            resource=resource,
            place=place,
            things=entry.things() or frozenset({f"{row.name} {sorted(target.names.items())}"}),
            account=resource.issuer.get("account", account),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Two entries that lend the same, or, unless `surely`, would if PAM's own account is that of
    the one that names its account.
    """

    first: Lent
    second: Lent
    surely: bool


def shared_targets(lent: Sequence[Lent]) -> tuple[Shared, ...]:
    """Those of different domains, or perhaps of different environments. Raises PolicyError for one
    that surely is lent under two environments.
    """
    found = []
    for first, second in combinations(lent, 2):
        if first.things.isdisjoint(second.things):
            continue
        surely = first.account == second.account
        if not surely and first.account and second.account:
            continue
        one, other = first.resource, second.resource
        if surely and one.environment is not other.environment:
            message = (
                f"{second.place}: {other.resource_id} ({other.environment}) lends what "
                f"{one.resource_id} ({one.environment}, {first.place}) lends; one target has one "
                "environment, since the rules of the weaker one would lend it"
            )
            raise PolicyError(message)
        if one.domain != other.domain or one.environment is not other.environment:
            found.append(Shared(first=first, second=second, surely=surely))
    return tuple(found)
