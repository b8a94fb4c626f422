"""Puts the apps into the emulator with the CDK CLI, as `cdk deploy` puts them into AWS."""

import hashlib
import os
import platform
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from local import lifeline
from local.aws import ACCOUNT, REGION, ROOT_KEYS, root_client
from local.state import CACHE, ROOT

_STAGING_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
_APPS = {"app": ["app.py"], "targets": ["-m", "local.targets_app"]}
_SOURCES = (
    "app.py",
    "cdk.json",
    "lambdas",
    "local/identities.yaml",
    "local/targets_app.py",
    "package-lock.json",
    "policy",
    "requirements/dev.txt",
    "requirements/lambda.txt",
    "stacks",
)
_SURROUNDINGS = (
    "local/bridges",
    "local/certificates.py",
    "local/databases.py",
    "local/emulator.py",
    "local/inboxes.py",
    "local/people.py",
    "local/postgres.py",
    "local/postgres_process.py",
    "local/supervisor.py",
    "local/tls_relay.py",
)
_ASSEMBLIES_KEPT = 3
_SYNTHESIS_TAKES_AT_MOST = 600.0


class DeployError(Exception):
    """The CDK CLI failed; the message ends with what it printed last."""


def digest_of_sources() -> str:
    """Changes when anything that is deployed changes, or the machine that it is built for."""
    return _digest(_SOURCES)


def digest_of_surroundings() -> str:
    """Changes when what the app is deployed into changes."""
    return _digest(_SURROUNDINGS)


def synthesise(digest: str) -> Path:
    """The folder with both apps' cloud assemblies; made once for each state of the sources."""
    assembly = CACHE / "assemblies" / digest
    if assembly.exists():
        os.utime(assembly)
        return assembly
    assembly.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=assembly.parent, prefix=".synth-") as folder:
        unfinished = Path(folder) / "assembly"
        _side_by_side(
            [
                [
                    *("synth", "--quiet", "--output", str(unfinished / name)),
                    *("--app", shlex.join([sys.executable, *command])),
                ]
                for name, command in _APPS.items()
            ]
        )
        if digest_of_sources() != digest:
            message = "the sources changed while they were synthesised; run it again"
            raise DeployError(message)
        try:
            unfinished.rename(assembly)
        except OSError:
            if not assembly.exists():  # else another `up` was faster, with the same outcome
                raise
    _forget_old(assembly.parent)
    return assembly


def deploy(assembly: Path, endpoint: str) -> None:
    """Both apps, side by side: neither waits for the other."""
    _make_staging_bucket(endpoint)
    # The deployment role's rights are the caller's: under enforced IAM the emulator refuses the
    # bootstrap roles' asset publishing, so the app is configured to use the caller's credentials.
    _side_by_side(
        [
            [
                *("deploy", "--all", "--app", str(assembly / name), "--method", "direct"),
                *("--require-approval", "never", "--progress", "events", "--no-notices"),
            ]
            for name in _APPS
        ],
        endpoint,
    )


def _side_by_side(commands: list[list[str]], endpoint: str | None = None) -> None:
    running = [_start(command, endpoint) for command in commands]
    try:
        for command, process in zip(commands, running, strict=True):
            code, output = process.outcome()
            if code != 0:
                message = f"cdk {command[0]} failed:\n{output[-4000:]}"
                raise DeployError(message)
    finally:
        for process in running:
            process.end()


def _start(arguments: list[str], endpoint: str | None) -> lifeline.Command:
    """The CDK CLI, with the emulator's root as the caller and nothing of this shell's AWS setup."""
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "CDK_", "PYTHON"))
        },
        **ROOT_KEYS,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "CI": "true",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "lambdas")]),
        "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
    if endpoint is not None:
        environment |= {"AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_S3": endpoint}
    command = [str(ROOT / "node_modules" / ".bin" / "cdk"), *arguments, "-c", "env=local"]
    return lifeline.Command(command, cwd=ROOT, env=environment)


def _forget_old(assemblies: Path) -> None:
    """All but the newest, and what a synthesis that was killed left."""
    finished = [path for path in assemblies.iterdir() if not path.name.startswith(".")]
    newest_first = sorted(finished, key=lambda path: path.stat().st_mtime, reverse=True)
    left_over = [
        path
        for path in assemblies.glob(".synth-*")
        if time.time() - path.stat().st_mtime > _SYNTHESIS_TAKES_AT_MOST
    ]
    for path in [*newest_first[_ASSEMBLIES_KEPT:], *left_over]:
        shutil.rmtree(path, ignore_errors=True)


def _make_staging_bucket(endpoint: str) -> None:
    """All that `cdk bootstrap` would make and a deployment by the caller's credentials needs."""
    s3 = root_client("s3", endpoint)
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    if _STAGING_BUCKET not in names:
        s3.create_bucket(Bucket=_STAGING_BUCKET)


def _digest(names: tuple[str, ...]) -> str:
    digest = hashlib.sha256(f"{sys.version_info[:2]} {platform.machine()}".encode())
    for path in _files(names):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(names: tuple[str, ...]) -> Iterator[Path]:
    """Without what tools leave beside them: bytecode, and caches in hidden folders."""
    for name in names:
        path = ROOT / name
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            parts = file.relative_to(ROOT).parts
            if file.is_file() and not any(p == "__pycache__" or p.startswith(".") for p in parts):
                yield file
