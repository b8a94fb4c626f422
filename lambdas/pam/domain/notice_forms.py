"""A picture as it is sent: a subject, a text, a text laid out for mail, and JSON for machines.

Whatever stands in it, each line is a line, nothing in it is invisible or changes the direction of
what follows, and no form is longer than it may be: a text is cut between two characters.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pam.domain.free_text import readable
from pam.domain.graphemes import shortened
from pam.domain.pictures import Picture, Words

_LONGEST_SUBJECT = 99
"""SNS takes less than 100 characters."""
_LONGEST_LINE = 1000
_LONGEST_TICKET = 100
_LONGEST_VALUE = 2100
"""Of JSON; the longest principal has 2048 characters."""
_FOR_MACHINES = ("sqs", "https", "lambda")
_BARE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+", re.ASCII)
"""What no shell reads anything into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    subject: str
    """Printable ASCII, less than 100 characters."""
    text: str
    email: str
    data: str
    """A JSON object, of `docs/schemas/notice.json`."""

    @property
    def by_protocol(self) -> str:
        """All of them in one message, as SNS takes it: to each protocol its own."""
        told = {"default": self.text, "email": self.email}
        return json.dumps(told | dict.fromkeys(_FOR_MACHINES, self.data), ensure_ascii=False)


def forms(picture: Picture, env_name: str) -> Forms:
    """`env_name` is the deployment's: which of several PAMs it is that speaks, and is meant."""
    commands = [_typed(command, env_name) for command in picture.commands]
    subject = f"PAM {env_name}: {picture.subject}"
    text = _text(picture, commands, wide=False)
    return Forms(
        subject=_subject(subject),
        text=text,
        email=_text(picture, commands, wide=True),
        data=json.dumps(_data(picture, env_name, commands, text), ensure_ascii=False),
    )


def _subject(text: str) -> str:
    line = readable(text).encode("ascii", "replace").decode()
    return line if len(line) <= _LONGEST_SUBJECT else line[: _LONGEST_SUBJECT - 3] + "..."


def _text(picture: Picture, commands: list[str], *, wide: bool) -> str:
    width = max((len(name) for name, _ in picture.rows), default=0)
    rows = [
        f"  {name:<{width}}  {_line(value)}" if wide else f"{name}: {_line(value)}"
        for name, value in picture.rows
    ]
    parts = [
        [_line(line) for line in picture.headline],
        rows,
        _quoted(picture.words),
        [f"  {command}" for command in commands],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _quoted(words: Words | None) -> list[str]:
    if words is None:
        return []
    ticket = _line(words.ticket, _LONGEST_TICKET)
    return [
        words.heading,
        f"> {_line(words.reason) or '-'}",
        *([f"> ticket: {ticket}"] if ticket else []),
    ]


def _data(picture: Picture, env_name: str, commands: list[str], text: str) -> dict[str, object]:
    session = {"session_id": picture.session_id, "sequence": picture.sequence}
    words = picture.words
    own = (
        {
            "reason": _line(words.reason),
            "ticket": _line(words.ticket, _LONGEST_TICKET),
        }
        if words
        else {}
    )
    return {
        "pam": env_name,
        "occasion": picture.occasion.value,
        "to": picture.to,
        "subject": _line(picture.subject),
        "text": text,
        "commands": commands,
        **(session if picture.session_id else {}),
        **{name: _fit(value) for name, value in picture.facts.items()},
        **({"requesters_own_words": own} if own else {}),
    }


def _fit(value: object) -> object:
    match value:
        case str():
            return _line(value, _LONGEST_VALUE)
        case Mapping():
            return {name: _fit(each) for name, each in value.items()}
        case list():
            return [_fit(each) for each in value]
        case _:
            return value


def _line(text: str, longest: int = _LONGEST_LINE) -> str:
    return shortened(readable(text), longest)


def _typed(command: tuple[str, ...], env_name: str) -> str:
    """The command as it is typed, in any shell."""
    return " ".join(["pam", "--env", env_name, *map(_quote, command)])


def _quote(word: str) -> str:
    if _BARE.fullmatch(word):
        return word
    line = readable(word)
    if not set(line) & set("\"'$`\\!%^"):
        return f'"{line}"'
    return "'" + line.replace("'", "'\"'\"'") + "'"
