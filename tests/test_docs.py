"""The documentation is held to the code."""

import ast
import re
import tomllib
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest

from documents import guarantees, openapi, pages, picture
from local import demo
from pam import names
from pam.domain.ending import ReceiptMethod
from pam.domain.kinds import KINDS
from pam.domain.lifecycle import TRANSITIONS, Status
from pam.domain.role_limits import revoker_role_name
from pam.names import Parameter, VendorPower, vendor_handler

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))
}
DESIGN = PAGES["design-MOD-046.md"]
INTERFACE = PAGES["interface.md"]
OF_SLACK = {"slack_door", "paint_slack", "route_slack"}
"""Functions that are there only where PAM is in Slack."""
LONGEST_LINE = 200
MOST_WORDS = 3_000
WRAPPED = sorted(PAGES.keys() - {"guarantees.md", "standards.md", "threat-model.md"})
"""The others are tables, and what `make guarantees` writes."""


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


def test_what_pages_take_from_the_code_is_current() -> None:
    assert pages.pages(), "at least the design and the interface take something"
    for path in pages.pages():
        kept = path.read_text(encoding="utf-8")
        assert kept == pages.filled(kept), f"{path.name}: run: make documents"


def test_every_part_that_is_made_stands_on_some_page() -> None:
    texts = [README, *PAGES.values()]
    marks = {name for text in texts for name in re.findall(r"<!-- made: ([a-z-]+)", text)}
    assert marks == set(pages.PARTS)


def test_the_drawing_of_a_sessions_life_has_every_step_and_no_other() -> None:
    drawn = set(re.findall(r"^ +([A-Z_]+) --> ([A-Z_]+)$", DESIGN, flags=re.MULTILINE))
    steps = {
        (before.value, after.value) for before, onward in TRANSITIONS.items() for after in onward
    }
    assert drawn == steps


def test_the_drawing_of_the_parts_has_every_function_of_every_deployment() -> None:
    drawn = set(re.findall(r"\w+", DESIGN.partition("## 2. Parts")[2].partition("\n| door |")[0]))
    functions = {path.stem for path in (ROOT / "lambdas").glob("*.py")}
    assert functions - {"rotate_secret", "witness_log"} <= drawn
    assert functions >= OF_SLACK


def test_the_drawing_of_trust_names_roles_as_they_are() -> None:
    drawn = DESIGN.partition("### Who trusts whom")[2].partition("\n## ")[0]
    trusted = {names.issuer_role_name("ENV"), names.activator_role_name("ENV")}
    ends = {names.revocation_role_name("ENV"), revoker_role_name("ROLE")}
    for role in trusted | ends:
        assert f"[{role}]" in drawn


@pytest.mark.parametrize("path", sorted((ROOT / "lambdas").glob("*.py")), ids=lambda p: p.stem)
def test_the_design_names_every_function(path: Path) -> None:
    assert f"`{path.stem}`" in DESIGN


def test_the_decision_about_functions_says_how_many_there_are() -> None:
    """And names each: a door or a power, or one of those that not every deployment has."""
    text = (ROOT / "docs" / "adr" / "0003-functions-by-power.md").read_text(encoding="utf-8")
    functions = {path.stem for path in (ROOT / "lambdas").glob("*.py")}
    of_vendors = {
        vendor_handler(kind.name, power)
        for kind in KINDS.values()
        if kind.vendor
        for power in VendorPower
    }
    always = functions - {"rotate_secret", "witness_log", *OF_SLACK, *of_vendors}
    assert f"{len(functions)} functions and as many roles: {len(always)} in every" in text
    assert functions <= set(re.findall(r"`(\w+)`", text))


def test_the_interface_names_every_published_parameter() -> None:
    for parameter in Parameter:
        assert f"mod046/{parameter.value}`" in INTERFACE, parameter


@pytest.mark.parametrize("status", Status)
def test_the_interface_says_what_each_state_means(status: Status) -> None:
    states = INTERFACE.partition("## States of a session")[2].partition("\n## ")[0]
    assert f"`{status}`" in states


def test_the_interface_lists_every_method_of_a_receipt_and_no_other() -> None:
    states = INTERFACE.partition("## States of a session")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", states, re.MULTILINE))
    assert listed == set(ReceiptMethod)


