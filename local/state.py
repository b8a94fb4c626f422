"""The folder that one local stack keeps everything in, so that two can run side by side."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".pam" / "cache"
"""What all stacks of this folder share: content that is named by its digest, and bytecode."""


def default_state_dir() -> Path:
    return Path(os.environ.get("PAM_STATE_DIR") or ROOT / ".pam")


@dataclass(frozen=True, slots=True)
class State:
    """Paths of one stack. Nothing outside `dir` is written but caches that all stacks share."""

    dir: Path

    @property
    def about(self) -> Path:
        """`local.json`: what callers of the stack need to know. There only while it is up."""
        return self.dir / "local.json"

    @property
    def aws_config(self) -> Path:
        return self.dir / "aws" / "config"

    @property
    def aws_credentials(self) -> Path:
        return self.dir / "aws" / "credentials"

    @property
    def shell(self) -> Path:
        """What a shell reads (`. .pam/env`), so that `pam` works there. Only while it is up."""
        return self.dir / "env"

    @property
    def process(self) -> Path:
        """Which process is ours: pid and start time, so that a reused pid is never mistaken."""
        return self.dir / "emulator.json"

    @property
    def emulator_log(self) -> Path:
        return self.dir / "emulator.log"

    @property
    def postgres(self) -> Path:
        """The databases' server: its data, its log, and which process it is."""
        return self.dir / "postgres"

    @property
    def slack(self) -> Path:
        """The Slack beside it: where it is, its secrets, what was asked of it."""
        return self.dir / "slack"

    @property
    def identity_center(self) -> Path:
        """The Identity Center beside it: where it is, what was asked of it."""
        return self.dir / "identity-center"

    @property
    def okta(self) -> Path:
        """The Okta beside it: where it is, what was asked of it."""
        return self.dir / "okta"

    @property
    def socket_host(self) -> Path:
        """The process that holds Slack's connections, and its log."""
        return self.dir / "socket-host"

    @property
    def scratch(self) -> Path:
        """The emulator's temporary files; emptied whenever it starts."""
        return self.dir / "scratch"

    @property
    def assembly(self) -> Path:
        """The cloud assemblies as this stack deploys them."""
        return self.scratch / "assembly"

    @property
    def functions_started(self) -> Path:
        """Appears when each function has a process that waits for its first request."""
        return self.scratch / "functions-started"

    @property
    def throttling(self) -> Path:
        """While it is there, the emulator throttles the share of calls that it names."""
        return self.scratch / "throttling"

    @property
    def throttled(self) -> Path:
        """A line for each call that was throttled."""
        return self.scratch / "throttled"

    @property
    def metering(self) -> Path:
        """While it is there, the emulator counts what AWS would charge for."""
        return self.scratch / "metering"

    @property
    def metered(self) -> Path:
        """A line for each thing that was counted."""
        return self.scratch / "metered"

    @property
    def counting(self) -> Path:
        """While it is there, the emulator writes down what functions call."""
        return self.scratch / "counting"

    @property
    def counted(self) -> Path:
        """A line of JSON for each call that was written down."""
        return self.scratch / "counted"

    @property
    def profiles(self) -> Path:
        """A folder with what each function process spent its time on, where that is asked for."""
        return self.scratch / "profiles"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One `up` or `down` at a time; a process that dies lets go of it."""
        self.dir.mkdir(parents=True, exist_ok=True)
        with (self.dir / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def read_about(self) -> dict[str, Any] | None:
        return read_json(self.about)


def read_json(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return content


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, and for this user's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.touch(mode=0o600)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
