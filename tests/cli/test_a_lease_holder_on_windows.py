"""The named pipe of a lease holder: for its owner alone, and nothing is said to anybody else.

Windows is a fake here: the test is of what `cli/holder` makes of it. What it is asked in the end is
in `test_calls_to_windows.py`.
"""

import json
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from cli.holder import asking, memory, pipes, serving, transport
from cli.holder.memory import Memory
from tests.cli.fake_windows import MEDIUM, FakeWindows, Machine

ALICE, MALLORY = "S-1-5-21-7-1001", "S-1-5-21-7-1002"
NAME = pipes.pipe_name(ALICE, MEDIUM)
TO_ALL = "D:P(A;;FA;;;WD)"
ENTRY = {"ends": time.time() + 86400}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine on which `pam` runs as Alice, and holders as threads, with patience."""
    machine, threads = Machine(), []

    def started(*_: object, **__: object) -> None:
        threads.append(threading.Thread(target=_until_told, args=(machine,)))
        threads[-1].start()

    for name in ("ASKING_PATIENCE", "SERVING_PATIENCE"):
        monkeypatch.setattr(transport, name, 30.0)
    monkeypatch.setattr(memory, "FIRST_WORD", 5.0)
    monkeypatch.delenv(asking.SWITCH, raising=False)
    monkeypatch.setattr(transport, "of_this_system", lambda: pipes)
    monkeypatch.setattr(pipes, "can_be", lambda: True)
    monkeypatch.setattr(pipes, "Windows", lambda: FakeWindows(machine, ALICE))
    monkeypatch.setattr(pipes, "subprocess", SimpleNamespace(Popen=started, DEVNULL=-3))
    yield machine
    for key in ("a", "b") if threads else ():
        asking.drop(key)
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def _until_told(machine: Machine) -> None:
    try:
        pipes.main()
    except PermissionError:
        # As a process that ends with a traceback that nobody reads.
        return


def test_its_pipe_is_named_after_its_user_who_alone_may_do_anything_with_it() -> None:
    assert NAME == r"\\.\pipe\pam-mod046-leases-1-S-1-5-21-7-1001-8192"
    assert pipes.descriptor_of(ALICE) == f"O:{ALICE}D:P(A;;FA;;;{ALICE})"


def test_a_lease_is_held_and_given_out_again_until_it_is_dropped(machine: Machine) -> None:
    assert asking.get("a") is None
    assert machine.ends == []
    asking.put("a", ENTRY)
    assert asking.get("a") == ENTRY
    assert asking.status()["held"] == 1
    asking.put("b", ENTRY)
    asking.drop("a")
    assert (asking.get("a"), asking.get("b")) == (None, ENTRY)


def test_of_several_that_start_at_once_one_holds_all(machine: Machine) -> None:
    keys = ["a", "b", "c", "d"]
    askers = [threading.Thread(target=asking.put, args=(key, ENTRY)) for key in keys]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert [asking.get(key) for key in keys] == [ENTRY] * 4
    assert len(machine.named(NAME)) == 1
    for key in keys:
        asking.drop(key)


def test_another_user_cannot_open_it(machine: Machine) -> None:
    asking.put("a", ENTRY)
    with pytest.raises(PermissionError):
        FakeWindows(machine, MALLORY).open_pipe(NAME, seconds=1)
    with pytest.raises(PermissionError):
        FakeWindows(machine, MALLORY).create_pipe(
            NAME, descriptor=f"O:{MALLORY}{TO_ALL}", first=False
        )


@pytest.mark.parametrize("descriptor", [f"O:{MALLORY}{TO_ALL}", f"O:{ALICE}{TO_ALL}"])
def test_nothing_is_said_to_a_pipe_of_somebody_else(machine: Machine, descriptor: str) -> None:
    """Neither by its owner nor by its process may it be another's."""
    mallory = FakeWindows(machine, MALLORY)
    squatting = mallory.create_pipe(NAME, descriptor=descriptor, first=True)
    asking.put("a", ENTRY)
    with pytest.raises(BrokenPipeError):
        mallory.read(squatting, seconds=5)
    mallory.create_pipe(NAME, descriptor=descriptor, first=False)
    with pytest.raises(transport.NoPlaceError, match="pipe of somebody else"):
        asking.status()
    assert {end.server for end in machine.named(NAME)} == {MALLORY}


