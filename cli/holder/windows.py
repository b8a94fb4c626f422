"""Windows' named pipes, and who is at their ends: the few calls that a holder needs of it.

Reading, writing and waiting go by `_winapi`, on which the standard library's own pipes rest; that
one knows no security descriptors and no users, so these are called by ctypes. `pywin32` has it all,
but is 9 MB of extension modules that every `credential_process` would load and that an interpreter
without site packages, as the holder's is, does not find.
"""

import ctypes
import time
from contextlib import suppress
from ctypes import wintypes
from importlib import import_module
from typing import Any

from cli.holder.transport import LONGEST

_DUPLEX, _FIRST, _OVERLAPPED = 0x3, 0x80000, 0x40000000
_MESSAGES, _READ_AS_MESSAGES, _REJECT_REMOTE = 0x4, 0x2, 0x8
_ANY_NUMBER = 255
_READ_AND_WRITE, _OPEN_EXISTING = 0xC0000000, 3
_NOT_TO_BE_IMPERSONATED = 0x100000
"""SECURITY_SQOS_PRESENT with SECURITY_ANONYMOUS: a server that is not what it should be cannot act
as whoever has connected.
"""
_WAITED, _TIMEOUT = 0, 258
_PENDING, _MORE_DATA, _ABORTED, _NO_DATA, _NOT_THERE, _BUSY = 997, 234, 995, 232, 2, 231
_LIMITED_QUERY, _TOKEN_QUERY, _TOKEN_USER, _TOKEN_INTEGRITY = 0x1000, 0x8, 1, 25
_KERNEL_OBJECT, _OWNER = 6, 1
_SDDL_REVISION = 1
_LONGEST_TOKEN_USER = 256
"""Bytes; a pointer, attributes and the longest SID are 84."""


class _SecurityAttributes(ctypes.Structure):
    _fields_ = (
        ("length", wintypes.DWORD),
        ("descriptor", wintypes.LPVOID),
        ("inherited", wintypes.BOOL),
    )


