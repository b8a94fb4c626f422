"""From a principal to a person. The one place that reads principals."""

import re
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Self

from pam.domain.errors import NotEligible
from pam.domain.links import HOLDS, Link
from pam.domain.partitions import COMMERCIAL, PARTITION
from pam.domain.people import Person, Service
from pam.domain.principals import Scheme, folded, scheme_of
from pam.policy.compiled import PERSON_NAME, CompiledPolicy, Identity

if TYPE_CHECKING:
    from pam.ports.links import KnownLinks

# A path may hold nearly anything, and says nothing but itself.
_USER = re.compile(
    rf"arn:({PARTITION}):iam::([0-9]{{12}}):user/((?:[\x21-\x7e]{{1,510}}/)?)([\w+=,.@-]{{1,64}})",
    re.ASCII,
)
# A name does not say who made the role: the API's resource policy lets in those under the path that
# only Identity Center writes to (docs/callers.md). The hash is 16 hex digits.
_PERMISSION_SET = re.compile(
    rf"arn:({PARTITION}):sts::([0-9]{{12}}):assumed-role/"
    r"AWSReservedSSO_([\w+=,.@-]{1,32})_[0-9a-f]{16}/(.+)",
    re.ASCII,
)

_SESSION_OF_A_ROLE = re.compile(
    rf"arn:({PARTITION}):sts::([0-9]{{12}}):assumed-role/([\w+=,.@-]{{1,64}})/[\w+=,.@-]{{2,64}}",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Whose a principal is. `link` None: because the identities file says so."""

    person: Person
    link: Link | None = None


class Identities:
    """Looks principals up by exact key; a principal that nobody listed is nobody, unless somebody
    linked it (`knowing`).

    `partition` is the one in which PAM runs, and no principal of another is anybody; empty: not
    known, as offline.
    """

    def __init__(self, policy: CompiledPolicy, partition: str = "") -> None:
        self._partition = partition
        self._roles = policy.roles
        self.links: tuple[KnownLinks, datetime] | None = None
        """And the instant at which they must hold."""
        self._users: dict[tuple[str, str, str], Identity] = {}
        """By account, path and folded name."""
        self._permission_sets: dict[tuple[str, str], Identity] = {}
        self._others: dict[str, Identity] = {}
        self._services = {(each.account, each.name): each for each in policy.services}
        for identity in policy.identities:
            if identity.principal:
                self._others[identity.principal] = identity
            for account in identity.accounts:
                if identity.user:
                    path, slash, name = identity.user.rpartition("/")
                    self._users[account, path + slash, folded(name)] = identity
                else:
                    self._permission_sets[account, identity.permission_set] = identity

    def knowing(self, links: "KnownLinks", now: datetime) -> Self:
        """The same, for one call: people are known by what they linked as well, as far as their
        links hold at that instant.
        """
        known = copy(self)
        known.links = (links, now)
        return known

    def identify(self, principal: str) -> Person:
        """The person behind a principal. Raises NotEligible for one that is nobody's."""
        return self.whose(principal).person

    def whose(self, principal: str, basis: str | None = None) -> Identified:
        """The person behind a principal, and by which link. Raises NotEligible for one that is
        nobody's, with the reason.

        What is listed goes first, and needs no link. `basis` is what a surface knows of its own
        principal: a link that was made on another one is to be made anew. None: nobody asked it.

        The caller of AssumeRole chooses the session's name, so it names a person only for the
        permission sets listed: there, Identity Center sets it. Names are folded: a name is one
        person in every set and account, however its letters are written.
        """
        scheme = scheme_of(principal)
        if scheme not in {None, Scheme.AWS}:
            return self._listed_or_linked(principal, basis)
        person = self._signer(principal) if scheme is Scheme.AWS else None
        if person is not None:
            return Identified(person=person)
        if self.service(principal) is not None:
            message = "this principal is a service: it may ask GET /pam/check about others, no more"
            raise NotEligible(message)
        message = "this principal is not listed as anybody; ask whoever keeps the identities file"
        raise NotEligible(message)

    def service(self, principal: str) -> Service | None:
        """The service that signs so; None for everybody else. A service is never a person.

        The name of the session is whatever whoever assumed the role says, and means nothing here.
        """
        match = _SESSION_OF_A_ROLE.fullmatch(principal)
        if match is None or not self._is_ours(match[1]):
            return None
        return self._services.get((match[2], match[3]))

    def _signer(self, principal: str) -> Person | None:
        if match := _USER.fullmatch(principal):
            identity = self._users.get((match[2], match[3], folded(match[4])))
            if identity is not None and self._is_ours(match[1]):
                return self._person(identity, identity.person, principal)
        elif match := _PERMISSION_SET.fullmatch(principal):
            identity = self._permission_sets.get((match[2], match[3]))
            name = folded(match[4])
            if identity is not None and self._is_ours(match[1]) and PERSON_NAME.fullmatch(name):
                return self._person(identity, name, principal)
        return None

    def _is_ours(self, partition: str) -> bool:
        return self._partition in {"", partition}

    def _arn(self, account: str, user: str) -> str:
        return f"arn:{self._partition or COMMERCIAL}:iam::{account}:user/{user}"

    def _listed_or_linked(self, principal: str, basis: str | None) -> Identified:
        """By a link somebody has the groups of the principal that accepted it, and no others."""
        identity = self._others.get(principal)
        if identity is not None:
            return Identified(person=self._person(identity, identity.person, principal))
        links, now = self.links or (None, None)
        link = links.of_principal(principal) if links else None
        if link is None or now is None:
            raise _nobody(principal, "is nobody's in PAM")
        if not link.holds(now):
            raise _nobody(principal, f"was linked {HOLDS.days} days ago, which counts no more")
        if basis not in {None, link.basis}:
            raise _nobody(principal, "is known to its surface as other than when it was linked")
        person = self._signer(link.accepted_by)
        if person is None or person.name != link.person:
            why = f"was linked by {link.accepted_by}, which is {link.person}'s no more"
            raise _nobody(principal, why)
        return Identified(person=replace(person, principal=principal), link=link)

    def listed_as(self, principal: str) -> str | None:
        """The name of the person of whom the file says that this principal is theirs, whatever is
        linked; None for one that it does not list.
        """
        identity = self._others.get(principal)
        if identity is not None:
            return identity.person
        signer = self._signer(principal) if scheme_of(principal) is Scheme.AWS else None
        return signer.name if signer else None

    def resolve(self, principal_or_name: str) -> Person:
        """Like `identify`, and takes the bare name of a listed IAM user as well.

        For what people type about *others* (a runbook's claim, a search); never for who is calling.
        """
        if scheme_of(principal_or_name) is not None:
            return self.identify(principal_or_name)
        for (account, _, _), identity in self._users.items():
            if identity.person == folded(principal_or_name):
                return self.identify(self._arn(account, identity.user))
        message = f"{principal_or_name!r} is not a listed person; give the full principal ARN"
        raise NotEligible(message, recorded="whoever was named is not listed as anybody")

    def knows(self, principal: str) -> bool:
        try:
            self.identify(principal)
        except NotEligible:
            return False
        return True

    def named(self, text: str) -> str | None:
        """The name of the person that this principal or name stands for, listed or not; None for
        what can name nobody. ASCII case is folded: two spellings are one person.

        For what people type about others, as `resolve`.
        """
        if scheme_of(text) is not None:
            try:
                return self.identify(text).name
            except NotEligible:
                # Whose a principal is by a link that counts no more can still be said.
                link = self.links[0].of_principal(text) if self.links else None
                match = _USER.fullmatch(text) or _PERMISSION_SET.fullmatch(text)
                text = link.person if link else match[match.re.groups] if match else ""
        name = folded(text)
        return name if PERSON_NAME.fullmatch(name) else None

    def linked(self, name: str) -> tuple[str, ...]:
        """Every principal that this person linked, also where the link counts no more."""
        links = self.links[0].of_person(name) if self.links else []
        return tuple(link.principal for link in links)

    def listed(self, name: str) -> tuple[Person, ...]:
        """Every principal that the file says is this person. Who has a permission set it does not
        say.
        """
        users = (
            (self._arn(account, identity.user), identity)
            for (account, _, _), identity in self._users.items()
        )
        return tuple(
            self._person(identity, name, principal)
            for principal, identity in (*users, *self._others.items())
            if identity.person == name
        )

    def _person(self, identity: Identity, name: str, principal: str) -> Person:
        return Person(
            name=name,
            principal=principal,
            domain=identity.domain,
            groups=identity.groups,
            roles=frozenset(self._roles[group] for group in identity.groups),
        )


def _nobody(principal: str, why: str) -> NotEligible:
    """What its person does about it, the surface says by which they came."""
    return NotEligible(f"{principal} {why}")
