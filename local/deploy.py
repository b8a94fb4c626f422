"""Puts the apps into the emulator with the CDK CLI, as `cdk deploy` puts them into AWS."""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.aws import ACCOUNT, REGION, ROOT_KEYS, root_client
from local.state import ROOT, State

_STAGING_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
_SOURCES = ("app.py", "cdk.json", "lambdas", "stacks", "policy", "local", "requirements/lambda.txt")


class DeployError(Exception):
    """The CDK CLI failed; the message ends with what it printed last."""


def digest_of_sources() -> str:
    """Changes when anything that is deployed changes."""
    digest = hashlib.sha256()
    for path in _source_files():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def synthesise(state: State) -> None:
    """Both apps, side by side. Needs no emulator."""
    apps = {"app": ["app.py"], "targets": ["-m", "local.targets_app"]}
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(_synthesise, state, *app) for app in apps.items()]:
            done.result()


def deploy(state: State, endpoint: str) -> None:
    """Both apps, side by side: neither waits for the other."""
    _make_staging_bucket(endpoint)
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(_deploy, state, name, endpoint) for name in ("app", "targets")]:
            done.result()


def _synthesise(state: State, name: str, command: list[str]) -> None:
    out = state.assembly / name
    shutil.rmtree(out, ignore_errors=True)
    _cdk(["synth", "--quiet", "--app", shlex.join([sys.executable, *command]), "--output", str(out)])


def _deploy(state: State, name: str, endpoint: str) -> None:
    # The deployment role's rights are the caller's: under enforced IAM the emulator refuses the
    # bootstrap roles' asset publishing, so the app is configured to use the caller's credentials.
    _cdk(
        [
            "deploy",
            "--all",
            "--app",
            str(state.assembly / name),
            "--require-approval",
            "never",
            "--method",
            "direct",
            "--progress",
            "events",
            "--asset-parallelism",
            "--no-notices",
        ],
        endpoint=endpoint,
    )


def _cdk(arguments: list[str], endpoint: str | None = None) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **ROOT_KEYS,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "CI": "true",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "lambdas")]),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
    if endpoint is not None:
        environment |= {"AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_S3": endpoint}
    done = subprocess.run(
        [str(ROOT / "node_modules" / ".bin" / "cdk"), *arguments, "-c", "env=local"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        message = f"cdk {arguments[0]} failed:\n{done.stdout[-4000:]}"
        raise DeployError(message)


def _make_staging_bucket(endpoint: str) -> None:
    """All that `cdk bootstrap` would make and a deployment by the caller's credentials needs."""
    s3 = root_client("s3", endpoint)
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    if _STAGING_BUCKET not in names:
        s3.create_bucket(Bucket=_STAGING_BUCKET)


def _source_files() -> Iterator[Path]:
    for name in _SOURCES:
        path = ROOT / name
        candidates = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (p for p in candidates if p.is_file() and "__pycache__" not in p.parts)

