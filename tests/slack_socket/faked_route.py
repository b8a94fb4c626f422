"""PAM's route as the host sees it: checks the signature, and answers as a test wants it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.slack_socket.signed import Signer, signer

Json = dict[str, Any]
KEY, SECRET, REGION = "AKIAPAMSOCKET", "a-secret-of-the-role", "eu-west-1"
PATH = "/v1/slack/socket"


class FakedRoute:
    def __init__(self) -> None:
        self.url = ""
        self.calls: list[Json] = []
        """What was forwarded and decided: its signature was right, its answer was 200."""
        self.tried = 0
        self.signers: list[Signer | None] = []
        self.status = 200
        self.answer: Callable[[Json], bytes] = lambda _call: b"{}"
        self.takes = 0.0
        self.failures = 0
        """So many more calls are answered 500."""
        self._lock = threading.Lock()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        with self._lock:
            self.tried += 1
            self.signers.append(signer(path, headers, body, secret=SECRET))
            failing, self.failures = self.failures > 0, max(0, self.failures - 1)
        time.sleep(self.takes)
        if self.signers[-1] is None:
            return 403, b'{"message":"Forbidden"}'
        if failing:
            return 500, b"{}"
        call = json.loads(body)
        if self.status == 200:
            self.calls.append(call)
        return self.status, self.answer(call)


@contextmanager
def faked_route() -> Iterator[FakedRoute]:
    route = FakedRoute()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            status, answer = route.take(self.path, headers, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    route.url = f"http://127.0.0.1:{server.server_port}{PATH}"
    try:
        yield route
    finally:
        server.shutdown()
        server.server_close()
