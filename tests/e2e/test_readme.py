"""README, typed by somebody who has nothing else: every line of its blocks, as it is printed.

One shell at a terminal runs what a stack can answer, in order; questions are answered with `y`.
Three things differ from a newcomer's shell: the stack is that of the other tests and up already,
its log is sealed when the auditor comes, and no process stays behind to hold leases. Lines that
need AWS, minutes or a registry are not run here: `ELSEWHERE` says what proves each.
"""

import os
import pty
import re
import select
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from local.cast import Cast
from local.state import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXISTS = "tests/test_docs.py::test_every_make_target_of_the_readme_exists"
BUILT = "tests/cli/test_the_installed_command.py::test_it_has_one_package_at_the_top"
ELSEWHERE = {
    "make demo": EXISTS,
    "make test": EXISTS,
    "make up": "tests/e2e/test_local_stack.py::test_a_starter_that_is_killed_leaves_no_process",
    "make preflight ENV=prod": "tests/deployment/test_arguments.py::",
    "make deploy ENV=prod": "tests/deployment/test_deploy.py::",
    "make smoke ENV=prod": "tests/deployment/smoke/test_smoke.py::",
    "make destroy ENV=dev": "tests/deployment/test_destroy.py::",
    "uv build --wheel": BUILT,
    'uv tool install "$(ls dist/*.whl)[policy]"': BUILT,
}
SEALED_BEFORE = "TRAIL=$(mktemp -d)"
"""Within a minute the schedule does it by itself."""
LONGEST = 120.0
"""Seconds for one line."""
PROMPT = re.compile(r"\[(\d+)\]> $")
QUESTION = "[y/N]: "
CHOICE = re.compile(r"which one\? \[1-(\d+), return for none\]: $")
"""The oldest is the first: what other tests have left open is not meant."""


def printed() -> list[tuple[str, str]]:
    """Every line of every block: without its comment, and as it stands there."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [(re.sub(r"\s+# .*", "", line), line) for block in blocks for line in block.splitlines()]


class Shell:
    """At a terminal, in a folder that looks like the repository after `make up`."""

    def __init__(self, folder: Path) -> None:
        self.said = ""
        self._child, self._terminal = pty.fork()
        if self._child == 0:
            os.chdir(folder)
            environment = {
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": str(folder),
                "TERM": "dumb",
                "COLUMNS": "150",
                "PS1": "[$?]> ",
                "PAM_LEASE_HOLDER": "off",
            }
            shell = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
            os.execvpe("bash", shell, environment)
        self._code()

    def run(self, line: str) -> int:
        """Its exit code, once the prompt is back. What it said is in `said`."""
        os.write(self._terminal, f"{line}\n".encode())
        return self._code()

    def _code(self) -> int:
        self.said = ""
        deadline = time.monotonic() + LONGEST
        while not (prompt := PROMPT.search(self.said)):
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._terminal], [], [], left)[0]:
                message = f"no prompt, but {self.said!r}"
                raise AssertionError(message)
            self.said += os.read(self._terminal, 65536).decode(errors="replace")
            if self.said.endswith(QUESTION):
                os.write(self._terminal, b"y\n")
            elif several := CHOICE.search(self.said):
                os.write(self._terminal, several[1].encode() + b"\n")
        return int(prompt[1])

    def end(self) -> None:
        os.close(self._terminal)
        with suppress(ProcessLookupError):
            os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)


@pytest.fixture
def shell(cast: Cast, tmp_path: Path) -> Iterator[Shell]:
    for name in ("examples", "local", "policy"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".pam").symlink_to(cast.state_dir)
    opened = Shell(tmp_path)
    yield opened
    opened.end()
    for name in ("dave", "erin"):
        cast.pam("sam", "blocklist", "lift", name, "--reason", "the test is over")


@pytest.mark.parametrize("line", ELSEWHERE)
def test_what_is_not_run_here_is_in_the_readme_and_proven_by_a_test_that_exists(line: str) -> None:
    assert line in {bare for bare, _ in printed()}
    path, _, name = ELSEWHERE[line].partition("::")
    assert f"def {name or 'test_'}" in (ROOT / path).read_text(encoding="utf-8")


def test_every_other_line_of_the_readme_does_what_it_is_there_for(cast: Cast, shell: Shell) -> None:
    run = [(bare, line) for bare, line in printed() if bare and bare not in ELSEWHERE]
    assert len(run) > 25
    for bare, line in run:
        if bare == SEALED_BEFORE:
            cast.checkpoint()
        code = shell.run(line)
        assert code == 0, f"{line}\n{shell.said}"
        for word in SAYS.get(bare.partition(" --reason")[0], ()):
            assert word in shell.said, f"{line}\n{shell.said}"


SAYS = {
    "pam --profile alice exec core-ledger-admin -- python examples/write_a_note.py": ["runs again"],
    "pam --profile alice end core-ledger-admin": ["ENDED", "deny-read-back"],
    "pam --profile dave  exec core-reporting-db -- python examples/ask_who_i_am.py": ["reports"],
    "pam --profile sam   revoke --person dave": ["REVOKED"],
    "pam audit verify $TRAIL --key $KEY": ["PROVEN"],
    "pam policy explain --identities local/identities.yaml alice kyc-documents-read": ["yes: "],
}


def test_what_a_line_is_to_say_is_asked_of_a_line_that_is_there() -> None:
    there = {bare.partition(" --reason")[0] for bare, _ in printed()}
    assert set(SAYS) <= there
