"""What the installed command takes: room on the disk, and processor time to an answer."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from local.bench.figure import MEGABYTES, Figure, of_seconds
from local.state import ROOT

_RUNS = 9
_HELP_BAR, _LIST_BAR = 1.5, 1.2
_MOST_MEGABYTES = 60.0
_NO_SESSIONS = b'{"items": [], "cursor": null}'
_BOUND = "It loads what signs and sends a call: botocore, without boto3."


def bench(_: object, runs: int = _RUNS) -> Iterator[Figure]:
    """With this interpreter. Packages come from the caches of the machine's own clients."""
    with tempfile.TemporaryDirectory(prefix="pam-command-") as name:
        folder = Path(name)
        pam, aws, empty = (folder / venv for venv in ("pam", "aws", "empty"))
        _installed(pam, str(_wheel(folder / "built")))
        _installed(aws, "--require-hashes", "--constraint", "requirements/opinions.txt", _pinned())
        _installed(empty)
        yield _size(pam, aws, empty)
        with _api() as url:
            environment = _environment(folder, url)
            yield _figure(
                "pam --help",
                [pam / "bin" / "pam", "--help"],
                "python -c 'import typer'",
                [pam / "bin" / "python", "-c", "import typer"],
                environment,
                runs,
                bar=_HELP_BAR,
            )
            yield _figure(
                "pam list",
                [pam / "bin" / "pam", "list"],
                f"aws --version ({_pinned()})",
                [aws / "bin" / "python", aws / "bin" / "aws", "--version"],
                environment,
                runs,
                bar=_LIST_BAR,
            )


def _figure(
    name: str,
    ours: Sequence[str | Path],
    reference: str,
    theirs: Sequence[str | Path],
    environment: Mapping[str, str],
    runs: int,
    *,
    bar: float,
) -> Figure:
    measured, bare = list[float](), list[float]()
    # The first of each is thrown away: it compiles, and reads its files from the disk.
    for turn in range(runs + 1):
        one, other = (_processor_time(words, environment) for words in (ours, theirs))
        if turn:
            measured.append(one)
            bare.append(other)
    return of_seconds(
        f"{name} (processor time)",
        measured,
        f"{reference} (processor time)",
        bare,
        bar=bar,
        bound=_BOUND,
    )


def _size(pam: Path, aws: Path, empty: Path) -> Figure:
    """In megabytes; the bar is one of megabytes, said as a ratio."""
    ours, theirs = (_megabytes(venv) - _megabytes(empty) for venv in (pam, aws))
    return Figure(
        name="the command, installed without the extra `policy`",
        value=ours,
        unit=MEGABYTES,
        reference=f"the AWS CLI ({_pinned()}), installed",
        reference_value=theirs,
        bar=_MOST_MEGABYTES / theirs,
        runs=1,
        note="what its files hold, before they are compiled",
    )


def _megabytes(folder: Path) -> float:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 1e6


def _wheel(into: Path) -> Path:
    # Of a copy: a build leaves its own folders beside what it builds.
    sources = into / "sources"
    shown = subprocess.run(
        ["git", "ls-files", "-z", "pyproject.toml", "setup.py", "distribution", "cli", "lambdas"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in shown.stdout.decode().split("\0"):
        if name:
            (sources / name).parent.mkdir(parents=True, exist_ok=True)
            (sources / name).write_bytes((ROOT / name).read_bytes())
    _uv("build", "--wheel", "--no-build-isolation", "--out-dir", str(into), str(sources))
    (wheel,) = into.glob("*.whl")
    return wheel


def _installed(venv: Path, *what: str) -> None:
    _uv("venv", str(venv))
    if what:
        _uv("pip", "install", *what, venv=venv)


def _uv(*words: str, venv: Path | None = None) -> None:
    uv = Path(sys.executable).parent / "uv"
    python = str(venv / "bin" / "python") if venv else sys.executable
    verb = 2 if words[0] == "pip" else 1
    subprocess.run(
        [uv, *words[:verb], "--quiet", "--python", python, *words[verb:]],
        cwd=ROOT,
        check=True,
    )


def _pinned() -> str:
    lines = (ROOT / "requirements" / "opinions.in").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("awscli=="))


def _environment(folder: Path, url: str) -> dict[str, str]:
    return {
        "HOME": str(folder),
        "PATH": os.defpath,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PAM_API_URL": url,
    }


def _processor_time(words: Sequence[str | Path], environment: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True, capture_output=True, env=dict(environment))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class _NoSessions(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(_NO_SESSIONS)))
        self.end_headers()
        self.wfile.write(_NO_SESSIONS)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def _api() -> Iterator[str]:
    """A request API without sessions, at a port of this machine."""
    server = HTTPServer(("127.0.0.1", 0), _NoSessions)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
