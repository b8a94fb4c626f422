"""What is shown of a statement: never a value."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.domain.masked_sql import NOT_SHOWN, masked

SHOWN = [
    ("select 1", "select ?"),
    ("SELECT * FROM t WHERE a = 'x' -- why\n AND b", "SELECT * FROM t WHERE a = ? AND b"),
    ("select 'it''s', E'it\\'s', N'x', B'01', X'1F', U&'\\0041'", "select ?, ?, ?, ?, ?, ?"),
    ("do $$ begin; end $$", "do ?"),
    ("select $tag$ $$ 'secret $tag$, $1, a$b", "select ?, $1, a$b"),
    ("select 1.5e-3, .5, 0x1F, 1_000, 5::text", "select ?, ?, ?, ?, ?::text"),
    ("select/* 'secret */\t1", "select ?"),
    ('select "Name", "a b", "x""y"', 'select "Name", "?", "?"'),
    ("alter role x password 'secret'", "alter role x password ?"),
    ("select n'x', selecte'x'", "select ?, selecte?"),
    ("select 'a'\n  'b'", "select ? ?"),
    ("select größe from t", "select größe from t"),
    ("select a->>'k', b @> '{}', `op`", "select a->>?, b @> ?, `op`"),
    ("", ""),
]
NOT_SURE = {
    "a literal that does not end": "select 'secret",
    "a literal that ends by a quote that may be escaped": "select 'a\\' || 'secret' || '",
    "an escaped literal that does not end": "select E'secret\\'",
    "a dollar quote that does not end": "select $a$ secret $b$",
    "a comment that does not end": "select /* secret",
    "a comment within a comment": "select /* a /* b */ 'secret' */ 1",
    "a name in quotes that does not end": 'select "secret',
    "a number that goes on as a name": "select 1secret",
    "a parameter that goes on as a name": "select $1secret",
    "a sign that SQL does not have": "select \\secret",
    "a zero byte": "select \0",
    "a dollar alone": "select $ secret",
    "more than is worth the time": "select '" + "x" * 100_000 + "'",
}

_WORDS = ["select", "from t", "where a =", ",", "(", ")", "E", "U&", "$1", '"A"', "->>", "/", "$"]
_SECRET = st.text("secretSECRET'\\$\"-/*\n 0123", min_size=1, max_size=12)


def _plain(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _escaped(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _in_dollars(text: str) -> str:
    return f"$q${text}$q$"


def _comment(text: str) -> str:
    return "--" + text.replace("\n", " ") + "\n"


_LITERAL = st.tuples(st.sampled_from([_plain, _escaped, _in_dollars, _comment]), _SECRET)


@pytest.mark.parametrize(("statement", "shown"), SHOWN)
def test_a_statement_is_shown_without_its_values(statement: str, shown: str) -> None:
    assert masked(statement) == shown


@pytest.mark.parametrize("case", NOT_SURE)
def test_what_cannot_be_read_for_sure_is_not_shown_at_all(case: str) -> None:
    assert masked(NOT_SURE[case]) == NOT_SHOWN


@given(st.lists(st.one_of(st.sampled_from(_WORDS), _LITERAL), max_size=12))
def test_no_literal_of_a_statement_is_ever_shown(parts: list[str | tuple[object, str]]) -> None:
    """Each value carries a mark that stands nowhere else in the statement."""
    mark = "MARK" + "".join(random.choices(string.ascii_uppercase, k=12))
    statement = " ".join(
        part if isinstance(part, str) else part[0](mark + part[1] + mark)  # type: ignore[operator]
        for part in parts
    )
    assert "MARK" not in masked(statement)


@given(st.integers(min_value=0), st.sampled_from(["{}", "a={},b", "({})", "-{}", "{}.5", "{}e7"]))
def test_no_number_is_ever_shown(number: int, around: str) -> None:
    assert not set(masked("select " + around.format(number))) & set(string.digits)


@given(st.text("'\"\\$/*-eEuU&abtag01 \n;", max_size=40))
def test_what_is_shown_of_any_text_is_one_line_without_quotes_of_values(text: str) -> None:
    shown = masked(text)
    assert "'" not in shown
    assert "\n" not in shown
    assert "--" not in shown.replace("- -", "")


@given(st.text(max_size=60))
def test_any_text_can_be_masked(text: str) -> None:
    assert isinstance(masked(text), str)
