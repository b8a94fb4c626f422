"""`docs/benchmarks.md` and the JSON that it is made of agree; each figure has a reference."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from documents import benchmarks, pages
from local.bench import runner
from local.bench.benches import BENCHES, KEPT
from local.bench.figure import Figure, from_document
from stacks.bundle_contents import NEEDS

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
DOCUMENTS = benchmarks.kept()


def figures() -> list[Figure]:
    return [figure for each in DOCUMENTS.values() for figure in from_document(each)[0]]


def test_no_bench_is_kept_that_is_none_and_what_was_never_run_is_said() -> None:
    assert set(DOCUMENTS) <= set(BENCHES)
    assert all(document["bench"] == name for name, document in DOCUMENTS.items())
    unsaid = PAGE.partition("Not measured yet: ")[2]
    assert set(re.findall(r"`([a-z-]+)`", unsaid)) == set(BENCHES) - set(DOCUMENTS)


def test_every_figure_that_the_readme_shows_has_been_measured() -> None:
    assert set(benchmarks.HEADLINES) <= {figure.name for figure in figures()}


def test_every_figure_has_a_reference_of_its_own_run_and_every_bar_is_a_ratio() -> None:
    assert figures()
    for figure in figures():
        assert figure.reference, figure.name
        assert figure.reference_value > 0, figure.name
        assert figure.runs > 0, figure.name
        # A bar in milliseconds would be hundreds. 0: not one may be so.
        assert figure.bar is None or 0 <= figure.bar < 50, figure.name


def test_every_bar_that_is_missed_is_explained_on_the_page() -> None:
    for figure in figures():
        if figure.met is False:
            assert figure.bound, f"{figure.name} misses its bar, and nothing says why"
            told = PAGE.partition("made: missed-bars")[2].partition("<!-- end -->")[0]
            assert f"| {figure.name} |" in told
            assert figure.bound in told


def test_the_page_shows_every_figure_and_where_it_was_measured() -> None:
    for name, document in DOCUMENTS.items():
        section = PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert document["machine"]["measured_on"] in section, name
        for figure in from_document(document)[0]:
            assert f"| {figure.name}" in section, figure.name


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.json")), ids=lambda path: path.stem)
def test_what_is_kept_names_no_host_no_path_and_no_account(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(home|tmp|root|work|Users)/|127\.0\.0\.1|localhost|\d{12}", text)
    assert not re.search(r"arn:", text)


def test_a_missed_bar_says_by_how_much_and_what_bounds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path, monkeypatch, bar=2.0, bound="The network.")
    assert "| act | people | 3.00 | 2 | 50% | The network. |\n" in benchmarks.missed()
    keep(tmp_path, monkeypatch, bar=3.0, bound="The network.")
    assert benchmarks.missed() == "None: every bar is met.\n"


def test_each_function_is_shown_with_the_size_of_what_it_is_shipped_with() -> None:
    rows = benchmarks.bundles().splitlines()
    for handler in NEEDS:
        (row,) = (each for each in rows if f"`{handler}`" in each)
        assert re.search(r" \d+ MB \|$", row), handler


def test_a_bundle_that_nobody_has_measured_is_said_to_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path, monkeypatch, bar=3.0, bound="")
    assert benchmarks.bundles().count("| not measured yet |") == len(set(NEEDS.values()))


def test_a_run_makes_every_page_anew_that_shows_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    monkeypatch.setattr(runner, "_run", lambda *_: [])
    monkeypatch.setattr(pages, "fill", made.append)
    runner.run(tmp_path, "people")
    shown = {"README.md", "benchmarks.md", "figures.md", "cold-starts.md"}
    assert shown <= {path.name for path in made}


def test_a_section_shows_its_parts_below_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path, monkeypatch, bar=3.0, bound="")
    text = benchmarks.tables()
    assert "`people`" not in text.partition("Not measured yet: ")[2]
    assert "`demo`" in text.partition("Not measured yet: ")[2]
    assert text.index("| act | 3.00 | 3 | met |") < text.index("<summary>parts</summary>")
    assert "2 cores of riscv64" in text


def keep(folder: Path, monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    figure = {
        "name": "act",
        "value": 3.0,
        "unit": "s",
        "reference": "bare",
        "reference_value": 1.0,
        "runs": 15,
        "ratio": 3.0,
        "met": fields["bar"] >= 3.0,
        **fields,
    }
    machine = {
        "cores": 2,
        "cpu": "",
        "architecture": "riscv64",
        "system": "Linux",
        "python": "3.14.0",
        "measured_on": "2026-01-31",
    }
    document = {
        "bench": "people",
        "machine": machine,
        "seconds": 61.0,
        "figures": [figure],
        "breakdowns": [{"title": "parts", "head": ["part"], "rows": [["emulator"]]}],
    }
    (folder / "people.json").write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.setattr(benchmarks, "KEPT", folder)
