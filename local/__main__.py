"""`python -m local up|down|status|demo|bench|profile`."""

import argparse
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from local.bench.benches import BENCHES
from local.busy import busy
from local.stack import StackError, down, status, up
from local.state import State, default_state_dir

_COMMANDS = ["up", "down", "status", "demo", "bench", "profile"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=_COMMANDS)
    parser.add_argument("--state-dir", type=Path, default=default_state_dir())
    parser.add_argument("--only", default="", choices=["", *BENCHES], help="one bench alone")
    chosen = parser.parse_args()
    try:
        return _run(chosen.command, chosen.state_dir, chosen.only)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing was left running", file=sys.stderr)
        return 130


def _run(command: str, state_dir: Path, only: str) -> int:
    match command:
        case "up":
            with busy(Console(highlight=False, soft_wrap=True)) as tell:
                about = up(state_dir, tell=tell)
            _tell_use(about, state_dir)
        case "down":
            print("stopped" if down(state_dir) else "nothing was running")
        case "status":
            about = status(state_dir)
            if about["status"] == "up":
                _tell_use(about, state_dir)
            else:
                print("down; to start it: make up")
        case "demo":
            from local.demo import demo

            # Beside a stack that is up, which it must neither use nor stop.
            return demo(state_dir / "demo")
        case "bench":
            from local.bench.runner import run

            return run(state_dir / "bench", only)
        case "profile":
            from local.bench.profile import profile

            return profile(state_dir / "bench")
    return 0


def _tell_use(about: Mapping[str, Any], state_dir: Path) -> None:
    print(f"up: {about['api_url']}; in a shell:")
    print(f"  . {shlex.quote(os.path.relpath(State(state_dir).shell))}")
    print("  pam --profile alice resources")


if __name__ == "__main__":
    sys.exit(main())
