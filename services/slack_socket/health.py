"""The file by whose age others see that the host is healthy; `python -m slack_socket.health`."""

import os
import sys
import time
from pathlib import Path

_FRESH = 15.0
"""Seconds. The host touches the file every second while all its connections are healthy."""


class HealthFile:
    def __init__(self, path: Path | None) -> None:
        self._path = path

    def touch(self) -> None:
        if self._path is not None:
            self._path.touch()

    def remove(self) -> None:
        """What an earlier process left says nothing about this one."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def is_fresh(path: Path, now: float) -> bool:
    """`now` in seconds since the epoch."""
    try:
        return abs(now - path.stat().st_mtime) <= _FRESH
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_fresh(Path(os.environ["PAM_SLACK_HEALTH_FILE"]), time.time()) else 1)
