"""Text for Slack: what people wrote stays what it is, on its line, and within its room.

People's text goes only where Slack reads no markup (`plain_text`, and `text` of `rich_text`). Where
Slack does read it, the three characters that begin its tokens are escaped. How Slack counts is not
documented, so room is counted by the largest that it may be: UTF-16 units of the escaped text. A
text is cut between two characters as people see them, and never inside an entity.
"""

import unicodedata
from collections.abc import Iterator

from pam.domain.free_text import readable

CUT = "…"
NOTHING = "-"
"""In place of an empty text: Slack takes none."""
_ZWJ = "\u200d"
_EXTENDING = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")
_PREPENDED = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd"
    "\U000111c2\U000111c3\U0001193f\U00011941\U00011a3a\U00011d46\U00011f02"
) | frozenset(map(chr, range(0x11A84, 0x11A8A)))
_SKIN = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_FLAGS = range(0x1F1E6, 0x1F200)
_ALL_FLAGS = "".join(map(chr, _FLAGS))
_LEADING = (range(0x1100, 0x1160), range(0xA960, 0xA97D))
_VOWELS = (range(0x1160, 0x11A8), range(0xD7B0, 0xD7C7))
_TRAILING = (range(0x11A8, 0x1200), range(0xD7CB, 0xD7FC))
_SYLLABLES = range(0xAC00, 0xD7A4)
_TRAILS = 28
"""Of a Korean syllable: as many as it may end with, none included."""
_VIRAMA = 9
"""Combining class: joins the consonant before it with the one after."""


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


def graphemes(text: str) -> Iterator[str]:
    """The characters as people see them, each whole: with its marks, joiners, selectors, and the
    other half of a flag. Where the rules of Unicode (UAX 29) take more tables than Python has, two
    may come as one, but never a part of one.
    """
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not _one(text, start, at):
            yield text[start:at]
            start = at


def _one(text: str, start: int, at: int) -> bool:
    """Whether what stands at `at` belongs to the character that began at `start`."""
    before, after = text[at - 1], text[at]
    if before == "\n" or after == "\n":
        return False
    if _extends(after) or before == _ZWJ or before in _PREPENDED:
        return True
    if ord(after) in _FLAGS and ord(before) in _FLAGS:
        run = text[start:at]
        return (len(run) - len(run.rstrip(_ALL_FLAGS))) % 2 == 1
    if unicodedata.category(after) == "Lo":
        return _one_syllable(ord(before), ord(after)) or _is_conjunct(text, start, at)
    return False


def _extends(character: str) -> bool:
    return (
        unicodedata.category(character)[0] == "M"
        or character in _EXTENDING
        or ord(character) in _SKIN
        or ord(character) in _TAGS
    )


def _one_syllable(before: int, after: int) -> bool:
    """Of Korean, where it is written in parts."""
    if _in(before, _LEADING):
        return after in _SYLLABLES or _in(after, (*_LEADING, *_VOWELS))
    open_end = before in _SYLLABLES and (before - _SYLLABLES.start) % _TRAILS == 0
    if open_end or _in(before, _VOWELS):
        return _in(after, (*_VOWELS, *_TRAILING))
    return (before in _SYLLABLES or _in(before, _TRAILING)) and _in(after, _TRAILING)


def _in(character: int, ranges: tuple[range, ...]) -> bool:
    return any(character in each for each in ranges)


def _is_conjunct(text: str, start: int, at: int) -> bool:
    """Whether a virama, among the marks before, joins this consonant to the one before them."""
    while at > start and _extends(text[at - 1]):
        at -= 1
        if unicodedata.combining(text[at]) == _VIRAMA:
            return True
    return False
