"""A wheel of this repository, built and unpacked as an installation has it."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def installed_from(sources: Sequence[str], project: str, folders: pytest.TempPathFactory) -> Path:
    """Where the packages lie. Built from a copy of these files and folders alone; `project` is the
    one of them that is built, `.` for all of them together.
    """
    copied, built, site = (folders.mktemp(name) for name in ("sources", "built", "site"))
    ignored = shutil.ignore_patterns("__pycache__", "build")
    for name in sources:
        there, here = copied / name, ROOT / name
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(here, there, ignore=ignored) if here.is_dir() else shutil.copy(here, there)
    uv = Path(sys.executable).parent / "uv"
    subprocess.run(
        # Built with what is here already: nothing is fetched.
        [
            *(uv, "build", "--quiet", "--wheel", "--no-build-isolation"),
            *("--python", sys.executable, "--out-dir", built, copied / project),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    return site
