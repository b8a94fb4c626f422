"""The emulator's process: `python -m local.emulator LIFELINE_FD`.

It lives as long as whoever started it holds the other end of a pipe: if the starter dies, however
it dies, the emulator and its function processes go with it. A single byte on the pipe hands it
over to the machine, to be ended by `down`.
"""

import os
import signal
import sys
import threading


def _follow(lifeline: int) -> None:
    if os.read(lifeline, 1):
        return
    # The whole group: the emulator runs functions as processes of their own.
    os.killpg(os.getpgid(0), signal.SIGKILL)


def main() -> None:
    threading.Thread(target=_follow, args=(int(sys.argv[1]),), daemon=True).start()
    from local.bridges import build_all

    build_all()
    # Only now: the emulator's front takes what it uses from its modules when it is loaded.
    from ministack.app import main as serve

    sys.argv = ["ministack"]
    serve()


if __name__ == "__main__":
    main()
