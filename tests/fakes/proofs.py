"""Keys in memory, with the same refusals as KMS's."""

import base64
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pam.domain import proofs
from pam.domain.errors import IssuerUnavailable, NotTheirs
from pam.domain.proofs import Maker, Signed, Statement
from pam.domain.session import Session


@dataclass
class FakeKeys:
    """`ports.proofs.Verifier`; `of(maker)` is that maker's `ports.proofs.Signer`."""

    secrets: dict[Maker, bytes] = field(
        default_factory=lambda: {maker: f"secret of {maker}".encode() for maker in Maker}
    )
    down: bool = False
    asked: list[tuple[Signed, ...]] = field(default_factory=list)
    """What was asked at once, for each time."""
    made: list[Statement] = field(default_factory=list)
    """What was signed."""
    while_asked: Callable[[], None] | None = None

    def of(self, maker: Maker) -> "FakeSigner":
        return FakeSigner(self, maker)

    def verify(self, signed: Sequence[Signed]) -> tuple[bool, ...]:
        self.answer()
        if signed:
            self.asked.append(tuple(signed))
        if self.while_asked is not None:
            act, self.while_asked = self.while_asked, None
            act()
        return tuple(self._holds(each) for each in signed)

    def without(self, maker: Maker) -> None:
        """Its key is gone: whatever it signed, nobody can tell any more."""
        del self.secrets[maker]

    def mac(self, maker: Maker, statement: Statement) -> str:
        made = hmac.digest(self.secrets[maker], statement.digest(), "sha256")
        return base64.b64encode(made).decode()

    def signed(self, session: Session) -> Session:
        """The session as if all that it says had been said to the makers of its proofs."""

        def mac(statement: Statement) -> str:
            return self.mac(statement.maker, statement) if statement.maker else ""

        votes = (
            replace(vote, proof=mac(proofs.of_vote(session.session_id, vote)))
            for vote in session.votes
        )
        signed = replace(session, votes=tuple(votes), proof=mac(proofs.of_request(session)))
        if signed.activated_at is None:
            return signed
        return replace(signed, activation_proof=mac(proofs.of_activation(signed)))

    def answer(self) -> None:
        if self.down:
            message = "the keys could not be asked"
            raise IssuerUnavailable(message)

    def _holds(self, signed: Signed) -> bool:
        maker = signed.statement.maker
        if maker is None or maker not in self.secrets:
            return False
        return hmac.compare_digest(signed.mac, self.mac(maker, signed.statement))


@dataclass
class FakeSigner:
    keys: FakeKeys
    maker: Maker

    def sign(self, statement: Statement) -> str:
        if statement.maker is not self.maker:
            raise NotTheirs
        self.keys.answer()
        self.keys.made.append(statement)
        return self.keys.mac(self.maker, statement)
