"""Both apps' cloud assemblies, kept by the content of all that they are made of.

The name of a kept assembly is a digest of every file that the apps read, of the versions of what
builds from them (`sources.py`), and of the day, since certificates end. The environment is no part
of it: the apps see nothing there that they could use (`deploy.py`). `make deploy` never comes here:
what goes to an account is synthesised for it.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local.deploy import DeployError, synthesise
from local.sources import digest_of_sources
from local.state import CACHE

KEPT_IN = CACHE / "assemblies"
_CONTENTS = "contents.json"
_LOCK = re.compile(r"read\.\d+\.\d+\.lock(\.\d+_\d+)?")
"""The CDK CLI's, beside a manifest, while it deploys from it; it stays if the CLI is killed."""
_KEPT = 3
_UNUSED_AFTER = 600.0
"""Seconds; by then nobody deploys from it any more, and a synthesis has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How assemblies come about: into a folder; and the digest of the sources, as they are now."""

    synthesise: Callable[[Path], None]
    digest: Callable[[], str]


def assembly_of(digest: str, kept_in: Path = KEPT_IN, made: Made | None = None) -> Path:
    """The folder with the assemblies (PAM's two, if `made` says no other), for sources of this
    digest; made if it is not there whole. Of two who ask at once the second waits for the first.
    Raises DeployError.
    """
    kept_in.mkdir(parents=True, exist_ok=True)
    assembly = kept_in / f"{digest}-{datetime.now(UTC):%Y-%m-%d}"
    with _locked(kept_in):
        if not _is_whole(assembly):
            _remove(assembly)
            _make(assembly, digest, made or Made(synthesise=synthesise, digest=digest_of_sources))
        os.utime(assembly)
        _forget_old(kept_in)
    return assembly


def placed(assembly: Path, into: Path, values: Mapping[str, str]) -> Path:
    """The same assemblies for one stack: wherever a text of `values` stands, what it stands for,
    which is known only when the stack starts. What was built is linked, and not touched.
    """
    for path in sorted(assembly.rglob("*")):
        target = into / path.relative_to(assembly)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif path.suffix == ".json":
            text = path.read_text(encoding="utf-8")
            for text_of, value in values.items():
                text = text.replace(text_of, value)
            target.write_text(text, encoding="utf-8")
        else:
            target.symlink_to(path)
    return into


def _make(assembly: Path, digest: str, made: Made) -> None:
    with tempfile.TemporaryDirectory(dir=assembly.parent, prefix=".synth-") as folder:
        unfinished = Path(folder) / "assembly"
        unfinished.mkdir()
        made.synthesise(unfinished)
        if made.digest() != digest:
            message = "the sources changed while they were synthesised; run it again"
            raise DeployError(message)
        contents = json.dumps(_digests(unfinished))
        (unfinished / _CONTENTS).write_text(contents, encoding="utf-8")
        unfinished.rename(assembly)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_whole(assembly: Path) -> bool:
    try:
        contents = json.loads((assembly / _CONTENTS).read_bytes())
        return bool(contents == _digests(assembly))
    except (OSError, ValueError):
        return False


def _digests(assembly: Path) -> dict[str, str]:
    return {
        path.relative_to(assembly).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(assembly.rglob("*"))
        if not _LOCK.fullmatch(path.name) and path.is_file() and path != assembly / _CONTENTS
    }


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """A process that dies lets go of it."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forget_old(folder: Path) -> None:
    """All but the newest, and what a synthesis that was killed left."""
    dated = [(path.stat().st_mtime, path) for path in folder.iterdir() if path.is_dir()]
    finished = sorted((it for it in dated if not it[1].name.startswith(".")), reverse=True)
    left_over = [it for it in dated if it[1].name.startswith(".")]
    for used, path in [*finished[_KEPT:], *left_over]:
        if time.time() - used > _UNUSED_AFTER:
            shutil.rmtree(path, ignore_errors=True)
