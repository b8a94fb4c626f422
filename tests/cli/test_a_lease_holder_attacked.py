"""What stands where the lease holder should be is neither believed nor told anything."""

import json
import os
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cli.holder import asking, peers, place, serving, sockets, transport
from cli.holder.memory import Memory

ENTRY = {"ends": time.time() + 86400}
"""Ends after the whole of the tests: this file may be read long before its tests run."""


@pytest.fixture
def runtime(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pam-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", f"{folder}/none")
        monkeypatch.delenv(asking.SWITCH, raising=False)
        yield Path(folder)


def _other_owner(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pam-mod046").mkdir(mode=0o700)
    uid = os.geteuid()
    lstat = Path.lstat

    def of_another(path: Path) -> os.stat_result:
        about = lstat(path)
        if path.name != "pam-mod046":
            return about
        return os.stat_result([*about[:4], uid + 1, *about[5:]])

    monkeypatch.setattr(Path, "lstat", of_another)


def _linked(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "elsewhere").mkdir(mode=0o700)
    (folder / "pam-mod046").symlink_to(folder / "elsewhere")


def _open_to_others(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "pam-mod046").mkdir()
    (folder / "pam-mod046").chmod(0o750)


def _runtime_open(folder: Path, _: pytest.MonkeyPatch) -> None:
    folder.chmod(0o755)


def _runtime_linked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "real").mkdir(mode=0o700)
    (folder / "link").symlink_to(folder / "real")
    monkeypatch.setenv("XDG_RUNTIME_DIR", f"{folder}/link")


def _a_file(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "pam-mod046").write_text("")


@pytest.mark.parametrize(
    "spoilt", [_other_owner, _linked, _open_to_others, _runtime_open, _runtime_linked, _a_file]
)
def test_in_a_folder_that_others_could_get_at_nothing_is_held(
    runtime: Path, monkeypatch: pytest.MonkeyPatch, spoilt: Callable[..., None]
) -> None:
    spoilt(runtime, monkeypatch)
    asking.put("a", ENTRY)
    assert asking.get("a") is None
    assert not [path for path in runtime.rglob("*") if stat.S_ISSOCK(path.stat().st_mode)]
    with pytest.raises(transport.NoPlaceError):
        asking.status()


@pytest.mark.parametrize(("mode", "good"), [(0o1777, True), (0o755, True), (0o777, False)])
def test_the_temporary_folder_will_do_where_nobody_can_move_things_in_it(
    runtime: Path, monkeypatch: pytest.MonkeyPatch, mode: int, good: bool
) -> None:
    temporary = runtime / "tmp"
    temporary.mkdir()
    temporary.chmod(mode)
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(temporary))
    if good:
        assert stat.S_IMODE(place.folder().stat().st_mode) == 0o700
    else:
        with pytest.raises(transport.NoPlaceError, match="others may move"):
            place.folder()


def test_what_squats_at_the_sockets_name_is_left_alone(runtime: Path) -> None:
    path = place.socket_path(place.folder())
    path.symlink_to(runtime / "trap")
    with socket.socket(socket.AF_UNIX) as trap:
        trap.bind(os.fspath(runtime / "trap"))
        trap.listen()
        trap.settimeout(0.2)
        asking.put("a", ENTRY)
        assert asking.get("a") is None
        with pytest.raises(TimeoutError):
            trap.accept()
    assert path.is_symlink()
    path.unlink()
    path.write_text("a file")
    asking.put("a", ENTRY)
    assert path.read_text() == "a file"


@contextmanager
def _served(path: Path) -> Iterator[Memory]:
    """A holder in a thread of this process, and patience on both sides, however busy it is."""
    memory = Memory(began=time.time())
    with pytest.MonkeyPatch.context() as patient, socket.socket(socket.AF_UNIX) as listener:
        for side in ("ASKING_PATIENCE", "SERVING_PATIENCE"):
            patient.setattr(transport, side, 30.0)
        listener.bind(os.fspath(path))
        listener.listen()
        thread = threading.Thread(
            target=serving.serve,
            args=(sockets.Listener(listener, path), memory),
            kwargs={"look": 0.02},
        )
        thread.start()
        try:
            yield memory
        finally:
            path.unlink(missing_ok=True)
            thread.join()


def test_a_peer_of_another_user_is_told_nothing(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.socket_path(place.folder())
    with _served(path) as memory:
        asking.put("a", ENTRY)
        assert asking.get("a") == ENTRY
        monkeypatch.setattr(peers, "uid_of", lambda _: os.geteuid() + 1)
        with socket.socket(socket.AF_UNIX) as theirs:
            theirs.connect(os.fspath(path))
            theirs.settimeout(5)
            with suppress(ConnectionError):
                theirs.sendall(json.dumps({"act": "get", "key": "a"}).encode() + b"\n")
            with suppress(ConnectionError):
                assert theirs.recv(1) == b""
        assert memory.entries == {"a": ENTRY}


def test_nothing_is_said_to_a_holder_of_another_user(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.socket_path(place.folder())
    with socket.socket(socket.AF_UNIX) as squatter:
        squatter.bind(os.fspath(path))
        squatter.listen()
        monkeypatch.setattr(peers, "uid_of", lambda _: os.geteuid() + 1)
        asking.put("a", ENTRY)
        assert asking.get("a") is None
        squatter.settimeout(5)
        for _ in range(2):
            connection, _ = squatter.accept()
            with connection:
                connection.settimeout(5)
                assert connection.recv(1) == b""
        with pytest.raises(transport.NoPlaceError, match="somebody else listens"):
            asking.status()


def test_a_system_that_does_not_say_who_the_peer_is_has_no_holder(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(socket, "SO_PEERCRED", raising=False)
    monkeypatch.setattr("sys.platform", "sunos5")
    asking.put("a", ENTRY)
    assert asking.get("a") is None
    assert not list(runtime.iterdir())
    with socket.socket(socket.AF_UNIX) as unknown:
        assert not peers.is_oneself(unknown)


def test_the_peer_is_known_by_the_system() -> None:
    if not peers.can_be_known():
        pytest.skip("not on this system")
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right:
        assert peers.uid_of(left) == os.geteuid()
        assert peers.is_oneself(right)
