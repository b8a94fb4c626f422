"""Somebody who holds a database login against its end, with all that the server lets them do."""

import threading
import time
from contextlib import suppress
from typing import Any, LiteralString

import psycopg

from local.logins import Connection, connect


class Resistance:
    """A borrower at work: open transactions with its own row and settings changed, an advisory
    lock, and threads that log in and take the row again for ever.
    """

    def __init__(self, lease: dict[str, Any]) -> None:
        self._lease = lease
        self._over = threading.Event()
        self._open: list[Connection] = []
        self._threads = [threading.Thread(target=self._rage, daemon=True) for _ in range(2)]

    def __enter__(self) -> None:
        self._hold("SELECT pg_advisory_lock(46, hashtext(session_user::text))")
        self._hold("ALTER ROLE SESSION_USER SET work_mem = '1MB'")
        for thread in self._threads:
            thread.start()
        time.sleep(0.2)  # so that the row is held

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        for connection in self._open:
            connection.close()

    def _hold(self, statement: LiteralString) -> None:
        connection = connect(self._lease)
        self._open.append(connection)
        connection.execute("BEGIN")
        connection.execute(statement)

    def _rage(self) -> None:
        while not self._over.is_set():
            with suppress(psycopg.Error):
                self._hold("ALTER ROLE SESSION_USER PASSWORD 'mine-for-ever'")
                self._open[-1].execute("SELECT pg_sleep(60)")
            # An attack of this machine's own speed would measure the machine.
            self._over.wait(0.02)
