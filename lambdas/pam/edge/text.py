"""Free text from people: one line, no character that shows as something it is not."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

from pam.domain.block import LONGEST_BLOCK
from pam.domain.ids import is_ulid

_UNFIT = {"Cc", "Cs", "Cn", "Co", "Zl", "Zp"}
"""Control characters, half surrogates, unassigned, private use, line and paragraph separators."""
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that make text read in another order than it is written."""


def _one_honest_line(text: str) -> str:
    for position, character in enumerate(text):
        if unicodedata.category(character) in _UNFIT or character in _BIDI:
            message = (
                f"character {position + 1} (U+{ord(character):04X}) is a control or invisible "
                "character; write plain text on one line"
            )
            raise ValueError(message)
    return text.strip()


def _reason(text: str) -> str:
    if len(text) < _SHORTEST_REASON:
        message = f"must say why, in at least {_SHORTEST_REASON} characters"
        raise ValueError(message)
    return text


def _something(text: str) -> str:
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


_SHORTEST_REASON = 10
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)

Line = AfterValidator(_one_honest_line)
Reason = Annotated[str, Field(min_length=10, max_length=1000), Line, AfterValidator(_reason)]
EndReason = Annotated[str, Field(min_length=1, max_length=1000), Line, AfterValidator(_something)]
Comment = Annotated[str, Field(max_length=1000), Line]
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