@pytest.mark.parametrize("name", WRAPPED)
def test_a_page_has_lines_that_one_can_read(name: str) -> None:
    """But for tables, which have a line for each row."""
    for number, line in enumerate(PAGES[name].splitlines(), start=1):
        assert line.startswith("|") or len(line) <= LONGEST_LINE, f"{name}:{number}"


def test_the_design_stays_a_page_that_one_can_read_through() -> None:
    assert len(DESIGN.split()) <= MOST_WORDS


def test_every_page_leads_to_pages_and_files_that_are_there() -> None:
    for name, text in PAGES.items():
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert (ROOT / "docs" / link).exists(), f"{name}: {link}"
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", README):
        assert (ROOT / link).exists(), link


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make ([a-z]+)`?", README):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_what_the_readme_shows_of_the_demo_is_what_it_shows() -> None:
    """And the picture is of that."""
    told = [
        "".join(_shown(part) for part in getattr(node.args[0], "values", [node.args[0]]))
        for node in ast.walk(ast.parse(Path(demo.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "step"
    ]
    kept = picture.KEPT.read_text(encoding="utf-8")
    shown = re.findall(r"^  ✓ (.+)$", kept, re.MULTILINE)
    assert len(shown) == kept.count("✓") > 15
    for line in shown:
        assert any(re.fullmatch(step, line) for step in told), f"run: make picture ({line})"
    drawn = picture.PICTURE.read_text(encoding="utf-8")
    assert drawn == picture.drawn(kept), "run: make picture"
    assert len(drawn) < 60_000
    assert "](docs/demo.svg)" in README.partition("## Use it")[0]
    assert f" for {demo.WINDOW.total_seconds():.0f} s: " in "".join(shown)


def _shown(part: ast.expr) -> str:
    """A part of what a step says, as a pattern."""
    if isinstance(part, ast.Constant):
        return re.escape(str(part.value))
    assert isinstance(part, ast.FormattedValue)
    named = vars(demo).get(part.value.id) if isinstance(part.value, ast.Name) else None
    return re.escape(named) if isinstance(named, str) else ".+"


def test_every_decision_that_a_page_refers_to_is_written_down() -> None:
    written = {int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("0*.md")}
    told = {int(number) for text in PAGES.values() for number in re.findall(r"ADR (\d+)", text)}
    assert told
    assert told <= written


def test_the_newest_release_is_that_of_the_package_and_has_its_date() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## (.+)$", changes, re.MULTILINE)
    assert heads[0] == "[Unreleased]"
    releases = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d", head) for head in heads[1:]]
    assert releases
    assert all(releases)
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert releases[0] is not None
    assert releases[0][1] == package["version"]


def test_a_release_tells_each_kind_of_change_once() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for release in re.split(r"^## ", changes, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (.+)$", release, re.MULTILINE)
        assert len(set(kinds)) == len(kinds)
        assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


CONTRIBUTING = PAGES["contributing.md"]
TREES = "lambdas|stacks|policy|cli|documents|tests|docs"
NEEDED = CONTRIBUTING.partition("| the person wants to")[2].partition("What it shows")[0]
OFFERED = re.findall(r"`(\w+\.\w+)`", NEEDED)


@pytest.mark.parametrize("name", OFFERED)
def test_what_a_surface_needs_of_the_core_takes_one_call(name: str) -> None:
    module, _, function = name.partition(".")
    operation = getattr(import_module(f"pam.operations.{module}"), function)
    assert "call" in signature(operation).parameters


FILES = sorted(set(re.findall(rf"`((?:{TREES})/[\w./*-]+)`", CONTRIBUTING)))


@pytest.mark.parametrize("path", FILES)
def test_what_an_addition_touches_is_there(path: str) -> None:
    """What it adds bears a name in capitals; there, others of its kind are."""
    there = re.sub(r"(?<![\w-])[A-Z]{4,}(?![\w-])", "*", path)
    assert list(ROOT.glob(there)), there


@pytest.mark.parametrize(
    "what", ["An operation", "A route", "A kind of target", "A surface", "A function"]
)
def test_the_guide_says_which_files_each_kind_of_addition_touches(what: str) -> None:
    section = CONTRIBUTING.partition(f"\n## {what}\n")[2].partition("\n## ")[0]
    assert len(set(FILES) & set(re.findall(r"`([^`]+)`", section))) >= 5
