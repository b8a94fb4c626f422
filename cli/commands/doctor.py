"""`pam doctor`: is everything there that `pam` needs, and what to do where it is not."""

from dataclasses import asdict

import typer

from cli import render
from cli.invocation import Invocation, command
from cli.problems import ExitCode


@command
def doctor(invocation: Invocation) -> None:
    """Check all that pam needs, from your credentials to the API (exit 1 if anything is wrong)."""
    from cli.examination import Examination, State

    found = []
    for finding in Examination(invocation=invocation).findings():
        found.append(finding)
        if not invocation.json:
            render.put(f"{finding.state.value:<8}{finding.about:<14}{finding.detail}")
            if finding.remedy:
                render.put(f"{'':<22}-> {finding.remedy}")
    healthy = all(finding.state is not State.WRONG for finding in found)
    invocation.emit({"healthy": healthy, "checks": [asdict(each) for each in found]}, lambda: None)
    if not healthy:
        raise typer.Exit(ExitCode.FAILED)
