"""`pam doctor`: is everything there that `pam` needs, and what to do where it is not."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from cli import render
from cli.invocation import Invocation, command
from cli.problems import ExitCode

if TYPE_CHECKING:
    from rich.table import Table

    from cli.examination import Finding


@command
def doctor(invocation: Invocation) -> None:
    """Check all that pam needs, from your credentials to the API (exit 1 if anything is wrong)."""
    from cli.examination import Examination, State

    found = []
    for finding in Examination(invocation=invocation).findings():
        found.append(finding)
        if not invocation.json:
            render.put(_lines(finding))
    healthy = all(finding.state is not State.WRONG for finding in found)
    invocation.emit({"healthy": healthy, "checks": [asdict(each) for each in found]}, lambda: None)
    if not healthy:
        raise typer.Exit(ExitCode.FAILED)


def _lines(finding: "Finding") -> "Table":
    """In columns that are those of all other findings: each is shown as soon as it is known."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(width=7)
    table.add_column(width=12)
    table.add_column(overflow="fold")
    table.add_row(finding.state.value, finding.about, Text(finding.detail))
    if finding.remedy:
        table.add_row("", "", Text(f"-> {finding.remedy}"))
    return table
