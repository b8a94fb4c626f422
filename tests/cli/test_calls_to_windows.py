"""What Windows is asked for the sake of a lease holder: each argument that keeps others out.

Its libraries are fakes that remember; the numbers are those of its own headers.
"""

import ctypes
from collections.abc import Callable
from ctypes import wintypes
from typing import Any

import pytest

from cli.holder import windows
from cli.holder.transport import LONGEST

NAME, SDDL, SID = r"\\.\pipe\x", "O:S-1-1D:P(A;;FA;;;S-1-1)", "S-1-5-21-7-1001"


class Calls:
    """A library: by name what each function does, and what it was given."""

    def __init__(self, **does: Callable[..., Any]) -> None:
        self.asked: dict[str, list[tuple[Any, ...]]] = {}
        for name, act in does.items():
            setattr(self, name, self._function(name, act))

    def _function(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **more: Any) -> Any:
            self.asked.setdefault(name, []).append(given)
            return act(*given, **more)

        return call


class Operation:
    """One under way, which ends with `outcome`, or when it is broken off."""

    def __init__(self, outcome: int = 0, *, late: bool = False, read: bytes = b"") -> None:
        self.event, self.late, self.outcome, self.read = self, late, outcome, read
        self.asked_for = False

    def cancel(self) -> None:
        self.outcome = 995

    def GetOverlappedResult(self, wait: bool) -> tuple[int, int]:  # noqa: N802
        self.asked_for = wait
        return len(self.read), self.outcome

    def getbuffer(self) -> bytes:
        return self.read


class Scene:
    """Libraries in which all goes well, unless a test says otherwise."""

    def __init__(self) -> None:
        self.failing: dict[str, list[int]] = {}
        self.operation = Operation()
        self.attributes: dict[str, Any] = {}
        self.levels = {16: 8192, -1: 8192}
        self.winapi = Calls(
            CreateNamedPipe=self._created,
            CreateFile=lambda *_: self._perhaps("CreateFile") or 8,
            WaitNamedPipe=lambda *_: None,
            SetNamedPipeHandleState=lambda *_: self._perhaps("SetNamedPipeHandleState"),
            ConnectNamedPipe=lambda *_, **__: self._perhaps("ConnectNamedPipe") or self.operation,
            ReadFile=lambda *_, **__: (self.operation, 997),
            WriteFile=lambda *_, **__: (self.operation, 997),
            WaitForMultipleObjects=lambda of, *_: 258 if of[0].late else 0,
            CloseHandle=lambda _: None,
            GetCurrentProcess=lambda: -1,
            OpenProcess=lambda *_: self._perhaps("OpenProcess") or 16,
        )
        self.kernel32 = Calls(
            LocalFree=lambda _: None,
            GetNamedPipeClientProcessId=lambda _, number: self._gives("client", number, 41),
            GetNamedPipeServerProcessId=lambda _, number: self._gives("server", number, 42),
        )
        self.advapi32 = Calls(
            OpenProcessToken=self._opened_token,
            GetTokenInformation=self._token_user,
            ConvertSidToStringSidW=self._text,
            ConvertStringSecurityDescriptorToSecurityDescriptorW=lambda _, __, made, ___: (
                self._gives("sddl", made, 77)
            ),
            GetSecurityInfo=self._owner,
        )
        self.windows = windows.Windows(self.winapi, self.kernel32, self.advapi32)

    def freed(self) -> list[Any]:
        return [given[0].value for given in self.kernel32.asked.get("LocalFree", [])]

    def closed(self) -> list[int]:
        return [given[0] for given in self.winapi.asked.get("CloseHandle", [])]

    def _perhaps(self, name: str) -> None:
        if waiting := self.failing.get(name):
            error = OSError(name)
            error.winerror = waiting.pop(0)  # type: ignore[attr-defined]
            raise error

    def _gives(self, name: str, into: Any, value: Any) -> int:
        if name in self.failing:
            return 0
        into._obj.value = value
        return 1

    def _created(self, *given: Any) -> int:
        assert given[-1]
        there = windows._SecurityAttributes.from_address(given[-1])
        self.attributes = {name: getattr(there, name) for name, _ in there._fields_}
        return 4

    def _opened_token(self, process: int, _: int, token: Any) -> int:
        self.process = process
        return self._gives("token", token, 24)

    def _token_user(self, _: Any, kind: int, into: Any, *__: Any) -> int:
        # TokenUser, and TokenIntegrityLevel
        there = {1: 99, 25: self.levels[self.process]}[kind]
        ctypes.cast(into, ctypes.POINTER(wintypes.LPVOID))[0] = there
        return 1

    def _text(self, sid: Any, text: Any) -> int:
        number = getattr(sid, "value", sid)
        return self._gives("sid", text, SID if number == 99 else f"S-1-16-{number}")

    def _owner(self, *given: Any) -> int:
        if "owner" in self.failing:
            return 5
        given[3]._obj.value, given[7]._obj.value = 99, 88
        return 0


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(ctypes, "get_last_error", lambda: 5, raising=False)
    monkeypatch.setattr(ctypes, "WinError", lambda number: OSError(number, "no"), raising=False)
    return Scene()


