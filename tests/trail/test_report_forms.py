"""A report in a spreadsheet and on a terminal: nothing is computed, and nothing drives either."""

import csv
import io
import json
from typing import Any

import pytest

from cli.trail import report_forms
from cli.trail.report_line import line_of
from tests.fakes.story import arn
from tests.trail.reporting import REASON, record

EVIL = [
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "  =1",
    "\uff1d1+1",
    "fine;=1+1",
    "fine; @SUM(A1)",
    'fine;"=1+1',
    'fine; "" -1+1',
    "\t=1",
    "\r=1",
    'a","=1',
]


def told(text: str = "why", *records: dict[str, Any], **changes: Any) -> dict[str, Any]:
    line = line_of([record(**changes), *records], {REASON: text}, None)
    document: dict[str, Any] = json.loads(json.dumps(line.document()))
    return document


def in_csv(*lines: dict[str, Any], verdict: str = "PROVEN") -> list[dict[str, str]]:
    output = io.StringIO()
    report_forms.write_csv(lines, verdict, output)
    return list(csv.DictReader(io.StringIO(output.getvalue())))


@pytest.mark.parametrize("text", EVIL)
def test_no_cell_of_a_spreadsheet_begins_with_a_formula(text: str) -> None:
    output = io.StringIO()
    report_forms.write_csv([told(text, ticket=text, requester=text)], "PROVEN", output)
    assert output.getvalue().count("\n") == 2
    (row,) = csv.DictReader(io.StringIO(output.getvalue()))
    for cell in row.values():
        for part in cell.split(";"):
            assert not part.lstrip(' "').startswith(("=", "+", "-", "@", "\uff1d"))


@pytest.mark.parametrize("text", ["a\nb", "a\x1b[31mb", "a\u202eb", "a\u2028b", "a\x00b", "a\r\nb"])
def test_control_characters_reach_neither_file_nor_terminal(text: str) -> None:
    line = told(text, requester=text, resource=text)
    (row,) = in_csv(line)
    lines = list(report_forms.table([line], 200))
    assert len(lines) == 2
    for shown in (*row.values(), *lines):
        assert all(part not in shown for part in "\n\r\x1b\x00\u202e\u2028")


def test_a_table_of_commas_and_quotes_is_read_back_as_it_was() -> None:
    (row,) = in_csv(told('said "no", then; yes'))
    assert row["reason"] == 'said "no", then; yes'


def test_each_row_says_what_is_proven_of_it() -> None:
    faulty = told() | {"fault": "record 1 of S: missing"}
    rows = in_csv(told(), faulty, verdict="NOT ANCHORED")
    assert [row["proof"] for row in rows] == ["NOT ANCHORED", "NOT PROVEN"]


def test_a_report_of_nothing_has_its_header() -> None:
    output = io.StringIO()
    report_forms.write_csv([], "PROVEN", output)
    header = output.getvalue()
    assert header.startswith('"session_id","requester","person","resource",')
    assert header.count("\n") == 1


def test_what_a_row_tells() -> None:
    (row,) = in_csv(
        told(
            "why",
            record("Voted", "bob", detail="approve"),
            record("Voted", "carol", detail="deny"),
            record("Denied", "carol", detail="deny", at="2026-03-01T12:10:00.000Z"),
        )
    )
    assert row["votes"] == f"{arn('bob')} approve, {arn('carol')} deny"
    assert (row["from"], row["to"]) == ("", "2026-03-01T12:10:00.000Z")
    assert (row["receipt_method"], row["receipt_proven"]) == ("never-granted", "yes")
    assert (row["break_glass"], row["risk"], row["acts"]) == ("no", "", "0")


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 200, 250])
def test_a_table_fits_and_has_a_line_a_session(width: int) -> None:
    votes = [record("Voted", f"approver-{n}", detail="approve") for n in range(100)]
    busy = told("x" * 1000, *votes, resource="r" * 90, requester=arn("n" * 60), session_id="S" * 26)
    lines = list(report_forms.table([busy], width))
    assert len(lines) == 2 + (width < 200)
    assert all(len(line) <= width for line in lines)
    assert lines[1].startswith("S" * 12)
    assert len(in_csv(busy)[0]["votes"].split(", ")) == 100


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_ids_of_one_instant_are_told_apart_at_any_width(width: int) -> None:
    ids = [f"01JD8XGZ6Q3M4V5N6P7R8S9T{end}" for end in ("00", "01", "A0")]
    lines = list(report_forms.table([told(session_id=each) for each in ids], width))
    assert all(len(line) <= width for line in lines)
    shown = [line.split()[0] for line in lines[1:4]]
    assert len(set(shown)) == 3
    assert all(each.startswith(part) for each, part in zip(ids, shown, strict=True))


def test_an_id_that_can_be_typed_is_never_marked_as_cut() -> None:
    whole = told(session_id="01JD8XGZ6Q3M4V5N6P7R8S9T0A")
    assert list(report_forms.table([whole], 80))[1].startswith("01JD8XGZ6Q3M ")
    assert list(report_forms.table([whole], 250))[1].startswith("01JD8XGZ6Q3M4V5N6P7R8S9T0A ")
