"""The file by which a database is known: exactly what the lease said, and nobody else's doing."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cli import root_certificates
from cli.problems import Failure
from cli.root_certificates import stored

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
EVIL = PEM.replace("AAAA", "EVIL")


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.mark.parametrize("mask", [0o022, 0o000, 0o077])
def test_file_and_folder_are_the_users_alone_whatever_the_umask(cache: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        file = stored(PEM)
    finally:
        os.umask(before)
    assert (_mode(file), _mode(file.parent), file.read_text()) == (0o600, 0o700, PEM)
    assert file.is_relative_to(cache)


def test_the_same_certificates_are_the_same_file_and_others_are_another() -> None:
    first = stored(PEM)
    written = first.stat()
    assert stored(PEM) == first
    assert first.stat().st_ino == written.st_ino
    assert stored(EVIL) != first
    assert first.read_text() == PEM


def _overwritten(file: Path) -> None:
    file.write_text(EVIL)


def _with_more_at_the_end(file: Path) -> None:
    file.write_text(PEM + EVIL)


def _cut(file: Path) -> None:
    file.write_text(PEM[:10])


def _writable_for_all(file: Path) -> None:
    file.chmod(0o666)


@pytest.mark.parametrize(
    "harm", [_overwritten, _with_more_at_the_end, _cut, _writable_for_all], ids=lambda harm: harm
)
def test_a_file_that_is_not_as_it_was_written_is_written_anew(
    harm: Callable[[Path], None],
) -> None:
    file = stored(PEM)
    open_before = file.open("r+")
    harm(file)
    assert stored(PEM) == file
    assert (file.read_text(), _mode(file)) == (PEM, 0o600)
    # Whoever had the old file open has no hold of the new one.
    with open_before:
        open_before.write(EVIL)
    assert file.read_text() == PEM


def _link(file: Path) -> None:
    elsewhere = file.parent / "elsewhere.pem"
    elsewhere.write_text(PEM)
    elsewhere.chmod(0o600)
    file.symlink_to(elsewhere)


def _link_to_nothing(file: Path) -> None:
    file.symlink_to(file.parent / "nothing")


def _pipe(file: Path) -> None:
    os.mkfifo(file, 0o600)


def _folder(file: Path) -> None:
    file.mkdir()


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (_link, "is a link to another file"),
        (_link_to_nothing, "is a link to another file"),
        (_pipe, "is not a regular file"),
        (_folder, "is not a regular file"),
    ],
)
def test_what_is_no_file_is_neither_read_nor_replaced(
    harm: Callable[[Path], None], what: str
) -> None:
    file = stored(PEM)
    file.unlink()
    harm(file)
    there = file.lstat()
    with pytest.raises(Failure, match=f"{file.name} {what}; remove it"):
        stored(PEM)
    assert file.lstat() == there


def test_a_folder_that_others_may_enter_is_closed() -> None:
    file = stored(PEM)
    file.parent.chmod(0o777)
    stored(PEM)
    assert _mode(file.parent) == 0o700


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    folder = stored(PEM).parent
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    with pytest.raises(Failure, match="is not a folder of your own"):
        stored(PEM)


def test_a_folder_of_somebody_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stored(PEM)
    somebody_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
    with pytest.raises(Failure, match="is not a folder of your own"):
        stored(PEM)


def test_a_cache_that_cannot_be_written_is_a_failure_that_says_so(cache: Path) -> None:
    cache.write_text("a file")
    with pytest.raises(Failure, match="certificate authority cannot be kept"):
        stored(PEM)


def test_a_write_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    folder = stored(PEM).parent
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Failure, match="No space left"):
        stored(EVIL)
    assert [path.read_text() for path in folder.iterdir()] == [PEM]


def test_many_at_once_all_get_the_whole_file() -> None:
    with ThreadPoolExecutor(16) as pool:
        read = list(pool.map(lambda _: stored(PEM).read_text(), range(200)))
    assert set(read) == {PEM}
    assert len(list(stored(PEM).parent.iterdir())) == 1


@pytest.mark.parametrize("named", ["", "relative/folder"])
def test_a_cache_that_is_no_absolute_path_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert stored(PEM).is_relative_to(tmp_path / "home")


def test_on_windows_it_lies_in_the_users_own_profile_and_is_compared_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(root_certificates, "_WINDOWS", True)
    monkeypatch.delattr(os, "geteuid")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    file = stored(PEM)
    assert file.is_relative_to(tmp_path / "local")
    # As Windows has it: no modes but read-only.
    file.chmod(0o666)
    written = file.stat()
    assert stored(PEM).stat().st_ino == written.st_ino
    file.write_text(EVIL)
    assert stored(PEM).read_text() == PEM
