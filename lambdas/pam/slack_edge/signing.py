"""Whether Slack signed a call, by the secret as it is now: one that was leaked and replaced must
not be good for as long as a process lives, nor a new one be refused for so long.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from aws_lambda_powertools import Logger

from pam.slack.signature import SignedCall, Verifier

logger = Logger()

HELD = timedelta(minutes=5)
"""How long a secret that was replaced may still count."""
READ_AGAIN = timedelta(minutes=1)
"""How often it is read at most because of signatures that do not hold: anybody can send those."""


class Secret(Protocol):
    def value(self) -> str:
        """Raises EmptySecret."""

    def renewed(self) -> str:
        """As it is now. Raises EmptySecret."""


@dataclass(slots=True)
class SecretVerifier:
    """Raises what `secret` raises, and ValueError for an empty one: then nothing is let in."""

    secret: Secret
    read_at: datetime
    """Of a secret that is made with it, now."""
    _verifier: Verifier = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._verifier = Verifier(signing_secret=self.secret.value())

    def vouches_for(self, call: SignedCall, now: datetime) -> bool:
        if now - self.read_at >= HELD:
            self._read(now)
        if self._verifier.vouches_for(call, now):
            return True
        if now - self.read_at < READ_AGAIN:
            return False
        self._read(now)
        return self._verifier.vouches_for(call, now)

    def _read(self, now: datetime) -> None:
        """While it cannot be read, the last one counts: nobody puts a new one in meanwhile."""
        self.read_at = now
        try:
            self._verifier = Verifier(signing_secret=self.secret.renewed())
        except ValueError:
            # Empty: nothing is let in until somebody puts one in.
            self.read_at = now - HELD
            raise
        except Exception:
            logger.exception("signing secret not read again")
