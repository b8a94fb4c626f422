"""Everything that must hold before a change is merged: `python -m suite [PART ...]`.

One part alone writes straight to the terminal. Several run side by side; what each wrote is shown
when it is over, and kept under `.pam/suite/`. At the end stand the slowest tests of all parts, what
failed, and the verdict. Exit code 1 if any part failed, 130 if it was interrupted.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from suite.parts import ALL, Part
from suite.run import Ended, run_alone, run_side_by_side
from suite.summary import print_slowest, print_summary

LOGS = Path(".pam") / "suite"
AT_MOST = 40 * 60.0
"""Seconds for all parts together: what hangs is named while somebody still listens."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m suite", description=__doc__)
    names = [part.name for part in ALL]
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(names)}")
    chosen = parser.parse_args().parts or names
    if unknown := set(chosen) - set(names):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    LOGS.mkdir(parents=True, exist_ok=True)
    for old in LOGS.iterdir():
        old.unlink()
    try:
        return _run([part for part in ALL if part.name in chosen])
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("interrupted", file=sys.stderr)
        return 130


def _run(parts: list[Part]) -> int:
    if len(parts) == 1:
        code = run_alone(parts[0], LOGS)
        print_slowest(LOGS)
        return code
    ended: list[Ended] = asyncio.run(run_side_by_side(parts, LOGS, AT_MOST))
    print_slowest(LOGS)
    print_summary(ended)
    return max(part.code != 0 for part in ended)


if __name__ == "__main__":
    sys.exit(main())
