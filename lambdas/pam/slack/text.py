"""Text for Slack: what people wrote stays what it is, on its line, and within its room.

People's text goes only where Slack reads no markup (`plain_text`, and `text` of `rich_text`). Where
Slack does read it, the three characters that begin its tokens are escaped. How Slack counts is not
documented, so room is counted by the largest that it may be: UTF-16 units of the escaped text. A
text is cut between two characters as people see them, and never inside an entity.
"""

from pam.domain.free_text import readable
from pam.domain.graphemes import graphemes

CUT = "…"
NOTHING = "-"
"""In place of an empty text: Slack takes none."""


def plain(text: str) -> str:
    """On one line, without controls, without what changes the direction of other text, and without
    what cannot be seen; joiners stay where writing needs them.
    """
    return readable(text) or NOTHING


def escape(text: str) -> str:
    """For text in which Slack reads tokens. To be applied once."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """What somebody typed, of the text that Slack makes of it in a command."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def room(text: str) -> int:
    """As much as the text may count in Slack, whichever way it counts."""
    return len(escape(text).encode("utf-16-le", errors="surrogatepass")) // 2


def truncate(text: str, longest: int) -> str:
    """As much of the beginning as there is room for, marked where something went."""
    if room(text) <= longest:
        return text
    kept, left = [], longest - room(CUT)
    # Each character takes room: of more of them than there is room for, none is kept.
    for grapheme in graphemes(text[: longest + 1]):
        left -= room(grapheme)
        if left < 0:
            break
        kept.append(grapheme)
    return "".join(kept) + CUT


def pieces(text: str, longest: int, most: int) -> list[str]:
    """The text in at most so many pieces, each with room for it; the last one is cut if need be."""
    found: list[str] = []
    piece, taken, at = "", 0, 0
    for grapheme in graphemes(text):
        size = room(grapheme)
        if taken + size > longest and piece:
            if len(found) == most - 1:
                break
            found.append(truncate(piece, longest))
            piece, taken, at = "", 0, at + len(piece)
        piece, taken = piece + grapheme, taken + size
    return [*found, truncate(text[at:], longest)] if text else []
