"""`. .pam/env`: what a shell has to know of a stack."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local import profiles
from local.state import State

BUCKET = "pam-local-core-ledger-admin"
ENDPOINT = "http://127.0.0.1:4566"


class Ssm:
    def get_parameter(self, Name: str) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        assert Name == "/bank/local/mod046/demo/core-ledger-admin/bucket"
        return {"Parameter": {"Value": BUCKET}}


def test_a_shell_that_reads_it_finds_pam_the_people_and_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "root_client", lambda *_: Ssm())
    state = State(tmp_path / "with $blanks in it")
    profiles.write_shell_file(state, ENDPOINT)
    names = "AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_ENDPOINT_URL PAM_ENV LEDGER_BUCKET"
    told = subprocess.run(
        ["/bin/sh", "-c", f'. "$0" && command -v python && printenv {names}', str(state.shell)],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    python = Path(sys.executable).parent / "python"
    assert told.splitlines() == [
        *(str(python), str(state.aws_config), str(state.aws_credentials)),
        *(ENDPOINT, "local", BUCKET),
    ]
    assert state.shell.stat().st_mode & 0o077 == 0