def test_a_pipe_has_the_owners_descriptor_is_the_first_of_its_name_and_not_for_other_machines(
    scene: Scene,
) -> None:
    assert scene.windows.create_pipe(NAME, descriptor=SDDL, first=True) == 4
    (given,) = scene.winapi.asked["CreateNamedPipe"]
    name, opening, mode, ends, out, into, *_ = given
    # PIPE_ACCESS_DUPLEX, FILE_FLAG_OVERLAPPED, FILE_FLAG_FIRST_PIPE_INSTANCE
    assert (name, opening) == (NAME, 0x3 | 0x40000000 | 0x00080000)
    # PIPE_TYPE_MESSAGE, PIPE_READMODE_MESSAGE, PIPE_REJECT_REMOTE_CLIENTS
    assert mode == 0x4 | 0x2 | 0x8
    assert (ends, out, into) == (255, LONGEST, LONGEST)
    size = ctypes.sizeof(windows._SecurityAttributes)
    assert scene.attributes == {"length": size, "descriptor": 77, "inherited": 0}
    ((sddl, revision, _, _),) = scene.advapi32.asked[
        "ConvertStringSecurityDescriptorToSecurityDescriptorW"
    ]
    assert (sddl, revision) == (SDDL, 1)
    assert scene.freed() == [77]


def test_only_the_first_end_asks_to_be_the_first(scene: Scene) -> None:
    scene.windows.create_pipe(NAME, descriptor=SDDL, first=False)
    assert scene.winapi.asked["CreateNamedPipe"][0][1] == 0x3 | 0x40000000


def test_without_a_descriptor_there_is_no_pipe(scene: Scene) -> None:
    """Windows' own would let everybody read."""
    scene.failing["sddl"] = []
    with pytest.raises(OSError, match="no"):
        scene.windows.create_pipe(NAME, descriptor=SDDL, first=True)
    assert "CreateNamedPipe" not in scene.winapi.asked


def test_who_connects_cannot_be_impersonated_and_inherits_the_handle_to_nobody(
    scene: Scene,
) -> None:
    assert scene.windows.open_pipe(NAME, seconds=1) == 8
    (given,) = scene.winapi.asked["CreateFile"]
    # GENERIC_READ and GENERIC_WRITE, shared with nobody, no attributes, OPEN_EXISTING, and
    # FILE_FLAG_OVERLAPPED with SECURITY_SQOS_PRESENT, of which SECURITY_ANONYMOUS is 0.
    assert given == (NAME, 0x80000000 | 0x40000000, 0, 0, 3, 0x40000000 | 0x00100000, 0)
    assert scene.winapi.asked["SetNamedPipeHandleState"] == [(8, 0x2, None, None)]


def test_no_pipe_is_no_holder_a_busy_one_is_waited_for_and_a_closed_one_is_an_error(
    scene: Scene,
) -> None:
    scene.failing["CreateFile"] = [2]
    assert scene.windows.open_pipe(NAME, seconds=1) is None
    scene.failing["CreateFile"] = [231, 231]
    assert scene.windows.open_pipe(NAME, seconds=60) == 8
    waited = scene.winapi.asked["WaitNamedPipe"]
    assert [name for name, _ in waited] == [NAME, NAME]
    assert all(0 < milliseconds <= 60000 for _, milliseconds in waited)
    for number, seconds in ((5, 60), (231, -1)):
        scene.failing["CreateFile"] = [number]
        with pytest.raises(OSError, match="CreateFile"):
            scene.windows.open_pipe(NAME, seconds=seconds)


def test_a_pipe_that_is_not_read_by_messages_is_let_go(scene: Scene) -> None:
    scene.failing["SetNamedPipeHandleState"] = [5]
    with pytest.raises(OSError, match="SetNamed"):
        scene.windows.open_pipe(NAME, seconds=1)
    assert scene.closed() == [8]


