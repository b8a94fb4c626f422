"""The deployed app judged from outside: preflight and smoke, as far as the local stack goes.

What differs here: the emulator has no CloudTrail, no history of alarms and no quota worth the name,
so these are told as wrong or not provable; everything else is what an account would show.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.cast import Cast
from local.state import ROOT
from tests.e2e.bus import ACCOUNT

SANDBOX = "core-sandbox-admin"


def run(cast: Cast, module: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """A program of `deployment`, as the root of the local account runs it."""
    done = subprocess.run(
        [sys.executable, "-m", f"deployment.{module}", "local", "--json", *arguments],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(cast.state_dir),
            "PYTHONPYCACHEPREFIX": str(ROOT / ".pam" / "cache" / "bytecode"),
            "AWS_CONFIG_FILE": str(cast.state_dir / "aws" / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(cast.state_dir / "aws" / "credentials"),
            "AWS_ENDPOINT_URL": cast.about["endpoint_url"],
            "AWS_PROFILE": "root",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.stdout.startswith("{"), done.stderr
    return done.returncode, json.loads(done.stdout)


@contextmanager
def sealing(cast: Cast) -> Iterator[None]:
    """The schedule seals each minute; here nobody waits for it."""
    over = threading.Event()

    def seal() -> None:
        while not over.wait(2):
            cast.checkpoint()

    thread = threading.Thread(target=seal)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture(scope="module")
def preflight(cast: Cast) -> dict[str, list[dict[str, str]]]:
    code, document = run(cast, "preflight")
    assert (code, document["account"]) == (int(document["wrong"]), ACCOUNT)
    return {check["name"]: check["findings"] for check in document["checks"]}


def verdicts(preflight: dict[str, list[dict[str, str]]], name: str) -> set[str]:
    return {finding["verdict"] for finding in preflight[name]}


def test_dump(preflight: Any, cast: Cast) -> None:
    print(json.dumps(preflight, indent=1))
    with sealing(cast):
        code, document = run(
            cast,
            "smoke",
            "--requester",
            "alice",
            "--auditor",
            "ada",
            "--resource",
            SANDBOX,
            "--probe",
            f"s3 list_objects_v2 Bucket={cast.bucket(SANDBOX)}",
        )
    print(code, json.dumps(document, indent=1))
    assert 0
