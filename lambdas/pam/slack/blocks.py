"""Block Kit, by builders that cannot exceed its limits: one update that Slack refuses for its size
would leave buttons standing under a request that is decided.

What a builder is given is plain text, whoever wrote it: none of them makes markup of it. A message
and a view are made by `fit`, whether they are posted for the first time or painted anew. It gives
the ids: other blocks have other ids, so that no client takes the new ones for the old.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pam.domain.ids import is_ulid
from pam.slack.text import NOTHING, escape, pieces, plain, room, truncate

MOST_IN_MESSAGE, MOST_IN_VIEW = 50, 100
_LONGEST_SECTION, _LONGEST_HEADER, _LONGEST_CONTEXT = 3000, 150, 2000
_MOST_FIELDS, _LONGEST_FIELD, _LONGEST_LABEL = 10, 2000, 200
_MOST_BUTTONS, _LONGEST_BUTTON = 25, 75
_MOST_SMALL, _LONGEST_TITLE = 10, 24
_LONGEST_FALLBACK = 3000
"""Slack takes more, but a notification that long is none."""
MOST_PIECES = 4
"""Of one text of a person's. The longest that PAM takes has room in so many, escaped or not."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block as Slack has it, without its id."""

    body: Mapping[str, Any]
    name: str = ""
    """The id that it keeps, of an input: what was typed into it stays when it is painted anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`text` is what notifications show; it is escaped, and has no words of people's."""

    text: str
    blocks: tuple[Json, ...]
    sequence: int
    """Of the newest audit record that it shows."""

    def replaces(self, shown: int | None) -> bool:
        """Whether it may take the place of the one with that number, or of none."""
        return shown is None or self.sequence >= shown


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A modal or a Home, as `views.open`, `views.update` and `views.publish` take it."""

    body: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    action_id: str
    text: str
    session_id: str = ""
    """All that its value holds: every client can read it. Empty for what is about no session."""
    style: str = ""
    """`primary`, `danger`, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text within a line. `style`: `bold`, `code`, or none."""

    text: str
    style: str = ""


def fit(blocks: Iterable[Block], *, most: int, sequence: int) -> tuple[Json, ...]:
    """With their ids, and no more of them than there may be."""
    whole = list(blocks)
    if len(whole) > most:
        left_out = f"and {len(whole) - most + 1} more"
        whole = [*whole[: most - 1], small(left_out)]
    return tuple(_with_id(block, at, sequence) for at, block in enumerate(whole))


def _with_id(block: Block, at: int, sequence: int) -> Json:
    digest = hashlib.sha256(json.dumps(block.body, sort_keys=True).encode()).hexdigest()
    return {**block.body, "block_id": block.name or f"pam.{sequence}.{at}.{digest[:12]}"}


def message(fallback: str, blocks: Iterable[Block], *, sequence: int) -> Message:
    return Message(
        text=escape(truncate(plain(fallback), _LONGEST_FALLBACK)),
        blocks=fit(blocks, most=MOST_IN_MESSAGE, sequence=sequence),
        sequence=sequence,
    )


def home(blocks: Iterable[Block], *, sequence: int = 0) -> View:
    return View(
        body={"type": "home", "blocks": [*fit(blocks, most=MOST_IN_VIEW, sequence=sequence)]}
    )


def modal(
    title: str,
    blocks: Iterable[Block],
    *,
    callback_id: str,
    session_id: str = "",
    submit: str = "",
    sequence: int = 0,
) -> View:
    body: Json = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain_text(title, longest=_LONGEST_TITLE),
        "close": plain_text("Close", longest=_LONGEST_TITLE),
        "blocks": [*fit(blocks, most=MOST_IN_VIEW, sequence=sequence)],
        "private_metadata": _checked(session_id) if session_id else "",
    }
    if submit:
        body["submit"] = plain_text(submit, longest=_LONGEST_TITLE)
    return View(body=body)


def header(text: str) -> Block:
    return Block(body={"type": "header", "text": plain_text(text, longest=_LONGEST_HEADER)})


def facts(pairs: Iterable[tuple[str, str]]) -> Block:
    """Names and values, at most ten."""
    fields = [
        plain_text(truncate(name, _LONGEST_LABEL), value, longest=_LONGEST_FIELD)
        for name, value in list(pairs)[:_MOST_FIELDS]
    ]
    return Block(body={"type": "section", "fields": fields})


def row(*lines: str, button: Button | None = None) -> Block:
    """Some lines, with a button beside them."""
    body: Json = {"type": "section", "text": plain_text(*lines, longest=_LONGEST_SECTION)}
    if button:
        body["accessory"] = _button(button)
    return Block(body=body)


def small(*texts: str) -> Block:
    elements = [plain_text(text, longest=_LONGEST_CONTEXT) for text in texts[:_MOST_SMALL]]
    return Block(body={"type": "context", "elements": elements})


def line(*spans: Span) -> Block:
    return _rich([{"type": "rich_text_section", "elements": _spans(spans)}])


def commands(*texts: str) -> Block:
    """Commands to be copied, each on its line."""
    spans = [Span(text=text, style="code") for text in texts[:_MOST_SMALL]]
    parted = [each for span in spans for each in (Span(text="\n"), span)]
    return line(*parted[1:])


def quoted(text: str, most: int = MOST_PIECES) -> list[Block]:
    """What a person wrote, marked as a quotation: no blocks for no text, and `most` at most."""
    return [
        _rich([{"type": "rich_text_quote", "elements": [{"type": "text", "text": piece}]}])
        for piece in (pieces(plain(text), _LONGEST_SECTION, most) if text else [])
    ]


def buttons(*several: Button) -> Block:
    return Block(
        body={"type": "actions", "elements": [_button(each) for each in several[:_MOST_BUTTONS]]}
    )


def _button(each: Button) -> Json:
    made: Json = {
        "type": "button",
        "action_id": each.action_id,
        "text": plain_text(each.text, longest=_LONGEST_BUTTON),
    }
    if each.session_id:
        made["value"] = _checked(each.session_id)
    return made | ({"style": each.style} if each.style else {})


def _checked(session_id: str) -> str:
    if not is_ulid(session_id):
        message = "Slack keeps a session's id, and nothing else"
        raise ValueError(message)
    return session_id


def plain_text(*lines: str, longest: int) -> Json:
    """Text in which Slack reads no markup, each line kept to itself."""
    text = "\n".join(plain(each) for each in lines) or NOTHING
    return {"type": "plain_text", "text": truncate(text, longest), "emoji": False}


def _rich(elements: Sequence[Json]) -> Block:
    return Block(body={"type": "rich_text", "elements": list(elements)})


def _spans(spans: Iterable[Span]) -> list[Json]:
    """Together no longer than a section."""
    made: list[Json] = []
    left = _LONGEST_SECTION
    for span in spans:
        # Spaces at the ends part it from its neighbours.
        text = span.text if span.text.isspace() else _kept_apart(span.text)
        text = truncate(text, left) if left > 1 else ""
        left -= room(text)
        if text:
            style: Json = {"style": {span.style: True}} if span.style else {}
            made.append({"type": "text", "text": text} | style)
    return made


def _kept_apart(text: str) -> str:
    before, after = (" " if text[:1] == " " else ""), (" " if text[-1:] == " " else "")
    return f"{before}{plain(text)}{after}"
