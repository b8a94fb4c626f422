"""Keeps Slack's socket host running, as ECS keeps a task of its service: `... --lifeline FD`.

The host is the very module that the task runs, given what its definition gives it. Where it exits
it is replaced; where it exits again at once, after a longer and longer while.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping

from local import companions
from local.lifeline import follow
from local.process_groups import Started
from local.state import CACHE, ROOT, State

MODULE = "slack_socket"
_LIVED = 30.0
_WAITS_FIRST, _WAITS_AT_MOST = 0.5, 15.0


def start(state: State, given: Mapping[str, str]) -> Started:
    """`given` is the environment of a task; nothing of this process's own AWS set-up comes in."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PAM_", "PYTHON"))
    }
    python = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "services")]),
        "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"),
        "PYTHONUNBUFFERED": "1",
    }
    # Enough that a Slack which refreshes both does not do so at the same instant.
    task = {
        "PAM_SLACK_HEALTH_FILE": str(state.socket_host / "healthy"),
        "PAM_SLACK_STAGGER_SECONDS": "0.3",
        "TMPDIR": str(state.socket_host),
    }
    command = [sys.executable, "-m", "local.socket_host", "--lifeline"]
    return companions.start(state.socket_host, command, {**kept, **python, **task, **given})


def _keep() -> None:
    """For ever."""
    from slack_socket.outcome import Outcome  # only this process has the services' folder

    wait = _WAITS_FIRST
    while True:
        began = time.monotonic()
        code = subprocess.run([sys.executable, "-m", MODULE], check=False).returncode
        lived = time.monotonic() - began
        wait = _WAITS_FIRST if lived > _LIVED else min(wait * 2, _WAITS_AT_MOST)
        if code == Outcome.NEEDS_A_PERSON:
            wait = _WAITS_AT_MOST
        print(f"exited with {code} after {lived:.1f} s; started again in {wait} s", flush=True)
        time.sleep(wait)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.socket_host", description=__doc__)
    parser.add_argument("--lifeline", type=int, required=True)
    follow(parser.parse_args().lifeline)
    _keep()


if __name__ == "__main__":
    main()
