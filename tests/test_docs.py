"""The documentation is held to the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from documents import guarantees, openapi

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DESIGN = (ROOT / "docs" / "design-MOD-046.md").read_text(encoding="utf-8")


def test_every_guarantee_of_the_readme_is_borne_by_a_test_and_every_id_is_promised() -> None:
    assert set(guarantees.promised()) == set(guarantees.borne())


def test_no_guarantee_hangs_on_one_file() -> None:
    for guarantee, tests in guarantees.borne().items():
        assert len({name.partition("::")[0] for name in tests}) > 1, guarantee


def test_the_list_of_guarantees_and_their_tests_is_current() -> None:
    kept = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    assert kept == guarantees.render(), "run: make guarantees"
    assert "(docs/guarantees.md)" in README


def test_the_description_of_the_api_is_current() -> None:
    kept = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert kept == openapi.render(), "run: make openapi"


def test_the_description_of_the_api_refers_to_nothing_that_it_does_not_hold() -> None:
    document = openapi.render()
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', document))
    assert referred == set(openapi.document()["components"]["schemas"])


@pytest.mark.parametrize(
    "name", ["request_api", "audit_session", "record_activity", "tick", "revoke_session"]
)
def test_the_design_names_every_function(name: str) -> None:
    assert f"`{name}`" in DESIGN


def test_the_design_names_every_published_parameter() -> None:
    from pam.names import Parameter

    for parameter in Parameter:
        assert f"mod046/{parameter.value}`" in DESIGN, parameter


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make ([a-z]+)`?", README):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_every_command_of_the_readme_exists() -> None:
    commands = set(re.findall(r"^pam (?:--profile \w+\s+)?([a-z]+)", README, flags=re.MULTILINE))
    helped = subprocess.run(
        [sys.executable, "-m", "cli.main", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout
    assert commands
    for command in commands:
        assert re.search(rf"\b{command}\b", helped), command


def test_every_decision_that_the_design_refers_to_is_written_down() -> None:
    written = {int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("0*.md")}
    assert {int(number) for number in re.findall(r"ADR (\d+)", DESIGN)} <= written
