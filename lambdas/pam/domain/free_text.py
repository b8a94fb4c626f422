"""What people write: in which form it is taken, and how it is kept out of what cannot be changed.

*Form.* One line in Unicode's composed form (NFC), in which every character shows as what it is.
What cannot be seen (format characters, fillers, blanks that are no space) is refused, because it
could hide text from an approver. Joiners stay allowed where writing needs them: inside words
and inside emoji. What counts as written is what can be seen: letters, digits, punctuation, symbols.

*Commitments.* Reasons and comments may hold personal data, and an audit record stands for years. So
a record holds a commitment to the text, keyed by a secret of its session, and the text stays with
the session. It can be shown that a text is the one that was written; and once the session's key is
forgotten, the commitment says nothing about it any more, while the chain goes on holding.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator

PREFIX = "hmac-sha256:"
ERASED = "[erased]"
"""In place of a text that was, and of a commitment that can no longer be made."""
LONGEST_NAME = 100
LONGEST_CAUSE = 1000
"""Bytes that Step Functions is told of why an execution ended."""

_SPACE = " "
_LINE_BREAKS = re.compile(r"\r\n|[\n\v\f\r\x85\u2028\u2029\t]")
_UNFIT = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Control, format, unassigned and private characters, half surrogates, line separators."""
_SEEN_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
"""Format characters by category, but signs that are drawn before a number."""
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\U00013441\U00013442\U00016fe4\U0001d159"
) | frozenset(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE0E))))
"""Letters, marks and symbols by category that are drawn as nothing: fillers, blank patterns, and
selectors of variants that no text of ours needs."""
_JOINERS = frozenset("\u200c\u200d")
_PRESENTATION = frozenset("\ufe0e\ufe0f")
"""Show the symbol before them as text, or as a picture."""
_IDEOGRAPHIC = range(0xE0100, 0xE01F0)
"""Choose the form of the ideograph before them; names of people need that."""
_MOST_MARKS = 4
"""On one letter, one after the other: as many as any living script stacks."""


def line_of(text: str) -> str:
    """The text in its one form. Raises ValueError naming the first character that is not fit."""
    composed = unicodedata.normalize("NFC", text)
    for position, character in enumerate(composed):
        if not _fits(composed, position):
            message = (
                f"character {position + 1} (U+{ord(character):04X}) is a control or invisible "
                "character, or stands where it cannot be read; write plain text on one line"
            )
            raise ValueError(message)
    return "".join(map(_spaced, composed)).strip()


def visible(text: str) -> int:
    """How many characters a reader sees: no spaces, no marks on letters, nothing invisible."""
    return sum(unicodedata.category(c)[0] in "LNPS" and c not in _BLANK for c in text)


def named(text: str) -> str:
    """Somebody else's name for something, fit for one line: what is not fit is a `?`."""
    start = text[:LONGEST_NAME]
    return "".join(_spaced(c) if _fits(start, at) else "?" for at, c in enumerate(start))


def readable(text: str) -> str:
    """As much of it as shows as what it is, on one line: for texts that nobody has refused, or that
    another version of PAM took. What is fit stays as it is, and nothing fails.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    line = unicodedata.normalize("NFC", _LINE_BREAKS.sub(_SPACE, text))
    while True:
        kept = "".join(_spaced(c) for at, c in enumerate(line) if _fits(line, at))
        # What was taken out may have parted what does not fit together.
        composed = unicodedata.normalize("NFC", kept)
        if composed == line:
            return line.strip()
        line = composed


def cut(text: str, longest: int) -> str:
    """As much of the beginning as fits into so many bytes of UTF-8, marked where something went."""
    whole = text.encode(errors="replace")
    if len(whole) <= longest:
        return whole.decode()
    return whole[: longest - 3].decode(errors="ignore") + "…"


def _spaced(character: str) -> str:
    """Spaces of other widths become spaces."""
    return _SPACE if unicodedata.category(character) == "Zs" else character


def _fits(text: str, at: int) -> bool:
    character = text[at]
    if character in _JOINERS:
        return _joins(text, at)
    if character in _PRESENTATION or ord(character) in _IDEOGRAPHIC:
        return at > 0 and _varies(text[at - 1], character)
    if character in _BLANK:
        return False
    kind = unicodedata.category(character)
    if kind in _UNFIT:
        return character in _SEEN_FORMATS
    if kind[0] == "M":
        return _marks_before(text, at) < _MOST_MARKS
    return True


def _marks_before(text: str, at: int) -> int:
    """On the same letter; a joiner begins no new one. No more are counted than may be."""
    marks = 0
    while at > 0 and marks < _MOST_MARKS:
        at -= 1
        if unicodedata.category(text[at])[0] == "M":
            marks += 1
        elif text[at] not in _JOINERS:
            break
    return marks


def _joins(text: str, at: int) -> bool:
    """Between two characters of one word, or of one emoji; and one joiner at a time."""
    if at == 0 or at + 1 == len(text):
        return False
    before = text[at - 1]
    return (_is_word(before) or before in _PRESENTATION) and _is_word(text[at + 1])


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMNS" and character not in (
        _BLANK | _PRESENTATION
    )


def _varies(base: str, selector: str) -> bool:
    if selector in _PRESENTATION:
        return unicodedata.category(base)[0] in "SNP" and base not in _BLANK
    return unicodedata.name(base, "").startswith("CJK ")


def commitment(key: str, text: str) -> str:
    """`hmac-sha256:` and 64 hex digits; empty for no text. `key` is hex; empty once forgotten.

    Of a text that is gone there is nothing to commit to, whatever key came after it.
    """
    if not text:
        return ""
    if not key or text == ERASED:
        return ERASED
    return PREFIX + hmac.new(bytes.fromhex(key), text.encode(), hashlib.sha256).hexdigest()


def commitments_in(*said: str) -> Iterator[str]:
    """Those that stand at the end of a record's reason or detail."""
    for text in said:
        at = text.find(PREFIX)
        if at >= 0:
            yield text[at:]


def opened(key: str, texts: Iterable[str]) -> dict[str, str]:
    """Each commitment that these texts explain, and the text."""
    return {commitment(key, text): text for text in texts if key and text and text != ERASED}
