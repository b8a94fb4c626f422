"""Knobs: how this Okta misbehaves. All are off at first, and every one is something that real users
of Okta's API reported or that Okta documents.
"""

from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

Json = dict[str, Any]


class UnknownKnob(ValueError):
    """No knob has this name, or its value is of another kind."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """Durations in seconds. Operations go by Okta's names of them (`routes.py`), the token endpoint
    by `token`, and `*` is every one of the API. A knob that counts says how often it still strikes.
    """

    # Out of order.
    down: bool = False
    """Everything is answered 503."""
    token_down: bool = False
    """The token endpoint alone is answered 503."""
    errors: dict[str, list[int]] = field(default_factory=dict)
    """Operation -> [status, how often]: answered so, and nothing was done."""
    slow: dict[str, float] = field(default_factory=dict)
    """Operation -> so long until it is answered; it is carried out before."""
    answer_lost: dict[str, int] = field(default_factory=dict)
    """Operation -> so many calls are carried out, and the connection is reset instead."""

    # Limits.
    limited: dict[str, int] = field(default_factory=dict)
    """Operation -> so many calls are answered 429. Their proofs count as used."""
    limited_after: dict[str, int] = field(default_factory=dict)
    """Operation -> so many more are let through, then 429 until this is turned again."""
    reset_in: float = 1
    """From a 429 to the `X-Rate-Limit-Reset` that it names, by this Okta's clock."""
    by_concurrency: bool = False
    """A 429 is for too many calls at once: its limit is 75, and its reset a suggestion."""
    limits: bool = False
    """Calls a minute and operation are limited as in `limits.py`."""

    # Reading what was written.
    lag: dict[str, float] = field(default_factory=dict)
    """`listGroupUsers` or `listUserGroups` -> so long until it shows a change, either way."""
    stale_reads: int = 0
    """So many listings of members answer as it was before the newest change."""
    log_lag: float = 0
    page_size: int = 0
    """At most so many entries a page, whatever was asked (0: as asked)."""

    # Tokens, proofs, time.
    token_lives: float = 3600
    nonce_lives: float = 86400
    api_nonce: bool = True
    """The API demands the newest nonce too. Off: it takes a proof without one."""
    nonce_status: int = 400
    """Of the API's answer to a proof with an old nonce."""
    clock_ahead: float = 0
    """Of this Okta before its callers: `Date`, resets and what expires go by it."""

    def turn(self, changes: Json) -> None:
        """Sets knobs by name; all or none. Raises `UnknownKnob`."""
        kinds = get_type_hints(type(self))
        for name, value in changes.items():
            kind = kinds.get(name)
            plain = getattr(kind, "__origin__", kind)
            number = plain is float and type(value) in {int, float}
            if kind is None or not (number or type(value) is plain):
                raise UnknownKnob(name)
        for name, value in changes.items():
            setattr(self, name, value)

    def as_json(self) -> Json:
        return {knob.name: getattr(self, knob.name) for knob in fields(self)}

    def delay(self, operation: str) -> float:
        return self.slow.get(operation, self.slow.get("*", 0))

    def error(self, operation: str) -> int | None:
        """A status to answer with instead."""
        for name in (operation, "*"):
            status, left = self.errors.get(name, [0, 0])
            if left > 0:
                self.errors[name] = [status, left - 1]
                return status
        return None

    def loses_answer(self, operation: str) -> bool:
        return any(_count_down(self.answer_lost, name) for name in (operation, "*"))

    def limits_now(self, operation: str) -> bool:
        for name in (operation, "*"):
            if name in self.limited_after and not _count_down(self.limited_after, name):
                return True
        return any(_count_down(self.limited, name) for name in (operation, "*"))

    def reads_stale(self) -> bool:
        """Whether this listing of members is of before the newest change; counts it down."""
        if self.stale_reads <= 0:
            return False
        self.stale_reads -= 1
        return True


def _count_down(counters: dict[str, int], name: str) -> bool:
    left = counters.get(name, 0)
    if left > 0:
        counters[name] = left - 1
    return left > 0
