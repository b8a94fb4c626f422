"""What the holder remembers, and for how long. Pure: every `now` is seconds since 1970."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST = 64
"""Leases at once; the one that ends first makes room."""
FIRST_WORD = 20.0
"""Seconds for which a holder without a lease waits for its first."""


@dataclass(slots=True, kw_only=True)
class Memory:
    """Entries by key. An entry is what `cli/reuse.py` makes; here it is read when it ends, and of
    which session it is.
    """

    began: float
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    had_one: bool = False

    def answer(self, asked: Mapping[str, Any], *, now: float) -> dict[str, Any]:
        self.forget(now)
        key = asked.get("key")
        match asked.get("act"):
            case "get" if isinstance(key, str):
                return {"entry": self.entries.get(key)}
            case "put" if isinstance(key, str) and _ends(asked.get("entry")) > now:
                self.entries[key], self.had_one = asked["entry"], True
                if len(self.entries) > MOST:
                    first = min(self.entries, key=lambda each: _ends(self.entries[each]))
                    del self.entries[first]
                return {"held": len(self.entries)}
            case "drop" if isinstance(key, str):
                self.entries.pop(key, None)
                return {"held": len(self.entries)}
            case "end" if isinstance(asked.get("session"), str):
                for other in [
                    k for k, v in self.entries.items() if _session(v) == asked["session"]
                ]:
                    del self.entries[other]
                return {"held": len(self.entries)}
            case "status":
                return {
                    "held": len(self.entries),
                    "until": max(map(_ends, self.entries.values()), default=0),
                }
        return {"error": "not understood"}

    def forget(self, now: float) -> None:
        for key in [key for key, entry in self.entries.items() if _ends(entry) <= now]:
            del self.entries[key]

    def left(self, now: float) -> float:
        """Seconds until a lease ends, or until the first one should have come; 0 or less when there
        is nothing left to stay for.
        """
        self.forget(now)
        if not self.entries:
            return 0.0 if self.had_one else self.began + FIRST_WORD - now
        return min(map(_ends, self.entries.values())) - now


def _session(entry: Mapping[str, Any]) -> object:
    lease = entry.get("lease")
    return lease.get("session_id") if isinstance(lease, Mapping) else None


def _ends(entry: object) -> float:
    ends = entry.get("ends") if isinstance(entry, Mapping) else None
    return float(ends) if isinstance(ends, int | float) and not isinstance(ends, bool) else 0.0
