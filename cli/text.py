"""Text that came from people or from the network, made safe for a terminal."""

import re
import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control characters (also the C1 block), invisible and bidirectional formatting, surrogates,
line and paragraph separators: all that can move the cursor or make text read otherwise than it is.
"""

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\u2212"
"""How a formula begins, full-width signs included."""
_COMPUTED = re.compile(rf"\s*[{_SIGNS}]")
_COMPUTED_BEHIND = re.compile(rf'(;[\s"]*)(?=[{_SIGNS}])')
"""Behind a semicolon a cell begins for spreadsheets of many languages, whatever quotes are there:
they are closed before it for such a reader.
"""


def clean(text: str) -> str:
    """`text` with every character that could act on the terminal written as an escape."""
    return "".join(_escaped(character) for character in text)


def inert(value: object) -> str:
    """A spreadsheet's cell on one line, with an apostrophe before what would be computed."""
    raw = str(value)
    text = _COMPUTED_BEHIND.sub(r"\1'", clean(raw))
    return f"'{text}" if _COMPUTED.match(raw) else text


def shorten(text: str, width: int) -> str:
    """At most `width` characters, with an ellipsis where something was cut off."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def short_principal(principal: str) -> str:
    """The last part of an ARN, for lines with no room; `pam show` gives it whole."""
    return clean(principal.rsplit("/", 1)[-1]) or "?"


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE:
        return character
    return character.encode("unicode_escape").decode()