def test_a_pipe_whose_server_is_no_process_of_ones_own_is_not_believed(machine: Machine) -> None:
    windows = FakeWindows(machine, ALICE)
    windows.create_pipe(NAME, descriptor=f"O:{MALLORY}{TO_ALL}", first=True)
    with pytest.raises(transport.NoPlaceError):
        pipes.reached(windows)
    assert len(windows.open) == 1


def test_where_the_name_is_taken_there_is_no_holder(machine: Machine) -> None:
    FakeWindows(machine, MALLORY).create_pipe(NAME, descriptor=f"O:{MALLORY}{TO_ALL}", first=True)
    with pytest.raises(PermissionError):
        pipes.Listener(FakeWindows(machine, ALICE))


@pytest.mark.parametrize("known", [True, False])
def test_a_client_of_somebody_else_or_of_nobody_knows_whom_hears_no_word(
    machine: Machine, known: bool
) -> None:
    windows = FakeWindows(machine, ALICE)
    listener = pipes.Listener(windows)
    (end,) = machine.ends
    # Though its rights should have kept them out.
    end.allowed = frozenset({"WD"})
    windows.knows_clients = known
    client = FakeWindows(machine, MALLORY if known else ALICE)
    handle = client.open_pipe(NAME, seconds=1)
    assert handle is not None
    client.write(handle, json.dumps({"act": "get", "key": "a"}).encode(), seconds=1)
    assert listener.accept(5) is None
    with pytest.raises(BrokenPipeError):
        client.read(handle, seconds=5)
    listener.close()
    assert windows.open == []


def test_the_name_is_never_free_between_two_clients(machine: Machine) -> None:
    windows, client = FakeWindows(machine, ALICE), FakeWindows(machine, ALICE)
    listener = pipes.Listener(windows)
    for _ in range(2):
        client.open_pipe(NAME, seconds=1)
        connection = listener.accept(5)
        assert connection is not None
        assert [end.taken.is_set() for end in machine.named(NAME)] == [True, False]
        with connection:
            pass
    listener.close()
    assert machine.ends == []


def test_noise_stops_nothing(machine: Machine) -> None:
    windows, client = FakeWindows(machine, ALICE), FakeWindows(machine, ALICE)
    held = Memory(began=time.time(), entries={"a": ENTRY}, had_one=True)
    thread = threading.Thread(target=serving.serve, args=(pipes.Listener(windows), held))
    thread.start()
    for noise in (b"", b"[1]", b"{", b"\xff"):
        handle = client.open_pipe(NAME, seconds=5)
        assert handle is not None
        client.write(handle, noise, seconds=1)
        client.close(handle)
    assert asking.get("a") == ENTRY
    asking.drop("a")
    thread.join(30)
    assert machine.ends == []


def test_a_holder_that_does_not_come_up_is_waited_for_no_longer_than_patience_has_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "ASKING_PATIENCE", 0.05)
    monkeypatch.setattr(
        pipes, "subprocess", SimpleNamespace(Popen=lambda *_, **__: None, DEVNULL=-3)
    )
    assert pipes.start() is None
    asking.put("a", ENTRY)
    assert asking.get("a") is None


def test_a_holder_gets_neither_console_nor_streams_and_no_secret_in_words_or_environment(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, object] = {}

    def started(words: list[str], **settings: object) -> None:
        given.update(settings, words=words)

    monkeypatch.setattr(transport, "ASKING_PATIENCE", 0.05)
    monkeypatch.setattr(pipes, "subprocess", SimpleNamespace(Popen=started, DEVNULL=-3))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "se'cret")
    monkeypatch.setenv("SYSTEMROOT", r"C:\Windows")
    asking.put("a", ENTRY | {"lease": {"secret_access_key": "leased"}})
    assert [given[name] for name in ("stdin", "stdout", "stderr")] == [-3, -3, -3]
    assert given["creationflags"] == 0x208
    assert given["cwd"] == r"C:\Windows"
    assert "close_fds" not in given
    shown = json.dumps([given["words"], given["env"]])
    assert "leased" not in shown
    assert "se'cret" not in shown
