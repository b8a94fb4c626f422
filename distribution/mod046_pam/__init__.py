"""The installed command: one package of a name that no other project has.

What it runs is called `cli` and `pam` in this repository, and others may have packages of these
names. So an installation has both below this package, and only this process finds them by their
short names, before any others.
"""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_REPOSITORY = _HERE.parent.parent


def _places() -> list[Path]:
    installed = _HERE / "parts"
    return [installed] if installed.is_dir() else [_REPOSITORY, _REPOSITORY / "lambdas"]


def main() -> None:
    sys.path[:0] = map(str, _places())
    from cli.main import app

    app()
