"""Which test files are begun first, and that each of them is known or begun early."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.order import E2E, FIRST, FOLDERS, rank

TESTS = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class File:
    path: Path


def in_order(*names: str) -> list[str]:
    files = sorted((File(TESTS / name) for name in names), key=rank)
    return [str(file.path.relative_to(TESTS)) for file in files]


def test_a_folder_that_is_new_is_begun_before_those_that_are_known() -> None:
    known, new = "domain/test_a.py", "a_folder_that_is_new/test_b.py"
    assert in_order(known, new) == [new, known]


def test_an_end_to_end_file_that_is_new_is_begun_before_those_that_are_known() -> None:
    known, new = "e2e/test_fuzz.py", "e2e/test_that_is_new.py"
    assert in_order(known, new) == [new, known]


def test_longer_files_are_begun_before_shorter_ones() -> None:
    expected = ["e2e/test_fuzz.py", "e2e/test_bad_input.py"]
    assert in_order(*reversed(expected)) == expected
    expected = ["trail/test_proving.py", "policy/test_identities.py"]
    assert in_order(*reversed(expected)) == expected


@pytest.mark.parametrize("name", FOLDERS)
def test_each_folder_that_is_named_is_there(name: str) -> None:
    assert name == TESTS.name or (TESTS / name).is_dir()


@pytest.mark.parametrize("name", [*FIRST, *E2E])
def test_each_end_to_end_file_that_is_named_is_there(name: str) -> None:
    assert (TESTS / "e2e" / f"test_{name}.py").is_file()
