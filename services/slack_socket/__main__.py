"""`python -m slack_socket`. Exit codes stand in `outcome.py`."""

import os
import signal
import sys

from slack_socket.building import Unusable, build
from slack_socket.outcome import Outcome
from slack_socket.saying import say
from slack_socket.settings import Settings, SettingsError


def main() -> int:
    try:
        settings = Settings.from_env(os.environ)
        host = build(settings)
    except (SettingsError, Unusable) as error:
        say("cannot start", why=str(error))
        return Outcome.NEEDS_A_PERSON
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: host.finish(Outcome.LEFT))
    return host.run()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # A thread may still wait for a name server or a peer that fell silent; nobody waits for it.
    os._exit(code)
