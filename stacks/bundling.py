"""The functions' deployment packages: `lambdas/`, the locked dependencies that each needs, and the
compiled policy.

Built with `uv` alone, for any platform from any other, so that synth needs no Docker. The slow part
(dependencies, bytecode) depends only on the lock file, the sources and the target, and is kept in
`.pam/cache`; archives are written so that equal content is equal bytes on every machine that has
the same interpreter to compile it with.
"""

import csv
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pam.names import DATABASE_CA
from stacks import bytecode, thinning
from stacks.bundle_contents import (
    BOTO_ASKS,
    BOTO_CALLS,
    DISTRIBUTIONS,
    NEEDS,
    distributions,
    name_of,
)
from stacks.bytecode import Compiler, CompilerError, Pyodide, ThisInterpreter
from stacks.config import BundleMode, BundlePlatform

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "lambdas"
LOCK_FILE = ROOT / "requirements" / "lambda.txt"
CACHE = ROOT / ".pam" / "cache"

PACKERS = tuple(
    str(part) for part in (__file__, bytecode.__file__, bytecode.SCRIPT, thinning.__file__)
)
_RECIPE = hashlib.sha256(b"".join(Path(part).read_bytes() for part in PACKERS)).hexdigest()
"""Part of every cache key: these files may pack the same input differently."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundles:
    """Of one deployment: one for each set of needs. `compiled`: whether bytecode is in them."""

    by_needs: Mapping[frozenset[str], Bundle]
    target: BundleTarget

    def of(self, handler: str) -> Bundle:
        """Raises KeyError for a handler that nobody has said the needs of."""
        return self.by_needs[NEEDS[handler]]


def build_bundles(
    target: BundleTarget, *, policy_json: str, mode: BundleMode, certificates: bytes = b""
) -> Bundles:
    """Raises BundleError."""
    compiler = _compiler(target) if mode is BundleMode.BUILD else None
    dependencies = _dependencies(target, compiler) if compiler else {}
    files = {"policy.json": policy_json.encode(), **_sources(compiler)}
    if certificates:
        files[DATABASE_CA] = certificates
    bundles = {
        needs: _bundle(target, dependencies.get(needs), files) for needs in set(NEEDS.values())
    }
    return Bundles(by_needs=bundles, target=target)


def _bundle(target: BundleTarget, dependencies: Path | None, files: Mapping[str, bytes]) -> Bundle:
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


def _compiler(target: BundleTarget) -> Compiler:
    try:
        return Pyodide(target.python) if target.wheels else ThisInterpreter()
    except CompilerError as error:
        raise BundleError(str(error)) from None


def _sources(compiler: Compiler | None) -> dict[str, bytes]:
    """By name, with their bytecode. Without what tools leave beside the code: other bytecode, and
    caches in hidden folders.
    """
    files = {
        path.relative_to(SOURCES).as_posix(): path.read_bytes()
        for path in sorted(SOURCES.rglob("*"))
        if path.is_file()
        and not any(
            part == "__pycache__" or part.startswith(".")
            for part in path.relative_to(SOURCES).parts
        )
    }
    if compiler is None:
        return files
    contents = [part for name in files for part in (name, hashlib.sha256(files[name]).hexdigest())]
    key = _digest([_RECIPE, compiler.version, *contents])
    archive = CACHE / f"sources-{key[:32]}.zip"
    if not archive.exists():
        _forget_stale("sources-*.zip")
        with _scratch() as folder:
            for name, content in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
            _compile(compiler, folder)
            with _written_whole(archive) as unfinished:
                _append(unfinished, _contents(folder, _files(folder)))
    os.utime(archive)
    with zipfile.ZipFile(archive) as compiled:
        return {name: compiled.read(name) for name in compiled.namelist()}


def _dependencies(target: BundleTarget, compiler: Compiler) -> dict[frozenset[str], Path]:
    """An archive for each set of needs, of the installed and thinned lock file for `target`."""
    try:
        lock = LOCK_FILE.read_bytes()
    except FileNotFoundError:
        message = f"{LOCK_FILE.relative_to(ROOT)} is missing: the functions' locked dependencies"
        raise BundleError(message) from None
    said = {name: sorted(each) for name, each in (DISTRIBUTIONS | NEEDS).items()}
    key = _digest(
        [
            *(_RECIPE, json.dumps([asdict(target), BOTO_CALLS, BOTO_ASKS]), lock.decode()),
            *(compiler.version, json.dumps(said, sort_keys=True)),
        ]
    )
    archives = {
        needs: CACHE / f"dependencies-{key[:32]}-{name_of(needs)}.zip"
        for needs in set(NEEDS.values())
    }
    if all(archive.exists() for archive in archives.values()):
        return archives
    with _scratch() as folder:
        _install(target, folder)
        thinning.thin_out(folder)
        _compile(compiler, folder)
        owned = dict(_owned(folder))
        for needs, archive in archives.items():
            packed = [path for name in distributions(needs) for path in owned.get(name, ())]
            with _written_whole(archive) as unfinished:
                _append(unfinished, _contents(folder, sorted(packed)))
    return archives


def _owned(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """Each distribution with its files that are there. Raises BundleError for one that no function
    is said to need: it would be missing where it is.
    """
    known = frozenset().union(*DISTRIBUTIONS.values())
    for record in sorted(folder.glob("*.dist-info/RECORD")):
        title = record.parent.name.split("-")[0]
        name = re.sub(r"[-_.]+", "-", title).lower()
        if name not in known:
            message = f"{name} is locked, and stacks/bundle_contents.py has no place for it"
            raise BundleError(message)
        with record.open(encoding="utf-8", newline="") as rows:
            tops = {row[0].split("/")[0] for row in csv.reader(rows) if row}
        yield name, [path for top in sorted(tops) for path in _under(folder, top) if path != record]


def _under(folder: Path, top: str) -> list[Path]:
    """What a package has become: files may have gone, and come. A module's bytecode lies apart."""
    if (folder / top).is_dir():
        return _files(folder / top)
    bytecode = (folder / "__pycache__").glob(f"{Path(top).stem}.cpython-*.pyc")
    return [path for path in (folder / top, *bytecode) if path.is_file()]


def _compile(compiler: Compiler, folder: Path) -> None:
    try:
        compiler.compile(folder)
    except CompilerError as error:
        raise BundleError(str(error)) from None


@contextmanager
def _scratch() -> Iterator[Path]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="install-") as folder:
        yield Path(folder)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _contents(folder: Path, paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    return ((path.relative_to(folder).as_posix(), path.read_bytes()) for path in paths)


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
        target = BundleTarget.of(each)
        _dependencies(target, _compiler(target))


if __name__ == "__main__":
    fetch_dependencies(map(BundlePlatform, sys.argv[1:] or BundlePlatform))
