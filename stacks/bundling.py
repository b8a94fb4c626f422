"""The functions' deployment package: `lambdas/`, its locked dependencies and the compiled policy.

Built with `uv` alone, for any platform from any other, so that synth needs no Docker. The slow part
(dependencies) depends only on the lock file and the target and is kept in `.pam/cache`; archives
are written so that equal content is equal bytes on every machine.
"""

import gzip
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pam.names import DATABASE_CA
from stacks.config import BundleMode, BundlePlatform

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "lambdas"
LOCK_FILE = ROOT / "requirements" / "lambda.txt"
CACHE = ROOT / ".pam" / "cache"

BOTO_SERVICES = (
    "dynamodb",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "secretsmanager",
    "sns",
    "stepfunctions",
    "sts",
)
"""The AWS services that functions call; the other 400 service models stay out of the package."""

_PROSE_IN = frozenset({"operations", "shapes"})
"""The parts of a model whose prose nothing reads; of others botocore reads some."""
_ENDPOINTS_OF = tuple({"stepfunctions": "states"}.get(name, name) for name in BOTO_SERVICES)
"""The same, as the table of endpoints names them."""

_RECIPE = 2
"""Part of every cache key: raise it when this file packs the same input differently."""

_STALE_AFTER_SECONDS = 24 * 3600


class BundleError(Exception):
    """The package cannot be built; the message is one line for the person who ran synth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleTarget:
    """The interpreter and machine that will run the functions.

    `wheels` is uv's name for the platform; empty means the machine and interpreter of this process.
    """

    python: str
    machine: str
    wheels: str = ""

    @classmethod
    def of(cls, bundle_platform: BundlePlatform) -> "BundleTarget":
        if bundle_platform is BundlePlatform.AWS_ARM64:
            # The Python 3.14 runtime is Amazon Linux 2023, glibc 2.34.
            return cls(python="3.14", machine="arm64", wheels="aarch64-manylinux_2_28")
        machine = platform.machine().lower()
        return cls(
            python=f"{sys.version_info.major}.{sys.version_info.minor}",
            machine="arm64" if machine in {"aarch64", "arm64"} else "x86_64",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A finished archive, the digest of what is in it, and what it was built for."""

    path: Path
    digest: str
    target: BundleTarget


def build_bundle(
    target: BundleTarget, *, policy_json: str, mode: BundleMode, certificates: bytes = b""
) -> Bundle:
    """Raises BundleError."""
    dependencies = _dependencies(target) if mode is BundleMode.BUILD else None
    files = {path.relative_to(SOURCES).as_posix(): path.read_bytes() for path in _sources()}
    files["policy.json"] = policy_json.encode()
    if certificates:
        files[DATABASE_CA] = certificates
    parts = [dependencies.name if dependencies else "none", *sorted(files)]
    parts += [hashlib.sha256(files[name]).hexdigest() for name in sorted(files)]
    digest = _digest(parts)
    archive = CACHE / f"bundle-{digest[:32]}.zip"
    if not archive.exists():
        _forget_stale("bundle-*.zip")
        with _written_whole(archive) as unfinished:
            if dependencies:
                shutil.copyfile(dependencies, unfinished)
            _append(unfinished, sorted(files.items()))
    return Bundle(path=archive, digest=digest, target=target)


def _sources() -> list[Path]:
    """Without what tools leave beside the code: bytecode, and caches in hidden folders."""
    return [
        path
        for path in sorted(SOURCES.rglob("*"))
        if path.is_file()
        and not any(
            part == "__pycache__" or part.startswith(".")
            for part in path.relative_to(SOURCES).parts
        )
    ]


def _dependencies(target: BundleTarget) -> Path:
    """The archive of the installed, pruned lock file for `target`."""
    try:
        lock = LOCK_FILE.read_bytes()
    except FileNotFoundError:
        message = f"{LOCK_FILE.relative_to(ROOT)} is missing: the functions' locked dependencies"
        raise BundleError(message) from None
    key = _digest([str(_RECIPE), json.dumps(asdict(target)), *BOTO_SERVICES, lock.decode()])
    archive = CACHE / f"dependencies-{key[:32]}.zip"
    if archive.exists():
        return archive
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="install-") as folder:
        installed = Path(folder)
        _install(target, installed)
        _prune(installed)
        with _written_whole(archive) as unfinished:
            _append(
                unfinished,
                (
                    (path.relative_to(installed).as_posix(), path.read_bytes())
                    for path in sorted(installed.rglob("*"))
                    if path.is_file()
                ),
            )
    return archive


