"""Keys that make proofs, and those that tell whether one is a proof."""

from collections.abc import Sequence
from typing import Protocol

from pam.domain.proofs import Signed, Statement


class Signer(Protocol):
    """The key of one maker. It never leaves its store."""

    def sign(self, statement: Statement) -> str:
        """Base64. Raises NotTheirsError for a statement of another maker, IssuerUnavailable if the
        key cannot be used now.
        """


class Verifier(Protocol):
    """The keys of all makers, for telling only."""

    def verify(self, signed: Sequence[Signed]) -> tuple[bool, ...]:
        """For each whether its maker made it, asked side by side.

        False for what has no MAC, and for what nobody may make. Raises IssuerUnavailable if a key
        cannot be asked now: then nothing is known, and nothing may be granted.
        """
