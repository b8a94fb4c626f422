"""Puts the apps into the emulator with the CDK CLI, as `cdk deploy` puts them into AWS."""

import os
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from local import lifeline
from local.aws import ACCOUNT, REGION, ROOT_KEYS, root_client
from local.state import CACHE, ROOT

_STAGING_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
Apps = Mapping[str, list[str]]
"""By name: what Python is given to run the app."""
_APPS: Apps = {"app": ["app.py"], "targets": ["-m", "local.targets_app"]}
_TAKEN_FROM_THE_SHELL = re.compile(
    r"HOME|PATH|TMPDIR|LANG|LC_\w+|(?i:https?_proxy|no_proxy|all_proxy)|SSL_CERT_\w+|UV_\w+|XDG_\w+"
)
"""What programs need to run at all and to reach a registry. Nothing else: an app could read it, and
what it makes of it would be kept as if it came of the sources."""


class DeployError(Exception):
    """The CDK CLI failed; the message ends with what it printed last."""


def synthesise(into: Path, apps: Apps = _APPS) -> None:
    """The apps side by side, each into a folder of its name."""
    _side_by_side(
        [
            [
                *("synth", "--quiet", "--output", str(into / name)),
                *("--app", shlex.join([sys.executable, *command])),
            ]
            for name, command in apps.items()
        ]
    )


def deploy(assembly: Path, endpoint: str, apps: Apps = _APPS) -> None:
    """The apps side by side: none waits for another."""
    _make_staging_bucket(endpoint)
    # The deployment role's rights are the caller's: under enforced IAM the emulator refuses the
    # bootstrap roles' asset publishing, so the app is configured to use the caller's credentials.
    _side_by_side(
        [
            [
                *("deploy", "--all", "--app", str(assembly / name), "--method", "direct"),
                *("--require-approval", "never", "--progress", "events", "--no-notices"),
            ]
            for name in apps
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
    environment = environment_of(os.environ)
    if endpoint is not None:
        environment |= {"AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_S3": endpoint}
    command = [str(ROOT / "node_modules" / ".bin" / "cdk"), *arguments, "-c", "env=local"]
    return lifeline.Command(command, cwd=ROOT, env=environment)


def environment_of(shell: Mapping[str, str]) -> dict[str, str]:
    """Of the shell's environment, what the CDK CLI and the apps are given, and what they need."""
    taken = {name: shell[name] for name in shell if _TAKEN_FROM_THE_SHELL.fullmatch(name)}
    return {
        **taken,
        **ROOT_KEYS,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "CI": "true",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "lambdas")]),
        "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), shell["PATH"]]),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def _make_staging_bucket(endpoint: str) -> None:
    """All that `cdk bootstrap` would make and a deployment by the caller's credentials needs."""
    s3 = root_client("s3", endpoint)
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    if _STAGING_BUCKET not in names:
        s3.create_bucket(Bucket=_STAGING_BUCKET)
