"""What the local stack is made of, as digests: what is deployed, and what it is deployed into."""

import hashlib
import json
import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from local.state import ROOT

SOURCES = (
    "app.py",
    "cdk.context.json",
    "cdk.json",
    "lambdas",
    "local/__init__.py",
    "local/aws.py",
    "local/deploy.py",
    "local/identities.yaml",
    "local/identity_center/__init__.py",
    "local/identity_center/names.py",
    "local/state.py",
    "local/targets_app.py",
    "package-lock.json",
    "policy",
    "requirements/app.txt",
    "requirements/lambda.txt",
    "runbooks",
    "stacks",
)
"""What there is of these; the CDK CLI would keep what it looked up in `cdk.context.json`."""
CONSUMER = (
    "examples/consumer",
    "local/__init__.py",
    "local/aws.py",
    "local/consumer.py",
    "local/consumer_app.py",
    "local/deploy.py",
    "package-lock.json",
    "requirements/app.txt",
)
"""Of the example of a module that relies on PAM."""
_OF_THE_PERSON = (".cdk.json",)
"""In the home folder: the CLI takes context from there, too."""
_SURROUNDINGS = (
    "local/beside.py",
    "local/bridges",
    "local/certificates.py",
    "local/companions.py",
    "local/control.py",
    "local/databases.py",
    "local/emulator.py",
    "local/identity_center",
    "local/identity_center_beside.py",
    "local/inboxes.py",
    "local/okta",
    "local/okta_beside.py",
    "local/people.py",
    "local/postgres.py",
    "local/postgres_process.py",
    "local/process_groups.py",
    "local/profiles.py",
    "local/reachable.py",
    "local/slack",
    "local/slack_beside.py",
    "local/socket_host.py",
    "local/supervisor.py",
    "local/tls_relay.py",
    "services",
)
_CLI = Path("node_modules", "aws-cdk", "package.json")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def digest_of_sources(root: Path = ROOT, home: Path | None = None) -> str:
    """Changes when anything that is deployed changes, or what builds it."""
    digest = hashlib.sha256(json.dumps(_builders(root)).encode())
    _add_files(digest, root, (*SOURCES, *_named_by_the_configuration(root)))
    _add_files(digest, home or Path.home(), _OF_THE_PERSON)
    return digest.hexdigest()


def digest_of_consumer() -> str:
    """The same, for the example of a module that relies on PAM."""
    digest = hashlib.sha256(json.dumps(_builders(ROOT)).encode())
    _add_files(digest, ROOT, CONSUMER)
    _add_files(digest, Path.home(), _OF_THE_PERSON)
    return digest.hexdigest()


def digest_of_surroundings() -> str:
    """Changes when what the app is deployed into changes."""
    digest = hashlib.sha256()
    _add_files(digest, ROOT, _SURROUNDINGS)
    return digest.hexdigest()


def _add_files(digest: "hashlib._Hash", root: Path, names: tuple[str, ...]) -> None:
    """With their lengths, so that no two sets of files read alike."""
    for path in _files(root, names):
        name, content = os.path.relpath(path, root), path.read_bytes()
        digest.update(f"{len(name)} {len(content)} {name}".encode() + content)


def _named_by_the_configuration(root: Path) -> list[str]:
    """Files and folders that an environment names in place of the usual ones. If it cannot be read,
    that is for the synthesis to say.
    """
    try:
        context = json.loads((root / "cdk.json").read_bytes())["context"]
        environments = [each.values() for each in context["environments"].values()]
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        return []
    said = {value for each in environments for value in each if isinstance(value, str) and value}
    return sorted(value for value in said if os.path.exists(root / value))  # noqa: PTH110 - a text may be too long


def _builders(root: Path) -> list[str]:
    """Versions of what is installed: a pin alone says what should be."""
    pins = _PIN.findall((root / "requirements" / "app.txt").read_text(encoding="utf-8"))
    return [
        *(sys.version, platform.system(), platform.machine(), " ".join(platform.libc_ver())),
        *(f"{name} {version}" for name in pins if (version := _installed(name))),
        str(json.loads((root / _CLI).read_bytes())["version"]),
    ]


def _installed(name: str) -> str:
    """Empty if a pin is for other machines than this."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _files(root: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """Without what tools leave beside them: bytecode, and caches in hidden folders."""
    for name in names:
        path = root / name
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            parts = file.relative_to(path).parts
            if file.is_file() and not any(p == "__pycache__" or p.startswith(".") for p in parts):
                yield file
