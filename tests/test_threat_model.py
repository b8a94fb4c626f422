"""Every control that the threat model claims is shown by a test that is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODEL = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", MODEL)))
THREAT = re.compile(r"^\| (?!threat \||---)([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
SECTIONS = ("Requester", "Approver", "Operator", "Pipeline", "Somebody in the account", "Thief")


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_the_model_names_exists(path: str, name: str) -> None:
    assert name in functions_of(path)


@pytest.mark.parametrize("section", SECTIONS)
def test_each_threat_has_a_control_and_a_test_and_each_attacker_what_is_left(section: str) -> None:
    text = MODEL.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    threats = THREAT.findall(text)
    assert threats
    for threat, control, shown in threats:
        assert control.strip(), threat
        assert "::test_" in shown, threat
    assert "\nLeft: " in text


def test_each_known_fault_has_a_test_or_a_word_why_it_cannot_be_here() -> None:
    text = MODEL.partition("\n## Known failures of access systems\n")[2]
    faults = [row for row in THREAT.findall(text) if row[0] != "fault"]
    assert len(faults) >= 22
    for fault, here, shown in faults:
        assert ("::test_" in shown) != here.startswith("Not applicable: "), fault


@pytest.mark.parametrize(
    "lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda p: p.name
)
def test_every_pin_has_its_hash(lock: Path) -> None:
    pins = re.split(r"^(?=\S)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert pins
    for pin in pins:
        assert re.match(r"[\w.\[\],-]+==\S+", pin), pin
        assert "--hash=sha256:" in pin, pin


@pytest.mark.parametrize(
    "lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda p: p.name
)
def test_a_lock_file_names_no_host(lock: Path) -> None:
    assert "://" not in lock.read_text(encoding="utf-8")
