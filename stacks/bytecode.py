"""Compiles what is shipped, so that no cold start does: by an interpreter of the target's version.

The bytecode is checked by the hash of its source: of an archive no date means anything, and whoever
changes a source there is not left with what it said before.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

PLACE = "/var/task"
"""Where Lambda unpacks a bundle: tracebacks name files there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """An interpreter, and what it says to be: equal input compiled by equal `version`s is equal."""

    interpreter: Path
    version: str

    @classmethod
    def of_this_process(cls) -> Self:
        return cls(interpreter=Path(sys.executable), version=_version(Path(sys.executable)))

    @classmethod
    def found(cls, python: str, uv: str) -> Self | None:
        """One of that version on this machine; nothing is fetched."""
        interpreter = _find(python, uv)
        version = _version(interpreter) if interpreter else ""
        if interpreter is None or not version.startswith(f"cpython {python}."):
            return None
        return cls(interpreter=interpreter, version=version)

    def compile(self, folder: Path) -> None:
        """Raises CalledProcessError."""
        how = ["--invalidation-mode", "checked-hash", "-s", str(folder), "-p", PLACE]
        subprocess.run(
            [str(self.interpreter), "-m", "compileall", "-q", "-f", *how, str(folder)],
            # Sets of constants are written in the order of their hashes.
            env={"PYTHONHASHSEED": "0"},
            cwd=self.interpreter.parent,
            check=True,
            capture_output=True,
        )


@cache
def _find(python: str, uv: str) -> Path | None:
    # The environment of this process has another version, and would be asked first.
    outside = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "UV_PYTHON"}}
    where = [uv, "python", "find", "--offline", "--no-project", "--no-python-downloads", python]
    done = subprocess.run(where, env=outside, capture_output=True, text=True, check=False)
    found = done.stdout.strip()
    return Path(found) if done.returncode == 0 and Path(found).is_file() else None


@cache
def _version(interpreter: Path) -> str:
    """As `cpython 3.14.2 2025...`; empty if it does not start."""
    ask = "import sys; print(sys.implementation.name, *sys.version.split())"
    command = [str(interpreter), "-I", "-c", ask]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
