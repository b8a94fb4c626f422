"""What a session's database user did, read from PostgreSQL's own log as RDS writes it.

Lines begin with RDS's prefix, `%t:%r:%u@%d:[%p]:`. Statements come from `log_statement` or
`log_min_duration_statement`, or from pgaudit; their parameters are on lines of another level, which
are not read. A line's user is who logged in, whatever role was set since, so it names the session.
A session can have the server write lines (RAISE LOG) that look like statements, but only in its own
name, and no line that is there goes away by that.
"""

import csv
import re
from datetime import datetime

from pam.domain import timestamps
from pam.domain.activity import LONGEST_TEXT, Activity, checked_id, one_line
from pam.domain.ids import session_of_database_user
from pam.domain.kinds import Source
from pam.domain.masked_sql import NOT_SHOWN, masked

_LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3})?) (?P<zone>[A-Z]{1,5}|[+-]\d+):"
    r"(?P<remote>\[local\]|[0-9A-Za-z.:%_-]+\(\d+\)):"
    r"(?P<user>pam_[0-9a-z]{26})@(?P<database>[^@:\n]*):\[\d+\]:"
    r"LOG:  (?P<message>.*)",
    re.ASCII | re.DOTALL,
)
"""Strict, so that no user or database by another name reads as a session's."""
_UTC = {"UTC", "GMT"}
_STATEMENT = re.compile(
    r"(?:duration: [0-9.]+ ms  )?"
    r"(?:statement|execute (?:fetch from )?(?P<name>.*?)): (?P<sql>.*)",
    re.ASCII | re.DOTALL,
)
_NAME = re.compile(r"(?:<unnamed>|[\w$.-]{1,64})(?:/[\w$.-]{1,64})?", re.ASCII)
"""Of a prepared statement, as clients choose it. Any other might hide where the SQL begins."""
_AUDIT = "AUDIT: "
_AUDIT_FIELDS = 8
_UPPER_CASE = re.compile(r"[A-Z ]{0,60}", re.ASCII)
_LEFT_OUT = {"<not logged>", "<previously logged>"}


def of_log_line(
    message: str, *, activity_id: str, received: datetime, place: str
) -> Activity | None:
    """The statement of a session's user; None for any other line.

    `received` is CloudWatch's time, for a server that does not log in UTC. Raises ValueError if the
    line has no usable id.
    """
    line = _LINE.fullmatch(message.rstrip("\n"))
    session_id = session_of_database_user(line["user"]) if line else None
    if line is None or session_id is None:
        return None
    what = _statement_in(line["message"].replace("\n\t", "\n"))
    if what is None:
        return None
    return Activity(
        source=Source.POSTGRESQL,
        activity_id=checked_id(activity_id),
        at=_at(line, received),
        place=place,
        session_id=session_id,
        what=one_line(f"{line['database']}: {what}", LONGEST_TEXT),
        principal=line["user"],
        source_ip=line["remote"].partition("(")[0].strip("[]"),
    )


def _at(line: re.Match[str], received: datetime) -> datetime:
    if line["zone"] not in _UTC:
        return received
    try:
        return timestamps.parse(f"{line['time']}+00:00")
    except ValueError:
        return received


def _statement_in(message: str) -> str | None:
    """The statement without its values; None if the message is of something else."""
    if message.startswith(_AUDIT):
        return _audited(message.removeprefix(_AUDIT))
    match = _STATEMENT.fullmatch(message)
    if match is None:
        return None
    if match["name"] is not None and not _NAME.fullmatch(match["name"]):
        return NOT_SHOWN
    return masked(match["sql"])


def _audited(text: str) -> str:
    """pgaudit: type, numbers, class, command, kind and name of the object, statement, parameters"""
    try:
        (fields,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError):
        return NOT_SHOWN
    if len(fields) < _AUDIT_FIELDS or not all(_UPPER_CASE.fullmatch(f) for f in fields[3:6]):
        return NOT_SHOWN
    kind, command, object_kind, name, statement = fields[3:8]
    about = " ".join(part for part in (kind, command, object_kind, name) if part)
    return about if statement in _LEFT_OUT else f"{about}: {masked(statement)}"
