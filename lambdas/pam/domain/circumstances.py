"""The circumstances of a request: what policy decides by, beside who asks for what.

One value, stored with the session, signed with the request, and the only thing from which
`policy.context` makes what Cedar is told. A *signal* is what a source says of the request. A source
that fails makes its signal UNKNOWN, and never a word that it might have said.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Self

from pam.domain.people import Auth, Surface

NONE = "none"
"""Of a signal: this deployment has no source for it, or there was nothing to ask it about."""
UNKNOWN = "unknown"
"""Of a signal: its source was asked and failed. What that means is for a policy to say."""

SIGNALS: Mapping[str, frozenset[str]] = MappingProxyType({"ticket": frozenset({"named"})})
"""A row for each signal: its name, which is that of its attribute in Cedar's context, and the words
that it may say beside NONE and UNKNOWN. A ticket is "named" by the requester; no source checks it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How a request came in, and what was known of it at that time."""

    surface: Surface
    auth: Auth | None
    """None where nobody proved who they are: a runbook asks in somebody's name."""
    break_glass: bool = False
    ticket: str = ""
    """As the requester wrote it; empty for none. Policy sees the signal, never the text."""
    signals: Mapping[str, str] = field(default_factory=dict)
    """What sources said, by the name of the signal. What no source was asked for is not here."""

    @property
    def needs_word(self) -> bool:
        """Whether the person must stand by it with a call that they sign: by what somebody else
        asked in their name, and by an emergency that Slack says they declared.
        """
        return self.auth is None or (self.break_glass and self.auth is Auth.SLACK)

    def signal(self, name: str) -> str:
        """The word that policy sees. One that its row does not have, as of a later version, is
        UNKNOWN. Raises KeyError for a signal that has no row.
        """
        words = SIGNALS[name] | {NONE, UNKNOWN}
        own = "named" if name == "ticket" and self.ticket else NONE
        word = self.signals.get(name, own)
        return word if word in words else UNKNOWN

    def asked(self, name: str, source: Callable[[], str]) -> Self:
        """With what `source` says: one word of the signal's row. Whatever else it does, the signal
        is UNKNOWN, and the request goes on. Raises KeyError for a signal that has no row.
        """
        words = SIGNALS[name]
        try:
            word = source()
        except Exception:  # noqa: BLE001 - by which fault a source has failed makes no difference
            word = UNKNOWN
        return replace(self, signals={**self.signals, name: word if word in words else UNKNOWN})

    @property
    def unknown(self) -> frozenset[str]:
        """The signals that are UNKNOWN."""
        return frozenset(name for name in SIGNALS if self.signal(name) == UNKNOWN)
