"""`python -m local.okta --port-file FILE`: the fake Okta as a process of its own.

Once it listens it writes FILE (readable by its owner alone, since a token stands in it): `url`,
`control_url`, `control_token`. With `--lifeline FD` it ends when the other end of that pipe closes;
see `local/lifeline.py`.
"""

import argparse
import asyncio
import json
import signal
from pathlib import Path

from local.lifeline import follow
from local.okta.server import Server
from local.state import write_private


async def _serve(server: Server, port: int, port_file: Path) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    listening = await server.start(port)
    write_private(port_file, json.dumps(server.about()))
    try:
        await stopped.wait()
    finally:
        listening.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.okta", description=__doc__)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--record", type=Path, help="append each call, as JSON")
    parser.add_argument("--lifeline", type=int, help="end when this file descriptor closes")
    asked = parser.parse_args()
    if asked.lifeline is not None:
        follow(asked.lifeline)
    try:
        asyncio.run(_serve(Server(record=asked.record), asked.port, asked.port_file))
    finally:
        asked.port_file.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
