"""Each word of the glossary has one sense, and the name in the code that it says it has."""

import dataclasses
import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!word \||---)([^|]+) \| ([^|]+) \| ([^|]+) \|$", GLOSSARY, re.MULTILINE)
NAMES = sorted({name for _, _, code in ROWS for name in re.findall(r"`([^`]+)`", code)})


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_code_exists(name: str) -> None:
    assert is_there(name)


@pytest.mark.parametrize(
    "name",
    [
        "pam.domain.session.Season",
        "pam.domain.session.Session.colour",
        "pam.domain.lifecycle.Status.LOST",
        "pam.nowhere",
        "docs/nowhere.md",
        "no_such_function",
    ],
)
def test_a_name_that_there_is_not_is_noticed(name: str) -> None:
    assert not is_there(name)


def test_every_word_stands_once_with_a_sense_and_a_name() -> None:
    words = [word for row, _, _ in ROWS for word in row.split(", ")]
    assert len(words) > 60
    assert sorted(set(words)) == sorted(words)
    for word, sense, code in ROWS:
        assert sense.strip(), word
        assert re.search(r"`[^`]+`", code), word


def test_no_two_words_bear_the_same_name() -> None:
    """But for those that stand on one row, and pages, which tell of several."""
    borne = [code for _, _, code in ROWS if code.startswith("`pam.") and "," not in code]
    assert sorted(set(borne)) == sorted(borne)


def is_there(name: str) -> bool:
    if not name.startswith("pam."):
        return (ROOT / name).exists() or (ROOT / "lambdas" / f"{name}.py").is_file()
    module, rest = module_of(name)
    found: object = module
    for part in rest:
        if dataclasses.is_dataclass(found) and part in {f.name for f in dataclasses.fields(found)}:
            found = None
        elif hasattr(found, part):
            found = getattr(found, part)
        else:
            return False
    return module.__name__ != "pam"


def module_of(name: str) -> tuple[ModuleType, list[str]]:
    """The longest beginning that is a module, and what is left to look for in it."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            return importlib.import_module(".".join(parts[:length])), parts[length:]
        except ModuleNotFoundError:
            continue
    raise AssertionError(name)
