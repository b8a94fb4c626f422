"""Compiles what is shipped, so that no cold start does: by an interpreter of the target's version.

For this machine that is the interpreter at hand. For AWS it is the CPython that Pyodide carries,
which runs wherever Node does and is pinned with its hash in `package-lock.json`: bytecode is the
same for every processor. It is checked by the hash of its source: of an archive no date means
anything, and whoever changes a source there is not left with what it said before.
"""

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Protocol

PLACE = "/var/task"
"""Where Lambda unpacks a bundle: tracebacks name files there."""
SCRIPT = Path(__file__).with_suffix(".mjs")
_PYODIDE = Path(__file__).parent.parent / "node_modules" / "pyodide"


class CompilerError(Exception):
    """The message is one line for the person who ran synth."""


class Compiler(Protocol):
    @property
    def version(self) -> str:
        """Equal input compiled by equal versions is equal."""

    def compile(self, folder: Path) -> None:
        """Puts bytecode beside each source under the folder. Raises CompilerError."""


class ThisInterpreter:
    """The one that runs this process."""

    version = f"{sys.implementation.name} {sys.version}"

    def compile(self, folder: Path) -> None:
        how = ["--invalidation-mode", "checked-hash", "-s", str(folder), "-p", PLACE]
        command = [sys.executable, "-m", "compileall", "-q", "-f", *how, str(folder)]
        # Sets of constants are written in the order of their hashes.
        _run(command, env={"PYTHONHASHSEED": "0"})


class Pyodide:
    """Raises CompilerError unless it is installed and of that version of Python."""

    def __init__(self, python: str) -> None:
        try:
            package = json.loads((_PYODIDE / "package.json").read_bytes())
            told = json.loads((_PYODIDE / "pyodide-lock.json").read_bytes())
        except FileNotFoundError:
            message = "node_modules has no pyodide, which compiles for AWS: make setup"
            raise CompilerError(message) from None
        found = str(told["info"]["python"])
        if not found.startswith(f"{python}."):
            message = f"the functions run with Python {python}, and pyodide compiles for {found}"
            raise CompilerError(message)
        self.version = f"cpython {found} of pyodide {package['version']}"

    def compile(self, folder: Path) -> None:
        _run([_node(), str(SCRIPT), str(folder), PLACE])


def _run(command: list[str], env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command, env=env, cwd=SCRIPT.parent, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = " ".join((done.stdout + done.stderr).split())[-500:]
        message = f"cannot compile what is shipped: {reason or f'exit code {done.returncode}'}"
        raise CompilerError(message)


@cache
def _node() -> str:
    """The Node of this environment before any other."""
    beside = Path(sys.executable).parent / "node"
    found = str(beside) if beside.exists() else shutil.which("node")
    if found is None:
        message = "Node is not installed: make setup"
        raise CompilerError(message)
    return found
