"""Other systems' features on the page: each has a place and a test, or is said as open."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split(" | "))
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| feature ")
]
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def _named_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_a_feature_is_open_or_shown_by_a_test_that_is_there(row: tuple[str, ...]) -> None:
    feature, place, shown = row
    named = _NAMED.findall(shown)
    assert bool(named) != place.startswith("Open"), feature
    for path, name in named:
        assert name in _named_in(path), f"{feature}: {path}::{name}"


def test_each_of_the_five_systems_has_its_table() -> None:
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    assert len(sections) == 5
    assert all(section.count("\n| ") > 8 for section in sections)
