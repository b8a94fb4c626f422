"""`python -m local.slack --port-file FILE`: the fake Slack as a process of its own.

Once it listens it writes FILE (readable by its owner alone, since tokens stand in it): `url`,
`control_url`, `control_token`, `bot_token`, `app_token`, `signing_secret`. With `--lifeline FD` it
ends when the other end of that pipe closes; see `local/lifeline.py`.
"""

import argparse
import asyncio
import json
import signal
from pathlib import Path

from local.lifeline import follow
from local.slack.server import Server
from local.slack.state import Secrets
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
        server.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.slack", description=__doc__)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--record", type=Path, help="append each call of the Web API, as JSON")
    parser.add_argument("--lifeline", type=int, help="end when this file descriptor closes")
    parser.add_argument(
        "--secrets",
        type=Path,
        help="JSON with any of bot_token, app_token, signing_secret, control_token, to keep those",
    )
    asked = parser.parse_args()
    given = Secrets(**json.loads(asked.secrets.read_text())) if asked.secrets else None
    if asked.lifeline is not None:
        follow(asked.lifeline)
    try:
        asyncio.run(_serve(Server(record=asked.record, given=given), asked.port, asked.port_file))
    finally:
        asked.port_file.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
