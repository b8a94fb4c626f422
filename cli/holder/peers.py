"""Who is at the other end of a Unix socket: the system says so, and nobody can claim it."""

import os
import socket
import struct
import sys

_UCRED = struct.Struct("3i")
_XUCRED = struct.Struct("=IIh2x16I")
_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_VERSION = 0, 1, 0
"""Of <sys/un.h> and <sys/ucred.h> on macOS; Python has no names for them."""


def can_be_known() -> bool:
    return hasattr(socket, "SO_PEERCRED") or sys.platform == "darwin"


def uid_of(connection: socket.socket) -> int:
    """Raises OSError where that cannot be known; a peer that is not known is nobody's friend."""
    if hasattr(socket, "SO_PEERCRED"):
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return int(_UCRED.unpack(told)[1])
    if sys.platform == "darwin":
        told = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED.size)
        version, uid = _XUCRED.unpack(told)[:2]
        if version == _XUCRED_VERSION:
            return int(uid)
    message = "this system does not say who is at the other end"
    raise OSError(message)


def is_oneself(connection: socket.socket) -> bool:
    try:
        return uid_of(connection) == os.geteuid()
    except OSError:
        return False