def test_what_takes_too_long_is_broken_off_and_its_end_awaited(scene: Scene) -> None:
    for act in (
        lambda: scene.windows.read(4, seconds=1),
        lambda: scene.windows.write(4, b"x", seconds=1),
    ):
        scene.operation = Operation(late=True)
        with pytest.raises(TimeoutError):
            act()
        assert scene.operation.asked_for
    scene.operation = Operation(late=True)
    assert scene.windows.wait_for_client(4, seconds=1) is False
    assert scene.operation.asked_for


def test_ctrl_c_leaves_nothing_under_way(scene: Scene) -> None:
    def interrupted(*_: Any) -> int:
        raise KeyboardInterrupt

    scene.winapi.WaitForMultipleObjects = interrupted  # type: ignore[attr-defined]
    with pytest.raises(KeyboardInterrupt):
        scene.windows.read(4, seconds=1)
    assert (scene.operation.outcome, scene.operation.asked_for) == (995, True)


def test_a_message_comes_whole_or_not_at_all(scene: Scene) -> None:
    scene.operation = Operation(read=b"word")
    assert scene.windows.read(4, seconds=1) == b"word"
    assert scene.winapi.asked["ReadFile"][0] == (4, LONGEST)
    scene.operation = Operation(234, read=b"wor")
    with pytest.raises(OSError, match="no message of"):
        scene.windows.read(4, seconds=1)


def test_who_came_and_went_again_has_come(scene: Scene) -> None:
    scene.failing["ConnectNamedPipe"] = [232]
    assert scene.windows.wait_for_client(4, seconds=1) is True
    assert scene.windows.wait_for_client(4, seconds=1) is True
    scene.failing["ConnectNamedPipe"] = [5]
    with pytest.raises(OSError, match="ConnectNamedPipe"):
        scene.windows.wait_for_client(4, seconds=1)


@pytest.mark.parametrize(("ask", "number"), [("client_of", 41), ("server_of", 42)])
def test_a_process_at_an_end_is_known_by_the_user_of_its_token(
    scene: Scene, ask: str, number: int
) -> None:
    assert getattr(scene.windows, ask)(4) == SID
    # PROCESS_QUERY_LIMITED_INFORMATION, TOKEN_QUERY, TokenUser
    assert scene.winapi.asked["OpenProcess"] == [(0x1000, False, number)]
    assert scene.advapi32.asked["OpenProcessToken"][-1][:2] == (16, 0x8)
    assert scene.advapi32.asked["GetTokenInformation"][-1][1] == 1
    assert scene.advapi32.asked["ConvertSidToStringSidW"][-1][0] == 99
    assert scene.closed() == [24, 24, 24, 16]


@pytest.mark.parametrize("ask", ["client_of", "server_of"])
def test_a_process_of_the_same_user_in_a_sandbox_is_not_believed(scene: Scene, ask: str) -> None:
    assert scene.windows.own_level() == 8192
    scene.levels[16] = 4096
    with pytest.raises(PermissionError, match="lower integrity"):
        getattr(scene.windows, ask)(4)
    assert scene.closed()[-1] == 16
    scene.levels[16] = 12288
    assert getattr(scene.windows, ask)(4) == SID


@pytest.mark.parametrize("failing", ["client", "token", "sid"])
def test_a_process_of_which_windows_does_not_say_whose_it_is_is_nobodys(
    scene: Scene, failing: str
) -> None:
    scene.failing[failing] = []
    with pytest.raises(OSError, match="no"):
        scene.windows.client_of(4)
    opened = {"client": [], "token": [16], "sid": [24, 16]}[failing]
    assert scene.closed() == opened


def test_the_owner_is_the_pipes_own_and_an_unknown_one_is_an_error(scene: Scene) -> None:
    assert scene.windows.owner_of(4) == SID
    given = scene.advapi32.asked["GetSecurityInfo"][0]
    # SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION
    assert given[:3] == (4, 6, 1)
    assert 88 in scene.freed()
    scene.failing["owner"] = []
    with pytest.raises(OSError, match="error 5 of Windows"):
        scene.windows.owner_of(4)


def test_one_asks_windows_who_one_is_oneself(scene: Scene) -> None:
    assert scene.windows.own_sid() == SID
    assert scene.advapi32.asked["OpenProcessToken"][0][0] == -1
    assert scene.closed() == [24]
