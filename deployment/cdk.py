"""The CDK CLI that this project pins, run with this project's Python."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from deployment.assembly import Stack, read_assembly
from deployment.environment import ROOT, Refused

Run = Callable[[list[str]], int]
"""Runs the CLI with these arguments, and gives its exit code."""


def run_cdk(arguments: list[str]) -> int:
    """With the caller's own AWS settings, and what it prints is for the caller."""
    here = {
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        # `node` and `uv` are beside this Python.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    command = [str(ROOT / "node_modules" / ".bin" / "cdk"), *arguments]
    # What it says of a synthesis is for people; stdout may be for a program.
    output = sys.stderr if arguments[0] == "synth" else None
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | here, check=False, stdout=output
    ).returncode


def synthesise(run: Run, env_name: str, folder: Path, **context: str) -> tuple[Stack, ...]:
    """Raises Refused; the CLI has said why by then."""
    said = [text for name, value in context.items() for text in ("-c", f"{name}={value}")]
    app = shlex.join([sys.executable, "app.py"])
    code = run(
        ["synth", "--quiet", "--app", app, "--output", str(folder), "-c", f"env={env_name}", *said]
    )
    if code != 0:
        message = f"{env_name} cannot be synthesised: see above"
        raise Refused(message)
    return read_assembly(folder)
