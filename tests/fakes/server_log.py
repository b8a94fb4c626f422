"""Lines of a lent database's log, as RDS's prefix begins them."""

from datetime import UTC, datetime

from pam.domain.activity import Activity
from pam.domain.statement_log import NotUnderstood, of_log_line

SESSION_ID = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"
USER = f"pam_{SESSION_ID.lower()}"
PREFIX = f"2026-03-01 12:00:10 UTC:10.0.0.5(50234):{USER}@ledger:[1234]:"
GROUP = "/aws/rds/instance/core-ledger/postgresql"
RECEIVED = datetime(2026, 3, 1, 13, tzinfo=UTC)


def read(line: str, activity_id: str = "3870") -> Activity | NotUnderstood | None:
    return of_log_line(line, activity_id=activity_id, received=RECEIVED, place=GROUP)


def told(message: str) -> str | None:
    """What is shown of a statement; the part that is not understood, in brackets."""
    found = read(PREFIX + message)
    return f"[{found.part}]" if isinstance(found, NotUnderstood) else found and found.what
