"""From the ARN that signed a call to a person. The one place that reads principals."""

import re

from pam.domain.errors import NotEligible
from pam.domain.people import Person
from pam.policy.compiled import PERSON_NAME, CompiledPolicy, Identity

_USER = re.compile(r"arn:aws:iam::([0-9]{12}):user/([\w+=,.@-]{1,64})", re.ASCII)
# Only Identity Center can create roles of this name; the hash is 16 hex digits.
_PERMISSION_SET = re.compile(
    r"arn:aws:sts::([0-9]{12}):assumed-role/AWSReservedSSO_([\w+=,.@-]{1,32})_[0-9a-f]{16}/(.+)",
    re.ASCII,
)


class Identities:
    """Looks principals up by exact key; a principal that nobody listed is nobody."""

    def __init__(self, policy: CompiledPolicy) -> None:
        self._roles = policy.roles
        self._users: dict[tuple[str, str], Identity] = {}
        self._permission_sets: dict[tuple[str, str], Identity] = {}
        for identity in policy.identities:
            for account in identity.accounts:
                if identity.user:
                    self._users[account, identity.user] = identity
                else:
                    self._permission_sets[account, identity.permission_set] = identity

    def identify(self, principal: str) -> Person:
        """The person behind an ARN. Raises NotEligible for one that is not listed.

        The caller of AssumeRole chooses the session's name, so it names a person only for the
        permission sets listed: there, Identity Center sets it.
        """
        if match := _USER.fullmatch(principal):
            identity = self._users.get((match[1], match[2]))
            if identity is not None:
                return self._person(identity, identity.person, principal)
        elif match := _PERMISSION_SET.fullmatch(principal):
            identity = self._permission_sets.get((match[1], match[2]))
            if identity is not None and PERSON_NAME.fullmatch(match[3]):
                return self._person(identity, match[3], principal)
        message = "this principal is not listed as anybody; ask whoever keeps the identities file"
        raise NotEligible(message)

    def resolve(self, principal_or_name: str) -> Person:
        """Like `identify`, and takes the bare name of a listed IAM user as well.

        For what people type about *others* (a runbook's claim, a search); never for who is calling.
        """
        if principal_or_name.startswith("arn:"):
            return self.identify(principal_or_name)
        for (account, user), identity in self._users.items():
            if identity.person == principal_or_name:
                return self.identify(f"arn:aws:iam::{account}:user/{user}")
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
        if text.startswith("arn:"):
            try:
                return self.identify(text).name
            except NotEligible:
                match = _USER.fullmatch(text) or _PERMISSION_SET.fullmatch(text)
                text = match[match.re.groups] if match else ""
        name = text.lower() if text.isascii() else text
        return name if PERSON_NAME.fullmatch(name) else None

    def listed(self, name: str) -> tuple[Person, ...]:
        """The IAM users that are this person."""
        return tuple(
            self.identify(f"arn:aws:iam::{account}:user/{user}")
            for (account, user), identity in self._users.items()
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
