"""Text that came from people or from the network, made safe for a terminal."""

import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control characters (also the C1 block), invisible and bidirectional formatting, surrogates,
line and paragraph separators: all that can move the cursor or make text read otherwise than it is.
"""


def clean(text: str) -> str:
    """`text` with every character that could act on the terminal written as an escape."""
    return "".join(_escaped(character) for character in text)


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
