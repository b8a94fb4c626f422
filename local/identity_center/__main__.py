"""`python -m local.identity_center --port-file FILE`: the fake as a process of its own.

Once it listens it writes FILE (readable by its owner alone, since a token stands in it): `url`,
`control_url`, `control_token`. With `--lifeline FD` it ends when the other end of that pipe closes;
see `local/lifeline.py`. With `--emulator URL` it makes its roles there, and who may call it is
decided there.
"""

import argparse
import json
import signal
import threading
from pathlib import Path

from local.identity_center.accounts import NoAccounts
from local.identity_center.emulated_accounts import EmulatedAccounts
from local.identity_center.faults import Knobs
from local.identity_center.recording import to_file
from local.identity_center.rights import Anybody, EmulatedRights
from local.identity_center.server import Server
from local.identity_center.service import IdentityCenter
from local.lifeline import follow
from local.state import write_private


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.identity_center", description=__doc__)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--record", type=Path, help="append each call of the API, as JSON")
    parser.add_argument("--emulator", help="the address of the emulator that has the account")
    parser.add_argument("--lifeline", type=int, help="end when this file descriptor closes")
    asked = parser.parse_args()
    if asked.lifeline is not None:
        follow(asked.lifeline)
    center = IdentityCenter(
        accounts=EmulatedAccounts(asked.emulator) if asked.emulator else NoAccounts(),
        knobs=Knobs(calls_per_second=20),
        recorded=to_file(asked.record) if asked.record else None,
    )
    rights = EmulatedRights(asked.emulator) if asked.emulator else Anybody()
    _serve(Server(center, asked.port, rights=rights), asked.port_file)


def _serve(server: Server, port_file: Path) -> None:
    stopped = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopped.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        write_private(port_file, json.dumps(server.about()))
        stopped.wait()
    finally:
        server.shutdown()
        port_file.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
