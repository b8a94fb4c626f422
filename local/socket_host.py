"""Keeps Slack's socket host running, as ECS keeps a service's tasks: `... --lifeline FD`.

The host is the very module that the tasks run, given what their definition gives them. One that
exits is replaced; where it exits again at once, after a longer and longer while.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from local import companions
from local.companions import Companion
from local.lifeline import follow
from local.state import CACHE, ROOT, State

MODULE = "slack_socket"
TASKS = 2
"""As many as the service runs."""
_LIVED = 30.0
_WAITS_FIRST, _WAITS_AT_MOST = 0.5, 15.0


def start(state: State, given: Mapping[str, str]) -> Companion:
    """`given` is the environment of a task; nothing of this process's own AWS set-up comes in."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PAM_", "PYTHON"))
    }
    found = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "services")])}
    cached = {"PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "local.socket_host", "--state", str(state.dir), "--lifeline"]
    return companions.start(state.socket_host, command, {**kept, **found, **cached, **given})


def _keep_one(number: int, folder: Path) -> None:
    """One task's place, for ever. Each has a folder for its temporary files, as a task has."""
    own = folder / f"task-{number}"
    own.mkdir(parents=True, exist_ok=True)
    wait = _WAITS_FIRST
    while True:
        began = time.monotonic()
        environment = os.environ | {"TMPDIR": str(own)}
        code = subprocess.run([sys.executable, "-m", MODULE], env=environment, check=False).returncode
        lived = time.monotonic() - began
        wait = _WAITS_FIRST if lived > _LIVED else min(wait * 2, _WAITS_AT_MOST)
        print(f"task {number} exited with {code} after {lived:.1f} s; a next one in {wait} s")
        time.sleep(wait)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.socket_host", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--lifeline", type=int, required=True)
    asked = parser.parse_args()
    follow(asked.lifeline)
    places = [
        threading.Thread(target=_keep_one, args=(number, State(asked.state).socket_host))
        for number in range(1, TASKS + 1)
    ]
    for place in places:
        place.start()


if __name__ == "__main__":
    main()
