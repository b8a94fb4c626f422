"""What people write is taken if it shows as what it is; what is counted is what can be seen."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pam.domain.free_text import ERASED, commitment, cut, line_of, named, opened, visible
from pam.edge.text import Comment, EndReason, Reason, Ticket

REASON: TypeAdapter[str] = TypeAdapter(Reason)

TAKEN = {
    "plain": ("ledger is stuck, INC-1", 19),
    "with marks that compose": ("e\u0301te\u0301 a\u0300 Gene\u0300ve", 10),
    "Vietnamese": ("Vi\u1ec7t Nam \u0111ang s\u1eeda l\u1ed7i", 17),
    "Persian with a non-joiner": ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", 7),
    "Devanagari with a joiner": ("\u0915\u094d\u200d\u0937", 2),
    "Thai": ("\u0e19\u0e49\u0e33\u0e17\u0e48\u0e27\u0e21", 5),
    "Arabic with a sign before a number": ("\u0601123 \u0633\u0646\u0629", 6),
    "a family": ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 3),
    "a heart on fire": ("\u2764\ufe0f\u200d\U0001f525", 2),
    "a keycap": ("1\ufe0f\u20e3 first", 6),
    "a skin tone": ("\U0001f9d1\U0001f3fd\u200d\U0001f4bb", 3),
    "a variant of an ideograph": ("\u845b\U000e0100\u57ce", 2),
    "spaces of other widths": ("a\u00a0b\u3000c", 3),
}

REFUSED = {
    "zero width space": "\u200b",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "Mongolian vowel separator": "\u180e",
    "Hangul filler": "\u3164",
    "halfwidth Hangul filler": "\uffa0",
    "Hangul choseong filler": "\u115f",
    "Braille blank": "\u2800",
    "combining grapheme joiner": "\u034f",
    "Khmer inherent vowel": "\u17b4",
    "interlinear annotation": "\ufff9",
    "object replacement": "\ufffc",
    "invisible times": "\u2062",
    "musical null notehead": "\U0001d159",
    "hieroglyph blank": "\U00013441",
    "shorthand format": "\U0001bca0",
    "a tag": "\U000e0041",
    "a language tag": "\U000e0001",
    "variation selector 1": "\ufe00",
    "Mongolian variation selector": "\u180b",
    "right to left override": "\u202e",
    "left to right mark": "\u200e",
    "isolate": "\u2066",
    "escape": "\x1b",
    "line break": "\n",
    "line separator": "\u2028",
    "half surrogate": "\ud800",
    "private use": "\ue000",
    "unassigned": "\U0003fffe",
}

MISPLACED = {
    "a joiner in front": "\u200dabcdefghijkl",
    "a joiner at the end": "abcdefghijkl\u200d",
    "two joiners": "abcdef\u200d\u200dghijkl",
    "a joiner beside a space": "abcdef \u200d ghijkl",
    "a stack of marks": "abcdefghijkl" + "\u0301" * 800,
    "a stack of marks over joiners": "abcdefghijk" + ("\u0301" * 4 + "\u200d") * 200 + "l",
    "five marks": "abcdefghijklq" + "\u0316" * 5,
    "a selector on nothing": "\ufe0fabcdefghijkl",
    "two selectors": "abcdefghijkl\u2764\ufe0f\ufe0f",
    "a picture selector on a letter": "abcdefghijkl\ufe0f",
    "an ideographic selector on a letter": "abcdefghijkl\U000e0100",
    "hidden bytes behind an emoji": "abcdefghijkl\U0001f600\U000e0110\U000e0111",
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_people_write_in_any_script_is_taken_and_counted_by_what_is_seen(case: str) -> None:
    text, seen = TAKEN[case]
    line = line_of(text)
    assert line == unicodedata.normalize("NFC", line)
    assert visible(line) == seen


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_seen_is_refused_wherever_it_stands(case: str) -> None:
    unfit = REFUSED[case]
    for text in (unfit * 20, f"long enough{unfit} a reason", f"{unfit}long enough a reason"):
        with pytest.raises((ValidationError, ValueError)):
            REASON.validate_python(text)
    for field in (EndReason, Comment, Ticket):
        with pytest.raises((ValidationError, ValueError)):
            TypeAdapter(field).validate_python(f"enough {unfit}")


@pytest.mark.parametrize("case", MISPLACED)
def test_what_is_fit_somewhere_is_refused_where_it_hides_something(case: str) -> None:
    with pytest.raises(ValueError, match="U\\+"):
        line_of(MISPLACED[case])


COUNTED = {
    "ten": ("x" * 10, True),
    "nine": ("x" * 9, False),
    "ten with spaces between": ("x " * 10, True),
    "ten with many spaces between": ("x" * 9 + " " * 50 + ".", True),
    "two and many spaces": ("a" + " " * 50 + "b", False),
    "marks on spaces": (" \u0301" * 12, False),
    "five letters with marks": ("q\u0323\u0307" * 5, False),
    "a thousand": ("x" * 1000, True),
    "a thousand and spaces": ("x " * 1000, True),
    "one more": ("x" * 1001, False),
    "a thousand and more spaces than that": ("x" * 1000 + " " * 1001, False),
}


@pytest.mark.parametrize("case", COUNTED)
def test_a_reason_has_ten_to_a_thousand_visible_characters(case: str) -> None:
    text, fit = COUNTED[case]
    if fit:
        REASON.validate_python(text)
    else:
        with pytest.raises(ValidationError):
            REASON.validate_python(text)


@pytest.mark.parametrize("text", ["", "   ", "\u0301"])
def test_a_reason_for_an_end_says_something(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(EndReason).validate_python(text)


@given(st.text(max_size=200))
def test_somebody_elses_name_is_always_fit_for_a_line(text: str) -> None:
    shown = named(text)
    assert len(shown) <= 100
    assert shown.isprintable() or " " in shown or not shown
    assert not {unicodedata.category(each) for each in shown} & {"Cc", "Cs", "Zl", "Zp"}
    shown.encode()


@given(st.text(max_size=400), st.integers(min_value=3, max_value=500))
def test_what_is_cut_fits_and_is_the_beginning(text: str, longest: int) -> None:
    short = cut(text, longest)
    assert len(short.encode()) <= longest
    whole = text.encode(errors="replace").decode()
    assert short == whole or whole.startswith(short.removesuffix("…"))


def test_a_text_that_is_gone_is_committed_to_by_no_key() -> None:
    key = "00" * 32
    assert commitment(key, ERASED) == commitment("", "anything") == ERASED
    assert opened(key, [ERASED, "kept"]) == {commitment(key, "kept"): "kept"}
