"""Standard streams that may be closed, full, or of any code page, without a fault of PAM's."""

import errno
import os
import sys
from contextlib import suppress
from typing import Any

_OUTPUT_LOST = {
    *(errno.EBADF, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EPIPE),
    *([errno.EINVAL] if os.name == "nt" else [errno.EDQUOT]),
}
"""What writing to a stream raises, without the name of a file. A pipe that nobody reads any more is
EINVAL on Windows.
"""


def prepare() -> None:
    """Every stream is there and takes every character.

    One that was closed before `pam` began gets a stand-in: otherwise the next file or connection
    would take its number, and a child its place. Writing to closed stdout fails as it should.
    """
    stand_ins = (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", 1, "w"))
    for name, flags, mode in stand_ins:
        if getattr(sys, name) is None:
            number = os.open(os.devnull, flags)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        # What a code page does not have is shown as a question mark, not refused.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")


def flush() -> None:
    """Writes what is still held back, so that a failure is seen here and not at the very end."""
    sys.stdout.flush()


def output_is_lost(error: OSError) -> bool:
    """Whether it says that stdout cannot be written."""
    return error.filename is None and error.errno in _OUTPUT_LOST


def give_up() -> None:
    """Lets go of output that cannot be written: the interpreter would try again as it ends."""
    stream: Any
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
            continue
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
