"""Named pipes as Windows has them, as far as a lease holder needs them; users are their SIDs."""

import re
import threading
import time
from dataclasses import dataclass, field
from queue import Empty, Queue

OWNER = re.compile(r"O:(S-[0-9-]+)D:")
ALLOWED = re.compile(r"\(A;;FA;;;([A-Z0-9-]+)\)")
EVERYBODY = "WD"
MEDIUM = 8192


@dataclass(slots=True, eq=False)
class End:
    """One end to listen at, and who has connected to it."""

    name: str
    owner: str
    allowed: frozenset[str]
    server: str
    client: str = ""
    heard: dict[str, "Queue[bytes | None]"] = field(
        default_factory=lambda: {"server": Queue(), "client": Queue()}
    )
    taken: threading.Event = field(default_factory=threading.Event)

    def lets_in(self, sid: str) -> bool:
        return not self.allowed.isdisjoint({sid, EVERYBODY})


@dataclass(slots=True)
class Machine:
    """Handles are numbers; which side of which end each is."""

    ends: list[End] = field(default_factory=list)
    handles: dict[int, tuple[End, str]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def hand_out(self, end: End, side: str) -> int:
        number = max(self.handles, default=100) + 4
        self.handles[number] = (end, side)
        return number

    def named(self, name: str) -> list[End]:
        return [end for end in self.ends if end.name == name]


class FakeWindows:
    """What `cli.holder.windows.Windows` offers, to a process of this user."""

    def __init__(self, machine: Machine, sid: str) -> None:
        self.machine = machine
        self.sid = sid
        self.open: list[int] = []
        self.knows_clients = True

    def create_pipe(self, name: str, *, descriptor: str, first: bool) -> int:
        with self.machine.lock:
            there = self.machine.named(name)
            if there and (first or not there[0].lets_in(self.sid)):
                raise PermissionError(name)
            owner = OWNER.match(descriptor)
            assert owner is not None
            allowed = frozenset(ALLOWED.findall(descriptor))
            self.machine.ends.append(End(name, owner[1], allowed, self.sid))
            return self._held(self.machine.ends[-1], "server")

    def open_pipe(self, name: str, *, seconds: float) -> int | None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with self.machine.lock:
                there = self.machine.named(name)
                if not there:
                    return None
                if not there[0].lets_in(self.sid):
                    raise PermissionError(name)
                for end in there:
                    if not end.taken.is_set():
                        end.client = self.sid
                        end.taken.set()
                        return self._held(end, "client")
            time.sleep(0.001)
        raise TimeoutError

    def wait_for_client(self, handle: int, *, seconds: float) -> bool:
        return self._end(handle).taken.wait(seconds)

    def read(self, handle: int, *, seconds: float) -> bytes:
        end, side = self.machine.handles[handle]
        try:
            said = end.heard[side].get(timeout=seconds)
        except Empty:
            raise TimeoutError from None
        if said is None:
            raise BrokenPipeError
        return said

    def write(self, handle: int, said: bytes, *, seconds: float) -> None:
        end, side = self.machine.handles[handle]
        end.heard["client" if side == "server" else "server"].put(said)

    def close(self, handle: int) -> None:
        with self.machine.lock:
            end, side = self.machine.handles.pop(handle)
            self.open.remove(handle)
            end.heard["client" if side == "server" else "server"].put(None)
            if side == "server":
                self.machine.ends.remove(end)

    def own_sid(self) -> str:
        return self.sid

    def own_level(self) -> int:
        return MEDIUM

    def owner_of(self, handle: int) -> str:
        return self._end(handle).owner

    def client_of(self, handle: int) -> str:
        if not self.knows_clients:
            raise OSError
        return self._end(handle).client

    def server_of(self, handle: int) -> str:
        return self._end(handle).server

    def leave_no_trace(self) -> None:
        pass

    def _end(self, handle: int) -> End:
        return self.machine.handles[handle][0]

    def _held(self, end: End, side: str) -> int:
        handle = self.machine.hand_out(end, side)
        self.open.append(handle)
        return handle
