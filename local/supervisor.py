"""Starts, finds and ends the emulator's process."""

import os
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

import psutil

from local.aws import REGION
from local.process_groups import Started, end_recorded, last_lines, launch, record, recorded
from local.state import CACHE, State, read_json

_READY_WITHIN = 60.0
_PORT_TRIES = 5


class EmulatorError(Exception):
    """The emulator did not start; the message says where to look."""


@dataclass(slots=True)
class Emulator(Started):
    """A running emulator; `stop` of the same state ends one that was handed over."""

    endpoint: str

    def start_functions(self) -> None:
        """Gives each function its first process, in the background."""
        self.process.send_signal(signal.SIGUSR1)


def start(state: State) -> Emulator:
    """Starts the emulator on a free port of the loopback interface and waits until it answers."""
    ports = [_port_of_last_time(state), *(0 for _ in range(_PORT_TRIES))]
    for port in ports:
        emulator = _start_on(port or _free_port(), state)
        try:
            if _ready(emulator):
                record(state.process, emulator, endpoint=emulator.endpoint)
                return emulator
        except BaseException:
            emulator.end()
            raise
        emulator.end()
        if not _port_was_taken(state):
            break
    told = last_lines(state.emulator_log)
    message = f"the emulator did not start; {state.emulator_log} ends with:\n{told}"
    raise EmulatorError(message)


def running(state: State) -> psutil.Process | None:
    """The process of this state's emulator, if it is still that very process."""
    return recorded(state.process)


def stop(state: State) -> bool:
    """Ends what this state started and nothing else. False if nothing was running."""
    ended = end_recorded(state.process)
    shutil.rmtree(state.scratch, ignore_errors=True)
    return ended


def _start_on(port: int, state: State) -> Emulator:
    shutil.rmtree(state.scratch, ignore_errors=True)
    state.scratch.mkdir(parents=True)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PYTHON", "LAMBDA_", "MINISTACK_"))
    } | {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": os.environ.get("PAM_EMULATOR_LOG_LEVEL", "WARNING"),
        "MINISTACK_REGION": REGION,
        # A function holds a thread while it runs, and each call it makes needs one more. With too
        # few, some fifty requests at once wait for each other until all of them time out.
        "MINISTACK_WORKER_THREADS": "256",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"),
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(state.scratch / "state"),
        "TMPDIR": str(state.scratch),
    }
    with state.emulator_log.open("wb") as log:
        process, lifeline = launch(
            lambda descriptor: [
                *(sys.executable, "-m", "local.emulator", descriptor, str(state.dir))
            ],
            environment,
            log,
        )
    return Emulator(process, lifeline, f"http://127.0.0.1:{port}")


def _ready(emulator: Emulator) -> bool:
    deadline = time.monotonic() + _READY_WITHIN
    while time.monotonic() < deadline and emulator.process.poll() is None:
        try:
            with urllib.request.urlopen(  # noqa: S310 - a fixed http URL of this machine
                f"{emulator.endpoint}/_ministack/health", timeout=1
            ):
                return _listens(emulator)
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return False


def _listens(emulator: Emulator) -> bool:
    """Whether it is this very process that answers, and not another that was there first."""
    try:
        connections = psutil.Process(emulator.process.pid).net_connections("tcp")
    except psutil.NoSuchProcess:
        return False
    port = int(emulator.endpoint.rpartition(":")[2])
    return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections)


def _port_of_last_time(state: State) -> int:
    """So that what people have exported in their shells stays right; 0 if there is none."""
    found = read_json(state.process)
    port = int(found["endpoint"].rpartition(":")[2]) if found else 0
    with socket.socket() as probe:
        # As servers do: what is left of closed connections does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _port_was_taken(state: State) -> bool:
    log = state.emulator_log.read_text(encoding="utf-8", errors="replace").lower()
    return "already in use" in log


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
