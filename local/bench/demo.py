"""The first `make demo` of a clean clone, over what it cannot do without.

The packages come from the caches of the machine's own clients, as far as they have them.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from local import supervisor
from local.bench.figure import SECONDS, Breakdown, Figure
from local.bench.place import Place
from local.bench.rounds import timed
from local.state import ROOT, State

_BAR = 1.5
_TAKES_AT_MOST = 600
_LINES_TOLD = 15
_KEPT_OUT = ("AWS_", "CDK_", "MAKE", "MFLAGS", "PAM_", "PYTHON", "VIRTUAL_ENV")
_BOUND = (
    "It holds the set-up (an environment, a CDK, the functions' packages), the deployment, and the "
    "story itself, in which a lease is watched until its clock has run out."
)


def bench(place: Place) -> Iterator[Figure | Breakdown]:
    place.stop()
    with tempfile.TemporaryDirectory() as folder:
        # For the server of the databases as well, which a root runs as somebody else.
        Path(folder).chmod(0o755)
        clone = Path(folder) / "clone"
        _run(["git", "clone", "--quiet", str(ROOT), str(clone)], ROOT)
        python = getattr(sys, "_base_executable", sys.executable)
        demo = timed(lambda: _run(["make", "demo", f"PYTHON3={python}"], clone))
        synth = timed(lambda: _synthesise(clone, Path(folder) / "assembly"))
        start = timed(lambda: supervisor.start(State(Path(folder) / "state")))
        supervisor.stop(State(Path(folder) / "state"))
    yield Figure(
        name="first `make demo` of a clean clone, packages cached",
        value=demo,
        unit=SECONDS,
        reference="a bare `cdk synth` and the start of an emulator",
        reference_value=synth + start,
        bar=_BAR,
        runs=1,
        bound=_BOUND,
    )


def _synthesise(clone: Path, assembly: Path) -> None:
    cdk = str(clone / "node_modules" / ".bin" / "cdk")
    app = shlex.join([str(clone / ".venv" / "bin" / "python"), "app.py"])
    out = ["--quiet", "--output", str(assembly), "-c", "env=local"]
    _run([cdk, "synth", "--app", app, *out], clone, PYTHONPATH=f"{clone}:{clone / 'lambdas'}")


def _run(command: list[str], where: Path, **environment: str) -> None:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_KEPT_OUT)}
    done = subprocess.run(
        command,
        cwd=where,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=_TAKES_AT_MOST,
    )
    if done.returncode:
        told = "\n".join((done.stdout + done.stderr).splitlines()[-_LINES_TOLD:])
        message = f"{shlex.join(command[:2])} failed:\n{told}"
        raise AssertionError(message)
