"""The local stack's databases, as the tests see them: by leases, and by the server's own root."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from local.cast import Cast, Person, until
from local.logins import Connection, connect, is_cut, is_let_in

LEDGER_DB, REPORTING_DB = "core-ledger-db", "core-reporting-db"

__all__ = ["connect", "is_cut", "is_let_in"]


def granted(
    who: Person, *approvers: Person, resource: str = LEDGER_DB, **fields: Any
) -> dict[str, Any]:
    """A session that is ACTIVE. A rotated account whose login is not given back yet, because others
    were just about to log in when it was taken, is asked for again.
    """

    def asked() -> dict[str, Any] | None:
        session_id = who.request(resource, **fields)["session_id"]
        for approver in approvers:
            assert approver.approve(session_id).status == 200

        def settled() -> dict[str, Any] | None:
            session: dict[str, Any] = who.get(f"/pam/sessions/{session_id}").body
            return session if session["status"] in {"ACTIVE", "FAILED"} else None

        session = until(settled, f"session {session_id} to be ACTIVE or FAILED")
        if session["status"] == "FAILED" and "may not log in" in session["end_reason"]:
            return None
        assert session["status"] == "ACTIVE", session["end_reason"]
        return session

    return until(asked, f"{resource} to be lent", 200)


def superuser(cast: Cast, dbname: str = "postgres") -> Connection:
    place = cast.about["databases"][LEDGER_DB]
    password = (cast.state_dir / "postgres" / "password").read_text()
    return connect({**place, "dbname": dbname, "username": "postgres", "password": password})


def user_of(session: dict[str, Any]) -> str:
    return f"pam_{str(session['session_id']).lower()}"


def has_user(cast: Cast, session: dict[str, Any]) -> bool:
    with superuser(cast) as connection:
        found = connection.execute(
            "SELECT FROM pg_roles WHERE rolname = %s", [user_of(session)]
        ).fetchone()
    return found is not None


@contextmanager
def server_down(cast: Cast) -> Iterator[None]:
    """The server stands still: it takes connections, and answers none of them."""
    record = json.loads((cast.state_dir / "postgres" / "process.json").read_text())
    processes = psutil.Process(record["pid"]).children(recursive=True)
    postmaster = next(process for process in processes if "-D" in process.cmdline())
    postmaster.suspend()
    try:
        yield
    finally:
        postmaster.resume()
