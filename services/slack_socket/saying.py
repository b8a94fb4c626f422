"""Lines of the log: one JSON object each.

What is said is chosen here and there by name: never a payload, a token, an address with a ticket,
or the text of an exception, which may hold any of them.
"""

import json
import sys
from datetime import UTC, datetime


def say(message: str, **more: str | float | None) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = {"at": at, "message": message, **more}
    sys.stdout.write(json.dumps({name: it for name, it in line.items() if it is not None}) + "\n")
    sys.stdout.flush()
