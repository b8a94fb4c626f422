"""The emulator's process: `python -m local.emulator LIFELINE_FD STATE_DIR`.

It lives as long as its starter holds the other end of a pipe: if the starter dies, however it
dies, the emulator and its function processes go with it. A single byte on the pipe hands it
over to the machine, to be ended by `down`.
"""

import gc
import os
import sys
from pathlib import Path

from local import bridges, lifeline
from local.bridges import (
    counting,
    function_processes,
    identity_center,
    metering,
    profiling,
    runtime_packages,
    throttling,
)
from local.postgres_process import AUTHORITY
from local.state import CACHE, State


def main() -> None:
    lifeline.follow(int(sys.argv[1]))
    # What this process compiles is kept apart from the sources; functions keep theirs with them.
    os.environ.pop("PYTHONPYCACHEPREFIX", None)
    bridges.build_all()
    state = State(Path(sys.argv[2]))
    runtime_packages.build_all(CACHE / "runtime")
    function_processes.build_all(CACHE / "functions", state.postgres / AUTHORITY)
    if profiling.SWITCH in os.environ:
        profiling.build(state.profiles)
    function_processes.start_on_signal(state.functions_started)
    # Only now: the emulator's front takes what it uses from its modules when it is loaded.
    from ministack.app import main as serve

    identity_center.build()
    throttling.build(state)
    metering.build(state)
    counting.build(state)
    sys.argv = ["ministack"]
    # What is loaded stays: the collector need not look through it again and again.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    serve()


if __name__ == "__main__":
    main()
