"""The lock files agree: what tests run with is what the commands and the functions run with."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
LOCKS = sorted(path.name for path in REQUIREMENTS.glob("*.txt"))


def pins(name: str) -> set[tuple[str, ...]]:
    """Each with its marker and its hashes."""
    text = (REQUIREMENTS / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return {tuple(line.split()) for line in text.splitlines() if line.strip()}


@pytest.mark.parametrize(("smaller", "larger"), [("lambda.txt", "app.txt"), ("app.txt", "dev.txt")])
def test_what_is_added_later_changes_nothing_that_is_there(smaller: str, larger: str) -> None:
    assert pins(smaller) - pins(larger) == set()


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_exact_and_hashed_and_names_no_registry(name: str) -> None:
    for first, *rest in pins(name):
        assert re.fullmatch(r"[a-z0-9._-]+==[A-Za-z0-9.]+", first), first
        assert any(it.startswith("--hash=sha256:") for it in rest), first
        assert not any("/" in it for it in rest), first


@pytest.mark.parametrize("name", ["mypy", "pytest", "moto", "cfn-lint", "ruff", "sympy"])
def test_the_commands_do_without_the_tools(name: str) -> None:
    def names(lock: str) -> set[str]:
        return {pin[0].partition("==")[0] for pin in pins(lock)}

    assert name in names("dev.txt")
    assert name not in names("app.txt")
