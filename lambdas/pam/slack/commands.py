"""The words behind `/jit`. Each is for whoever types it; nobody asks for others.

`/jit` opens the form, `/jit RESOURCE 30m why it is needed` asks at once, and the other words are in
`HELP`. A resource that has the name of one of them is asked for by the form.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from pam.domain import durations
from pam.domain.ids import is_ulid
from pam.slack.text import unescape

HELP = (
    "- the form",
    "RESOURCE 30m why you need it - ask at once",
    "status ID - one session",
    "mine (or status) - your sessions",
    "end ID - give access back, or withdraw a request",
    "link - make this Slack account known as yours",
    "admin-status - open and stuck sessions, for operators",
    "help",
)
"""What may follow the command, by whichever name it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenForm:
    """With what was typed already."""

    resource: str = ""
    duration: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    resource: str
    duration: timedelta
    reason: str
    """As it was typed; which form it must have, the operation says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSession:
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMine:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminStatus:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Misunderstood:
    """Nothing is done; `sentence` says what was wrong, in none of the typist's words."""

    sentence: str


Words = OpenForm | Ask | ShowSession | ListMine | End | Link | AdminStatus | Help | Misunderstood

_RESOURCE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_SOMEBODY = re.compile(r"<[@!#]|@\S|for$", re.IGNORECASE)
"""A word that means somebody: a mention, as Slack writes it or as it was typed."""
_FOR_SOMEBODY = re.compile(r"(?:for\s+)?(?:<[@!#]|@\S)", re.IGNORECASE)
"""How a reason begins that means somebody else's access."""
_FOR_NOBODY_ELSE = Misunderstood(
    sentence="PAM asks for access for you alone. Whoever needs it asks for it themselves."
)
_BY_ID = "Give the session's id: 26 letters and digits, as the card shows it."


def parse(text: str) -> Words:
    """`text` as Slack hands it on, with its entities."""
    words = text.split(maxsplit=2)
    if not words:
        return OpenForm()
    verb = _VERBS.get(words[0].lower())
    if verb:
        return verb(words[1:])
    if any(_SOMEBODY.match(unescape(word)) for word in words[:2]):
        return _FOR_NOBODY_ELSE
    return _asked(words)


def _asked(words: list[str]) -> Words:
    resource = words[0].lower()
    if not _RESOURCE.fullmatch(resource):
        return Misunderstood(sentence="That is no resource's id, and no word of this command.")
    if len(words) == 1:
        return OpenForm(resource=resource)
    try:
        duration = durations.parse(words[1].lower())
    except ValueError:
        return Misunderstood(
            sentence="After the resource comes for how long: 30m, 1h or 1h30m; then why."
        )
    if len(words) == len(("resource", "duration")):
        return OpenForm(resource=resource, duration=duration)
    reason = unescape(words[2]).strip()
    if _FOR_SOMEBODY.match(reason):
        return _FOR_NOBODY_ELSE
    return Ask(resource=resource, duration=duration, reason=reason)


def _status(rest: list[str]) -> Words:
    return (
        _by_id(rest, lambda session_id: ShowSession(session_id=session_id)) if rest else ListMine()
    )


def _end(rest: list[str]) -> Words:
    return _by_id(rest, lambda session_id: End(session_id=session_id))


def _by_id(rest: list[str], made: Callable[[str], Words]) -> Words:
    session_id = rest[0].strip("`").upper() if len(rest) == 1 else ""
    return made(session_id) if is_ulid(session_id) else Misunderstood(sentence=_BY_ID)


def _alone(meant: Words) -> Callable[[list[str]], Words]:
    def read(rest: list[str]) -> Words:
        if not rest:
            return meant
        if any(_SOMEBODY.match(unescape(word)) for word in rest):
            return _FOR_NOBODY_ELSE
        return Misunderstood(sentence="Nothing may follow that word.")

    return read


_VERBS: Mapping[str, Callable[[list[str]], Words]] = MappingProxyType(
    {
        "status": _status,
        "mine": _alone(ListMine()),
        "end": _end,
        "link": _alone(Link()),
        "admin-status": _alone(AdminStatus()),
        "help": _alone(Help()),
    }
)
