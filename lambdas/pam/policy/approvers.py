"""The approvers of each domain, as far as the identities file names them."""

from collections.abc import Mapping

from pam.domain.pictures import Bench
from pam.policy.compiled import CompiledPolicy


def benches(compiled: CompiledPolicy) -> Mapping[str, Bench]:
    """By domain."""
    names: dict[str, set[str]] = {}
    permission_sets: dict[str, set[str]] = {}
    for identity in compiled.identities:
        if any(compiled.roles[group] == "approvers" for group in identity.groups):
            found = permission_sets if identity.permission_set else names
            found.setdefault(identity.domain, set()).add(identity.permission_set or identity.person)
    return {
        domain: Bench(
            domain=domain,
            names=tuple(sorted(names.get(domain, ()))),
            permission_sets=tuple(sorted(permission_sets.get(domain, ()))),
        )
        for domain in names.keys() | permission_sets.keys()
    }