class Windows:
    """Handles are integers, users are SIDs as text. All of it raises OSError."""

    def __init__(self, winapi: Any = None, kernel32: Any = None, advapi32: Any = None) -> None:
        loader: Any = ctypes
        self._winapi = winapi or import_module("_winapi")
        self._kernel32 = kernel32 or loader.WinDLL("kernel32", use_last_error=True)
        self._advapi32 = advapi32 or loader.WinDLL("advapi32", use_last_error=True)
        pointer, number, handle = wintypes.LPVOID, wintypes.DWORD, wintypes.HANDLE
        # A handle is as long as a pointer; by default ctypes would cut it to 32 bits.
        for library, name, takes in (
            (self._kernel32, "LocalFree", (pointer,)),
            (self._kernel32, "GetNamedPipeClientProcessId", (handle, pointer)),
            (self._kernel32, "GetNamedPipeServerProcessId", (handle, pointer)),
            (self._advapi32, "OpenProcessToken", (handle, number, pointer)),
            (
                self._advapi32,
                "GetTokenInformation",
                (handle, ctypes.c_int, pointer, number, pointer),
            ),
            (self._advapi32, "ConvertSidToStringSidW", (pointer, pointer)),
            (
                self._advapi32,
                "ConvertStringSecurityDescriptorToSecurityDescriptorW",
                (wintypes.LPCWSTR, number, pointer, pointer),
            ),
            (
                self._advapi32,
                "GetSecurityInfo",
                (handle, ctypes.c_int, number, *[pointer] * 5),
            ),
        ):
            getattr(library, name).argtypes = takes
        self._kernel32.LocalFree.restype = pointer
        self._advapi32.GetSecurityInfo.restype = number

    def create_pipe(self, name: str, *, descriptor: str, first: bool) -> int:
        """One more end to listen at. `descriptor` is SDDL. `first`: fails if there is such a pipe,
        whoever made it.
        """
        made = wintypes.LPVOID()
        self._hold(
            self._advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(
                descriptor, _SDDL_REVISION, ctypes.byref(made), None
            )
        )
        try:
            attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), made, False)
            return int(
                self._winapi.CreateNamedPipe(
                    name,
                    _DUPLEX | _OVERLAPPED | (_FIRST if first else 0),
                    _MESSAGES | _READ_AS_MESSAGES | _REJECT_REMOTE,
                    _ANY_NUMBER,
                    # Both as long as what may be said, so that who writes does not wait for long.
                    LONGEST,
                    LONGEST,
                    0,
                    ctypes.addressof(attributes),
                )
            )
        finally:
            self._kernel32.LocalFree(made)

    def open_pipe(self, name: str, *, seconds: float) -> int | None:
        """None if there is none. `seconds` is for how long one that is busy is waited for."""
        handle = self._opened(name, seconds)
        if handle is None:
            return None
        try:
            self._winapi.SetNamedPipeHandleState(handle, _READ_AS_MESSAGES, None, None)
        except OSError:
            self.close(handle)
            raise
        return handle

    def wait_for_client(self, handle: int, *, seconds: float) -> bool:
        try:
            connecting = self._winapi.ConnectNamedPipe(handle, overlapped=True)
        except OSError as error:
            # Who has come and gone again is found gone by what is done next.
            if _number(error) == _NO_DATA:
                return True
            raise
        return self._finish(connecting, seconds) != _ABORTED

    def read(self, handle: int, *, seconds: float) -> bytes:
        """One message."""
        reading, _ = self._winapi.ReadFile(handle, LONGEST, overlapped=True)
        failure = self._finish(reading, seconds)
        if failure == _ABORTED:
            raise TimeoutError
        if failure == _MORE_DATA:
            message = f"no message of {LONGEST} bytes"
            raise OSError(message)
        return bytes(reading.getbuffer() or b"")

    def write(self, handle: int, said: bytes, *, seconds: float) -> None:
        writing, _ = self._winapi.WriteFile(handle, said, overlapped=True)
        if self._finish(writing, seconds) == _ABORTED:
            raise TimeoutError

    def close(self, handle: int) -> None:
        self._winapi.CloseHandle(handle)

    def own_sid(self) -> str:
        return self._sid_of(self._winapi.GetCurrentProcess())

    def own_level(self) -> int:
        """Of integrity, as Windows calls it: 8192 as a rule, 12288 as an administrator."""
        return self._level_of(self._winapi.GetCurrentProcess())

    def owner_of(self, handle: int) -> str:
        """Whose the pipe is. Nobody can give it to another user without a right over all."""
        owner, descriptor = wintypes.LPVOID(), wintypes.LPVOID()
        failure = self._advapi32.GetSecurityInfo(
            handle,
            _KERNEL_OBJECT,
            _OWNER,
            ctypes.byref(owner),
            None,
            None,
            None,
            ctypes.byref(descriptor),
        )
        if failure:
            message = f"the owner of a pipe is not known: error {failure} of Windows"
            raise OSError(message)
        try:
            return self._text_of(owner)
        finally:
            self._kernel32.LocalFree(descriptor)

    def client_of(self, handle: int) -> str:
        """As whom the process runs that has opened the pipe."""
        return self._at_the_end(self._kernel32.GetNamedPipeClientProcessId, handle)

    def server_of(self, handle: int) -> str:
        """As whom the process runs that has made the pipe."""
        return self._at_the_end(self._kernel32.GetNamedPipeServerProcessId, handle)

    def leave_no_trace(self) -> None:
        """No report of a crash, which would have the memory in it."""
        msvcrt: Any = import_module("msvcrt")
        msvcrt.SetErrorMode(msvcrt.SEM_FAILCRITICALERRORS | msvcrt.SEM_NOGPFAULTERRORBOX)

    def _opened(self, name: str, seconds: float) -> int | None:
        flags = _OVERLAPPED | _NOT_TO_BE_IMPERSONATED
        until = time.monotonic() + seconds
        while True:
            try:
                return int(
                    self._winapi.CreateFile(name, _READ_AND_WRITE, 0, 0, _OPEN_EXISTING, flags, 0)
                )
            except OSError as error:
                if _number(error) == _NOT_THERE:
                    return None
                if _number(error) != _BUSY or time.monotonic() > until:
                    raise
            # Then it is free, but somebody else may be quicker.
            self._winapi.WaitNamedPipe(name, _milliseconds(until - time.monotonic()))

    def _finish(self, under_way: Any, seconds: float) -> int:
        """Its outcome, or that it was broken off because it took longer."""
        try:
            waited = self._winapi.WaitForMultipleObjects(
                [under_way.event], False, _milliseconds(seconds)
            )
        except BaseException:
            # Ctrl-C, say: nothing may be under way any more when the handle is closed.
            under_way.cancel()
            with suppress(OSError):
                under_way.GetOverlappedResult(True)
            raise
        if waited == _TIMEOUT:
            under_way.cancel()
        # Always asked for: until it is, Windows may still write into the buffer.
        _, failure = under_way.GetOverlappedResult(True)
        return int(failure)

    def _at_the_end(self, call: Any, handle: int) -> str:
        number = wintypes.DWORD()
        self._hold(call(handle, ctypes.byref(number)))
        process = self._winapi.OpenProcess(_LIMITED_QUERY, False, number.value)
        try:
            # A browser's sandbox runs as its user, and has fewer rights.
            if self._level_of(process) < self.own_level():
                message = "a process of a lower integrity level"
                raise PermissionError(message)
            return self._sid_of(process)
        finally:
            self._winapi.CloseHandle(process)

    def _level_of(self, process: int) -> int:
        """The last number of a SID: S-1-16-8192."""
        return int(self._sid_of(process, _TOKEN_INTEGRITY).rpartition("-")[2])

    def _sid_of(self, process: int, whose: int = _TOKEN_USER) -> str:
        token = wintypes.HANDLE()
        self._hold(self._advapi32.OpenProcessToken(process, _TOKEN_QUERY, ctypes.byref(token)))
        try:
            about = ctypes.create_string_buffer(_LONGEST_TOKEN_USER)
            length = wintypes.DWORD()
            self._hold(
                self._advapi32.GetTokenInformation(
                    token, whose, about, len(about), ctypes.byref(length)
                )
            )
            return self._text_of(ctypes.cast(about, ctypes.POINTER(wintypes.LPVOID))[0])
        finally:
            self._winapi.CloseHandle(token.value)

    def _text_of(self, sid: Any) -> str:
        text = wintypes.LPWSTR()
        self._hold(self._advapi32.ConvertSidToStringSidW(sid, ctypes.byref(text)))
        try:
            return str(text.value)
        finally:
            self._kernel32.LocalFree(text)

    def _hold(self, done: int) -> None:
        if not done:
            loader: Any = ctypes
            raise loader.WinError(loader.get_last_error())


def _number(error: OSError) -> int:
    return int(getattr(error, "winerror", None) or 0)


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