def _install(target: BundleTarget, folder: Path) -> None:
    platform_options = (
        ["--python-version", target.python, "--python-platform", target.wheels]
        if target.wheels
        else ["--python", sys.executable]
    )
    command = [_uv(), "pip", "install", "--quiet", "--system-certs", "--require-hashes"]
    command += ["--no-deps", "--only-binary", ":all:", "--target", str(folder), *platform_options]
    command += ["--requirement", str(LOCK_FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        message = f"cannot install {LOCK_FILE.relative_to(ROOT)} for {target}: {reason}"
        raise BundleError(message)


def _uv() -> str:
    """The uv of this environment before any other."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        message = "uv is not installed: pip install uv"
        raise BundleError(message)
    return found


def _prune(folder: Path) -> None:
    """What no function loads: most service models, installers' notes, scripts, tests.

    Of a distribution's notes METADATA stays: some packages ask it for their own version.
    """
    for models in (folder / "botocore" / "data", folder / "boto3" / "data"):
        for entry in models.iterdir() if models.is_dir() else ():
            if entry.is_dir() and entry.name not in BOTO_SERVICES:
                shutil.rmtree(entry)
    _thin_out(folder / "botocore" / "data")
    for pattern in ("**/__pycache__", "**/tests", "bin"):
        for entry in sorted(folder.glob(pattern)):
            shutil.rmtree(entry, ignore_errors=True)
    for note in sorted(folder.glob("*.dist-info/**/*")):
        if note.is_file() and note.name != "METADATA":
            note.unlink()
    (folder / ".lock").unlink(missing_ok=True)


def _thin_out(data: Path) -> None:
    """Of botocore's data, what a first call waits for: it is read at each cold start. Models lose
    the prose (half of them) and the inner compression; the table of endpoints, a megabyte, keeps
    the services that are called. A service that it does not have is found by the rules beside it.
    """
    for packed in sorted(data.rglob("*.json.gz")):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    for name in ("examples-1.json", "waiters-2.json"):
        for unused in sorted(data.rglob(name)):
            unused.unlink()
    for model in sorted(data.rglob("*.json")):
        content = json.loads(model.read_bytes())
        content |= {part: _without_prose(content[part]) for part in _PROSE_IN & set(content)}
        if model == data / "endpoints.json":
            for partition in content["partitions"]:
                named = partition["services"]
                partition["services"] = {
                    name: named[name] for name in _ENDPOINTS_OF if name in named
                }
        # Never into the file itself: it may be linked to the installer's cache, and to each
        # environment that was made from it.
        model.unlink()
        model.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def _without_prose(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_prose(inner)
            for name, inner in value.items()
            if not (name == "documentation" and isinstance(inner, str))
        }
    return [_without_prose(each) for each in value] if isinstance(value, list) else value


def _append(archive: Path, files: Iterable[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files:
            # Without a date or an owner: equal content must be equal bytes.
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            bundle.writestr(entry, content)


class _written_whole:  # noqa: N801 - used as a verb
    """A file that appears under its name when it is complete: two synths may run side by side."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._unfinished = self._path.with_suffix(f".{os.getpid()}.tmp")
        self._unfinished.unlink(missing_ok=True)
        return self._unfinished

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None:
            self._unfinished.replace(self._path)
        else:
            self._unfinished.unlink(missing_ok=True)


def _forget_stale(pattern: str) -> None:
    for path in CACHE.glob(pattern):
        if time.time() - path.stat().st_mtime > _STALE_AFTER_SECONDS:
            path.unlink(missing_ok=True)


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def fetch_dependencies(platforms: Iterable[BundlePlatform]) -> None:
    """Puts the dependencies for these platforms into the cache, so that synth needs no network."""
    for each in platforms:
        _dependencies(BundleTarget.of(each))


if __name__ == "__main__":
    fetch_dependencies(map(BundlePlatform, sys.argv[1:] or BundlePlatform))
