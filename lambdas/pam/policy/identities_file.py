"""`identities.yaml`: who is who, checked entry by entry and against one another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pam.domain.apart import Apart, clash
from pam.domain.kinds import Vendor
from pam.domain.people import Service
from pam.domain.principals import folded
from pam.domain.resource import Resource
from pam.policy.compiled import PERSON_NAME, PERSON_WORDS, Identity, PolicyError
from pam.policy.files import IdentitiesFile, IdentityEntry
from pam.policy.reading import read_model
from pam.policy.services import services_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """`places` is where each identity stands, in their order: `FILE:LINE`."""

    roles: Mapping[str, str]
    identities: tuple[Identity, ...]
    places: tuple[str, ...]
    services: tuple[Service, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _AtVendors:
    """Who is who at the vendors, as far as the file was read: one person is one user there, and
    the other way round. Else one person's access would be made for another, or for two.
    """

    ids: dict[tuple[Vendor, str], tuple[str, str]] = field(default_factory=dict)
    """By person: the id, and where it stands."""
    people: dict[tuple[Vendor, str], tuple[str, str]] = field(default_factory=dict)
    """By id: the person, and where that stands."""

    def fault(self, identity: Identity, place: str) -> str | None:
        """Takes note of what the entry says."""
        for vendor in Vendor:
            if not (user_id := identity.user_at(vendor)):
                continue
            # Identity Center's ids are hexadecimal digits; in Okta's a letter's case counts.
            exact = user_id.lower() if vendor is Vendor.IDENTITY_CENTER else user_id
            name = f"{vendor.value}_user"
            person, where = self.people.setdefault((vendor, exact), (identity.person, place))
            if person != identity.person:
                return f"{name} {user_id} is {person}'s already ({where}); one user is one person"
            known, where = self.ids.setdefault((vendor, identity.person), (exact, place))
            if known != exact:
                return (
                    f"{identity.person} is {name} {known} already ({where}); one person is one "
                    "user there"
                )
        return None


def load_identities(path: Path, apart: Apart, resources: Iterable[Resource] = ()) -> Listed:
    """`resources` are those of the catalogue. Raises PolicyError."""
    file, document = read_model(path, IdentitiesFile)
    taken: set[tuple[str, str]] = set()
    held: dict[str, set[str]] = {}
    at_vendors = _AtVendors()
    places = []
    for number, entry in enumerate(file.identities):
        places.append(f"{path}:{document.line(('identities', number))}")
        fault = (
            _fault_of_identity(entry, file, taken)
            or _clash(entry, file, apart, held)
            or at_vendors.fault(_identity(entry), places[-1])
        )
        if fault:
            message = f"{places[-1]}: {fault}"
            raise PolicyError(message)
    return Listed(
        roles=dict(file.groups),
        identities=tuple(_identity(entry) for entry in file.identities),
        places=tuple(places),
        services=services_of(file.services, path, document, resources),
    )


def _clash(
    entry: IdentityEntry, file: IdentitiesFile, apart: Apart, held: dict[str, set[str]]
) -> str | None:
    """What one person would be, over all entries that are that person, and must not."""
    identity = _identity(entry)
    roles: set[str] = {file.groups[group] for group in identity.groups}
    if identity.person:
        held.setdefault(identity.person, set()).update(roles)
        roles = held[identity.person]
    together = clash(roles, apart)
    if not together:
        return None
    # A person who comes by a permission set has all its groups; no file lists who that is.
    person = identity.person or f"whoever has {identity.permission_set}"
    return f"{person} would be {' and '.join(together)}; the catalogue keeps these apart"


def _identity(entry: IdentityEntry) -> Identity:
    return Identity(
        accounts=tuple(entry.accounts or ([entry.account] if entry.account else [])),
        domain=entry.domain,
        groups=tuple(entry.groups),
        permission_set=entry.permission_set or "",
        user=entry.user or "",
        principal=entry.principal or "",
        person=folded(entry.person or (entry.user or "").rpartition("/")[2]),
        identity_center_user=entry.identity_center_user or "",
        okta_user=entry.okta_user or "",
    )


def _fault_of_identity(
    entry: IdentityEntry, file: IdentitiesFile, taken: set[tuple[str, str]]
) -> str | None:
    for group in entry.groups:
        if group not in file.groups:
            return f"group {group!r} is not listed under groups"
    identity = _identity(entry)
    if not identity.permission_set and not PERSON_NAME.fullmatch(identity.person):
        return f"{identity.person!r} cannot name a person; say person: with {PERSON_WORDS}"
    # IAM has no two users of one name in an account, whatever their paths.
    user = identity.user.rpartition("/")[2]
    listed = identity.permission_set or identity.principal or f"user/{user}"
    for account in identity.accounts or ("",):
        # AWS has no two users of an account whose names differ in case only; others' ids are exact.
        key = (account, listed if identity.principal else folded(listed))
        if key in taken:
            where = f"{listed} of account {account}" if account else listed
            return f"{where} is listed twice, in one spelling or two; one principal is one person"
        taken.add(key)
    return None
