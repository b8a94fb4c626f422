"""A fake as a process of its own, as the local stack starts it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.state import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    process: subprocess.Popen[bytes]
    port_file: Path
    record: Path
    lifeline: int


@contextmanager
def started_process(module: str, folder: Path, *options: str) -> Iterator[Started]:
    """Once it has said where it is. Whatever became of it, it is gone afterwards."""
    reading, writing = os.pipe()
    port_file, record = folder / "about.json", folder / "calls.jsonl"
    command = [sys.executable, "-m", module, "--port-file", str(port_file), *options]
    command += ["--record", str(record), "--lifeline", str(reading)]
    process = subprocess.Popen(command, cwd=ROOT, pass_fds=(reading,))
    os.close(reading)
    try:
        deadline = time.monotonic() + 60
        while not port_file.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield Started(process=process, port_file=port_file, record=record, lifeline=writing)
    finally:
        process.kill()
        process.wait()
