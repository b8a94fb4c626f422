"""The fields that hold text: what each may be. Which characters are fit, `free_text` says."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from pam.domain.block import LONGEST_BLOCK
from pam.domain.free_text import line_of, visible
from pam.domain.ids import is_ulid


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


_SHORTEST_REASON, _LONGEST_TEXT = 10, 1000
_MOST_CHARACTERS = 2 * _LONGEST_TEXT
"""Spaces and the marks on letters among them."""
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)

Line = AfterValidator(line_of)
Reason = Annotated[
    str, Field(min_length=10, max_length=_MOST_CHARACTERS), Line, AfterValidator(_reason)
]
EndReason = Annotated[
    str, Field(min_length=1, max_length=_MOST_CHARACTERS), Line, AfterValidator(_something)
]
Comment = Annotated[str, Field(max_length=_MOST_CHARACTERS), Line, AfterValidator(_not_long)]
Ticket = Annotated[str, Field(max_length=100), Line]
ResourceId = Annotated[str, Field(min_length=1, max_length=63), Line]
Principal = Annotated[str, Field(min_length=1, max_length=2048), Line]
SessionId = Annotated[
    str,
    AfterValidator(_ulid),
    Field(json_schema_extra={"pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"}),
]
IdempotencyKey = Annotated[
    str, AfterValidator(_key), Field(json_schema_extra={"pattern": f"^{_KEY.pattern}$"})
]
Seconds = Annotated[int, Field(ge=1, le=14400)]
BlockSeconds = Annotated[int, Field(ge=0, le=int(LONGEST_BLOCK.total_seconds()))]
