"""SQL without what may be customer data or a password: its form, and none of its values.

Every literal becomes `?` and every comment goes. Cutting SQL up wrongly would show a literal as if
it were a name, so whatever does not read the same under every setting of the server is not shown.
"""

import re

NOT_SHOWN = "(not shown)"
_LONGEST = 100_000
"""Characters: what is longer than this is not worth the time."""

_LETTER = r"A-Za-z_\x80-\U0010ffff"
_ENDS = rf"(?![{_LETTER}0-9$])"
"""Newer servers refuse `1abc`, older ones read two tokens."""

_TOKENS = {
    "blank": (
        r"[ \t\n\r\f\v]+"
        r"|--[^\n\r]*"
        # PostgreSQL's comments nest; one that does is not read.
        r"|/\*[^*/]*(?:(?:\*(?!/)|/(?!\*))[^*/]*)*\*/"
    ),
    "escaped": r"[eE]'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'",
    "plain": r"(?:[bBnNxX]|[uU]&)?'[^']*+(?:''[^']*+)*+'",
    "dollars": rf"(?P<tag>\$(?:[{_LETTER}][{_LETTER}0-9]*+)?\$).*?(?P=tag)",
    "number": (
        r"(?>0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+"
        r"|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?)" + _ENDS
    ),
    "quoted_name": r'(?:[uU]&)?"[^"]*+(?:""[^"]*+)*+"',
    "parameter": r"(?>\$[0-9]+)" + _ENDS,
    "name": rf"[{_LETTER}][{_LETTER}0-9$]*+",
    "sign": r"[-+*<>=~!@#%^&`|?.,;:()\[\]]|/(?!\*)",
}
"""In the order in which they are tried: a prefix of a literal reads as a name otherwise."""
_TOKEN = re.compile(
    "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _TOKENS.items()), re.DOTALL
)
_LITERALS = {"escaped", "plain", "dollars", "number"}
_LIKE_A_NAME = re.compile(r'"[A-Za-z_][A-Za-z0-9_$]*"')


class _UnsureError(Exception):
    """It could be cut up in more than one way, or in none."""


def masked(sql: str) -> str:
    """On one line, literals as `?`, without comments; `(not shown)` for what is not surely SQL."""
    if len(sql) > _LONGEST:
        return NOT_SHOWN
    try:
        return " ".join("".join(_pieces(sql)).split())
    except _UnsureError:
        return NOT_SHOWN


def _pieces(sql: str) -> list[str]:
    pieces: list[str] = []
    position = 0
    while position < len(sql):
        token = _TOKEN.match(sql, position)
        if token is None:
            raise _UnsureError
        pieces.append(_shown(str(token.lastgroup), token.group()))
        position = token.end()
    return pieces


def _shown(kind: str, text: str) -> str:
    if kind == "blank":
        return " "
    if kind == "plain" and "\\'" in text:
        # With standard_conforming_strings off, that quote would be inside the literal.
        raise _UnsureError
    if kind in _LITERALS:
        return "?"
    if kind == "quoted_name" and not _LIKE_A_NAME.fullmatch(text):
        # Some write a value in double quotes.
        return '"?"'
    return text
