"""The fields that callers send: what each may be. Which characters are fit, `free_text` says.

A field is a type with its rule beside it, a schema in pydantic-core's own words. By it a call is
read (`reading.py`); the rest of pydantic, which takes as long to load as a whole function, is there
when the API is described, and finds the same rule.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pam.domain import timestamps
from pam.domain.block import LONGEST_BLOCK
from pam.domain.free_text import line_of, visible
from pam.domain.ids import is_ulid

Schema = dict[str, Any]


class Rule:
    """Stands in an annotation, after the type that it is a rule for."""

    __slots__ = ("schema",)

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def __get_pydantic_core_schema__(self, *_: object) -> Schema:
        """By this name pydantic asks for it."""
        return self.schema


def _text(*checks: Callable[[str], object], shown: Schema | None = None, **bounds: int) -> Rule:
    """`bounds` are counted before the checks; `shown` is what the API's description says more."""
    schema: Schema = {"type": "str", **bounds}
    for check in checks:
        function = {"type": "no-info", "function": check}
        schema = {"type": "function-after", "function": function, "schema": schema}
    return Rule(schema | {"metadata": {"pydantic_js_updates": shown}} if shown else schema)


def _whole(least: int, most: int) -> Rule:
    return Rule({"type": "int", "ge": least, "le": most})


def _reason(text: str) -> str:
    if visible(text) < _SHORTEST_REASON:
        message = f"must say why, in at least {_SHORTEST_REASON} visible characters"
        raise ValueError(message)
    return _not_long(text)


def _not_long(text: str) -> str:
    if visible(text) > _LONGEST_TEXT:
        message = f"must have at most {_LONGEST_TEXT} visible characters"
        raise ValueError(message)
    return text


def _something(text: str) -> str:
    if not visible(text):
        message = "must not be empty"
        raise ValueError(message)
    return _not_long(text)


def _not_spaces(text: str) -> str:
    """`line_of` takes the spaces around away, after the bounds were counted."""
    if not text:
        message = "must not be empty"
        raise ValueError(message)
    return text


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        message = "must be 1 to 255 printable ASCII characters without spaces"
        raise ValueError(message)
    return text


def _ulid(text: str) -> str:
    if not is_ulid(text):
        message = "must be a session id: a ULID of 26 upper-case characters"
        raise ValueError(message)
    return text


def _time(text: str) -> datetime:
    try:
        return timestamps.truncate(timestamps.parse(text))
    except ValueError:
        message = "must be a time with its zone, such as 2026-01-31T09:15:00Z"
        raise ValueError(message) from None


_SHORTEST_REASON, _LONGEST_TEXT = 10, 1000
_MOST_CHARACTERS = 2 * _LONGEST_TEXT
"""Spaces and the marks on letters among them."""
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)

Reason = Annotated[str, _text(line_of, _reason, min_length=10, max_length=_MOST_CHARACTERS)]
EndReason = Annotated[str, _text(line_of, _something, min_length=1, max_length=_MOST_CHARACTERS)]
Comment = Annotated[str, _text(line_of, _not_long, max_length=_MOST_CHARACTERS)]
Ticket = Annotated[str, _text(line_of, max_length=100)]
LinkCode = Annotated[str, _text(line_of, _not_spaces, min_length=1, max_length=100)]
ResourceId = Annotated[str, _text(line_of, _not_spaces, min_length=1, max_length=63)]
Principal = Annotated[str, _text(line_of, _not_spaces, min_length=1, max_length=2048)]
SessionId = Annotated[str, _text(_ulid, shown={"pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"})]
IdempotencyKey = Annotated[str, _text(_key, shown={"pattern": f"^{_KEY.pattern}$"})]
Cursor = Annotated[str, _text(max_length=200)]
Time = Annotated[datetime, _text(_time, shown={"format": "date-time"}, max_length=40)]
PageSize = Annotated[int, _whole(1, 100)]
Seconds = Annotated[int, _whole(1, 14400)]
BlockSeconds = Annotated[int, _whole(0, int(LONGEST_BLOCK.total_seconds()))]
