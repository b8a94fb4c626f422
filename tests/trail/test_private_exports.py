"""An export is written for its owner alone, and over nothing."""

import os
import stat
from pathlib import Path

import pytest

from cli.trail import files
from cli.trail.check import Trusted, check_trail
from cli.trail.export import Wanted, export_trail
from tests.fakes.log import Log, a_log
from tests.fakes.story import NOON
from tests.trail.conftest import exported

pytestmark = pytest.mark.guarantee("G13")


@pytest.fixture(scope="module")
def log() -> Log:
    return a_log(3, 2)


def modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in [folder, *folder.rglob("*")]
    }


@pytest.mark.parametrize("there", [False, True], ids=["new", "there before, open to all"])
def test_an_export_is_for_its_owner_alone(there: bool, log: Log, tmp_path: Path) -> None:
    folder = tmp_path / "trail"
    if there:
        folder.mkdir()
        folder.chmod(0o777)
    before = os.umask(0)
    try:
        exported(log, folder, session_id=min(log.story.store.sessions))
    finally:
        os.umask(before)
    found = modes(folder)
    assert len(found) > 9
    for name, mode in found.items():
        assert mode == (0o700 if (folder / name).is_dir() else 0o600), name


def test_a_file_is_never_open_to_others_not_even_before_it_is_written(
    tmp_path: Path,
) -> None:
    before = os.umask(0)
    try:
        with files.create_private(tmp_path / "x") as opened:
            assert stat.S_IMODE(os.fstat(opened.fileno()).st_mode) == 0o600
    finally:
        os.umask(before)


def test_an_export_writes_over_nothing_and_through_no_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(FileExistsError):
        files.create_private(tmp_path / "link")
    assert not target.exists()
    target.write_text("mine")
    with pytest.raises(FileExistsError):
        files.create_private(target)


def test_what_the_archive_has_of_others_making_does_not_stop_an_export(tmp_path: Path) -> None:
    log = a_log(2, 2)
    for lines in log.archive.objects.values():
        lines += ["", "[", "[" * 10_000, "null", '{"hash": 1}']
    folder = tmp_path / "trail"
    export_trail(log, Wanted(since=NOON, until=log.story.now), folder, now=log.story.now)
    assert check_trail(folder, Trusted()).records
