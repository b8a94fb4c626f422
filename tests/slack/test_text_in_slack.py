"""Text is escaped once, cut between the characters that people see, and hides nothing."""

import html
import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from pam.domain.free_text import line_of, readable
from pam.slack.text import escape, graphemes, pieces, plain, room, truncate, unescape

ODD = st.sampled_from(
    "&<>\u0301\u200d\u200c\ufe0f\ufe0e\u20e3\U0001f468\U0001f469\U0001f3fd\U0001f1e9\U0001f1ea"
    "\u2764\u1100\u1161\u11a8\uac00\u0915\u094d\u0937\u0e33\u0e19\u0600\u202e\U000e0067\n "
)
TEXT = st.text(ODD | st.characters(codec=None), max_size=60)


def test_the_three_characters_that_begin_tokens_are_escaped_once() -> None:
    assert escape("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert escape("&lt;") == "&amp;lt;"


@given(TEXT)
def test_what_was_escaped_reads_as_it_was_written(text: str) -> None:
    assert unescape(escape(text)) == text
    assert not set("<>") & set(escape(text))


HIDING = {
    "an override": "\u202e",
    "an embedding": "\u202a",
    "an isolate": "\u2067",
    "a left-to-right mark": "\u200e",
    "a right-to-left mark": "\u200f",
    "a zero width space": "\u200b",
    "a word joiner": "\u2060",
    "a byte order mark": "\ufeff",
    "an escape": "\x1b",
    "a null": "\x00",
    "a soft hyphen": "\u00ad",
    "half a character": "\ud800",
    "a Hangul filler": "\u3164",
}


@pytest.mark.parametrize("case", HIDING)
def test_what_hides_or_turns_text_is_taken_out(case: str) -> None:
    unfit = HIDING[case]
    assert plain(f"{unfit}dev{unfit}, not prod{unfit}") == "dev, not prod"


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\u2028", "\u2029", "\x85", "\x0b", "\t"])
def test_a_persons_text_stays_on_one_line(line_break: str) -> None:
    assert plain(f"mine{line_break}Approved by sam") == "mine Approved by sam"


@pytest.mark.parametrize("text", ["", " ", "\u202e", "\n"])
def test_where_nothing_is_left_there_is_a_dash(text: str) -> None:
    assert plain(text) == "-"


def test_what_parts_a_stack_of_marks_is_taken_out_and_the_stack_with_it() -> None:
    assert readable("q" + "\u0323\u202e" * 9) == "q" + "\u0323" * 4


@given(TEXT)
def test_what_is_readable_stays_readable_and_what_is_taken_from_people_stays_whole(
    text: str,
) -> None:
    shown = readable(text)
    assert readable(shown) == shown
    assert not {unicodedata.category(each) for each in shown} & {"Cc", "Cs", "Zl", "Zp"}
    shown.encode()
    try:
        taken = line_of(text)
    except ValueError:
        return
    assert readable(taken) == taken


WHOLE = {
    "a mark": "e\u0301",
    "two marks": "q\u0323\u0307",
    "a family": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "a heart on fire": "\u2764\ufe0f\u200d\U0001f525",
    "a flag": "\U0001f1e9\U0001f1ea",
    "a skin tone": "\U0001f44d\U0001f3fd",
    "a keycap": "1\ufe0f\u20e3",
    "a picture and its selector": "\u2764\ufe0f",
    "a variant of an ideograph": "\u845b\U000e0100",
    "a Korean syllable in parts": "\u1100\u1161\u11a8",
    "a Hindi conjunct": "\u0915\u094d\u0937",
    "a flag of tags": "\U0001f3f4\U000e0067\U000e0062\U000e007f",
    "a Thai vowel": "\u0e19\u0e33",
    "a sign before a number": "\u06001",
    "an entity to be": "&",
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_character_as_people_see_it_is_never_split(case: str) -> None:
    one = WHOLE[case]
    assert [*graphemes(f"x{one}{one}y")] == ["x", one, one, "y"]
    for longest in range(1, room(one * 20)):
        cut = truncate(one * 20, longest)
        assert cut.removesuffix("…") == one * (len(cut.removesuffix("…")) // len(one))
        assert room(cut) <= longest


@given(TEXT)
def test_no_cut_is_made_where_unicode_makes_none(text: str) -> None:
    """By another implementation of its rules. It may know characters that Python does not."""
    shown = readable(text)
    ours, theirs = set(), {match.end() for match in regex.finditer(r"\X", shown)}
    at = 0
    for each in graphemes(shown):
        at += len(each)
        ours.add(at)
    assert "".join(graphemes(shown)) == shown
    assert ours <= theirs


@given(TEXT, st.integers(min_value=1, max_value=80))
def test_what_is_cut_has_room_and_is_the_beginning(text: str, longest: int) -> None:
    shown = readable(text)
    cut = truncate(shown, longest)
    assert room(cut) <= longest
    assert cut == shown or (cut.endswith("…") and shown.startswith(cut.removesuffix("…")))
    # No entity is cut: what Slack reads is what was kept.
    assert html.unescape(escape(cut)) == cut or "&" in cut


@given(TEXT, st.integers(min_value=5, max_value=80), st.integers(min_value=1, max_value=4))
def test_pieces_have_room_and_are_the_text_as_far_as_they_reach(
    text: str, longest: int, most: int
) -> None:
    shown = readable(text)
    found = pieces(shown, longest, most)
    assert len(found) <= most
    assert all(0 < room(each) <= longest for each in found)
    together = "".join(found)
    assert together == shown or "…" in together


def test_a_character_larger_than_a_piece_is_left_out_and_marked() -> None:
    endless = "\U0001f468\u200d" * 9 + "\U0001f467"
    assert pieces(f"{endless}abcdef", 5, 4) == ["…", "abcde", "f"]
    assert pieces(f"abc{endless}", 5, 4) == ["abc", "…"]


def test_the_longest_reason_that_pam_takes_is_shown_whole() -> None:
    for character in ("&", "x ", "\U0001f600", "< "):
        longest = (character * 1000)[:2000].strip()
        assert "".join(pieces(plain(longest), 3000, 4)) == longest


def test_room_is_counted_by_whichever_count_is_the_largest() -> None:
    assert (room("x"), room("&"), room("<"), room("\U0001f600")) == (1, 5, 4, 2)


@pytest.mark.parametrize("longest", [0, 1])
def test_where_there_is_room_for_nothing_only_the_mark_is_left(longest: int) -> None:
    assert truncate("&" * 10, longest) == "…"
