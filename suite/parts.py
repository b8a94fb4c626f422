"""The parts that the suite has, and which of them run one after the other."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Commands that run in this order until one fails.

    Parts of one lane run one after the other, lanes side by side. `after` names a part of another
    lane that is over, however it ended, before this one begins. `niceness` is that of `nice(1)`.
    """

    name: str
    lane: str
    commands: tuple[tuple[str, ...], ...]
    niceness: int = 0
    after: str = ""

    def with_reports(self, folder: Path) -> tuple[tuple[str, ...], ...]:
        """The commands; each pytest among them also writes a JUnit report into the folder."""
        report = f"--junit-xml={folder / self.name}.xml"
        return tuple((*it, report) if "pytest" in it else it for it in self.commands)


_BIN = Path(sys.executable).parent
_PYTEST = (sys.executable, "-m", "pytest", "--numprocesses", "2", "--dist", "loadfile")
_IN_ORDER = "--no-loadscope-reorder"
"""The longest first, as the tests' `conftest.py` has it."""
_E2E = "tests/e2e"
"""By their folder: each worker reads all files that it is given, also those that it leaves out."""
_INSTALLS, _WAITS, _COMPUTES = "installs", "waits", "computes"
_YIELDS = 5
"""Those that compute leave the processor to those that wait for a clock, whenever they want it."""

ALL = (
    # What is not needed to begin: it waits for registries, while the others work.
    Part(name="tools", lane=_INSTALLS, commands=(("make", "--no-print-directory", "tools"),)),
    # Each of the two workers has a stack of its own.
    Part(name="e2e", lane=_WAITS, commands=((*_PYTEST, _IN_ORDER, _E2E),)),
    Part(
        name="lint",
        lane=_COMPUTES,
        commands=(
            (str(_BIN / "ruff"), "check", "."),
            (str(_BIN / "ruff"), "format", "--check", "."),
            (str(_BIN / "mypy"),),
        ),
        niceness=_YIELDS,
    ),
    Part(
        name="gates",
        lane=_COMPUTES,
        commands=(("make", "--no-print-directory", "gates"),),
        niceness=_YIELDS,
    ),
    Part(
        name="unit",
        lane=_COMPUTES,
        commands=((*_PYTEST, _IN_ORDER, "--ignore", _E2E),),
        niceness=_YIELDS,
        after="tools",
    ),
)
CPU_SECONDS: Mapping[str, float] = MappingProxyType(
    {"tools": 14.0, "e2e": 691.0, "lint": 29.0, "gates": 50.0, "unit": 969.0}
)
"""What parts took, all their processes together, when they were last recorded: `make test` prints
what each takes now beside it, and of a part that is not here what it takes. Whoever adds a minute
sees it there, and records the new figure with the reason in the commit.
"""
