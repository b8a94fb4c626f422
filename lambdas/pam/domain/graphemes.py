"""The characters of a text as people see them, so that a text is cut between two of them."""

import unicodedata
from collections.abc import Iterator

CUT = "…"
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


def shortened(text: str, longest: int) -> str:
    """As much of the beginning as is at most so many code points, marked where something went."""
    if len(text) <= longest:
        return text
    kept, left = [], longest - len(CUT)
    for grapheme in graphemes(text[: longest + 1]):
        left -= len(grapheme)
        if left < 0:
            break
        kept.append(grapheme)
    return "".join(kept) + CUT


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
