"""Knobs: how this Slack misbehaves. All are off at first, and every one is something that real
users of Slack's API reported.
"""

from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

Json = dict[str, Any]


ENTERPRISE = ("none", "team", "organisation")


class UnknownKnob(ValueError):
    """No knob has this name, or its value is of another kind."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """Durations in seconds. A knob that counts says how often the fault is still to happen."""

    # Sockets.
    refresh_every: float = 0
    """Each connection is told to refresh after so long (0: never)."""
    refresh_reason: str = "refresh_requested"
    closes_after: float = 1
    """From a `disconnect` until Slack closes the connection itself."""
    behind_disconnect: int = 0
    """So many envelopes are put right behind a `disconnect` on the same connection."""
    no_pong: bool = False
    max_connections: int = 10
    connections_open_fails: int = 0
    connections_open_error: str = "internal_error"

    # Deliveries, both ways.
    envelope_twice: int = 0
    """So many deliveries arrive twice, with the same envelope id (or the same bytes by HTTP)."""
    command_twice: int = 0
    """So many slash commands arrive twice, each as a delivery of its own."""
    delivered_late: float = 0
    """From what a person does until it is delivered; their three seconds run already."""
    answer_within: float = 3
    event_retries_after: list[float] = field(default_factory=lambda: [0.0, 60.0, 300.0])

    # The Web API.
    down: bool = False
    """Every call is answered 503, and no socket can be opened."""
    slow: dict[str, float] = field(default_factory=dict)
    """Method -> so long until it is answered. `*` is every method."""
    answer_lost: dict[str, int] = field(default_factory=dict)
    """Method -> so many calls are carried out, and the connection is reset instead of answered."""
    errors: dict[str, list[Any]] = field(default_factory=dict)
    """Method -> [error, how often]."""
    limited_after: dict[str, int] = field(default_factory=dict)
    """Method -> so many more calls are let through, and then 429."""
    limited_times: dict[str, int] = field(default_factory=dict)
    """Method -> so many calls are answered 429, after which it goes on."""
    retry_after: int = 1
    tiers: bool = False
    """Slack's own limits: by method and minute, and one message a second and channel."""

    # Time and people.
    trigger_lives: float = 3
    clock_ahead: float = 0
    bare_users: bool = False
    """Fields of users that Slack's types call optional are absent."""
    enterprise: str = "none"
    """`none`, `team` (installed in a workspace of an organisation), or `organisation`: then
    `user.team_id` of what people do is the organisation's id."""

    def turn(self, changes: Json) -> None:
        """Sets knobs by name; all or none. Raises `UnknownKnob`."""
        kinds = get_type_hints(type(self))
        for name, value in changes.items():
            kind = kinds.get(name)
            plain = getattr(kind, "__origin__", kind)
            fits = isinstance(value, (int, float)) if plain is float else type(value) is plain
            known = name != "enterprise" or value in ENTERPRISE
            if kind is None or not fits or not known:
                raise UnknownKnob(name)
        for name, value in changes.items():
            setattr(self, name, value)

    def as_json(self) -> Json:
        return {knob.name: getattr(self, knob.name) for knob in fields(self)}

    def delay(self, method: str) -> float:
        return self.slow.get(method, self.slow.get("*", 0))

    def takes(self, counter: str) -> bool:
        """Whether a counting knob strikes now; counts it down."""
        left: int = getattr(self, counter)
        if left > 0:
            setattr(self, counter, left - 1)
        return left > 0

    def loses_answer(self, method: str) -> bool:
        return _count_down(self.answer_lost, method)

    def error(self, method: str) -> str | None:
        name, left = self.errors.get(method, ["", 0])
        if left <= 0:
            return None
        self.errors[method] = [name, left - 1]
        return str(name)

    def limits(self, method: str) -> bool:
        if method in self.limited_after and not _count_down(self.limited_after, method):
            return True
        return _count_down(self.limited_times, method)


def _count_down(counters: dict[str, int], method: str) -> bool:
    left = counters.get(method, 0)
    if left > 0:
        counters[method] = left - 1
    return left > 0
