"""What a session's database user did, read from PostgreSQL's own log as RDS writes it.

Lines begin with RDS's prefix, `%t:%r:%u@%d:[%p]:`. Statements come from `log_statement` or
`log_min_duration_statement`, or from pgaudit; their parameters are on lines of another level, which
are not read. A line's user is who logged in, whatever role was set since, so it names the session.
A session can have the server write lines (RAISE LOG) that look like statements, but only in its own
name, and no line that is there goes away by that.

A server may log in another language, or tell more (`log_error_verbosity = verbose`). A line that
names a session's user and is neither read nor known for something else is told as such: what is
lost in silence would look as if the session had done nothing.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pam.domain import log_words, timestamps
from pam.domain.activity import LONGEST_TEXT, Activity, checked_id, one_line
from pam.domain.ids import session_of_database_user
from pam.domain.kinds import Source
from pam.domain.masked_sql import NOT_SHOWN, masked

_NAMES_A_SESSION = re.compile(r"pam_[0-9a-z]{26}", re.ASCII)
_LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3})?) (?P<zone>[A-Z]{1,5}|[+-]\d+):"
    r"(?P<remote>|\[local\]|[0-9A-Za-z.:%_-]+\(\d+\)):"
    r"(?P<user>[^@:\n]*)@(?P<database>[^@:\n]*):\[\d+\]:"
    r"(?P<label>[^:\n]*): {0,2}(?P<message>.*)",
    re.ASCII | re.DOTALL,
)
"""Strict, so that no user or database by another name reads as a session's."""
_UTC = {"UTC", "GMT"}


def _any(words: Iterable[str]) -> str:
    """The longest first: some begin like others."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_CODE = re.compile(r"(?=[A-Z]*[0-9])[0-9A-Z]{5}: ", re.ASCII)
"""An SQLSTATE, of a server that tells more."""
_TOOK = rf"(?:{_any(log_words.TOOK)}) ?:? [0-9.]+ [^\W\d_]+"
"""A duration: word, number, unit. In no language but those known: `execute 1 ms  parse x: ...` is
the execution of what a client named so.
"""
_PREPARING = rf"{_TOOK},? {{1,2}}(?:{_any(log_words.PREPARING)})"
_STATEMENT = re.compile(
    # In Chinese the word for a duration begins with that for an execution.
    rf"(?!{_TOOK}\Z|{_PREPARING})(?:{_TOOK},? {{1,2}})?"
    rf"(?:(?:{_any(log_words.STATEMENT)}) ?"
    rf"|(?:{_any(log_words.FETCH)}|{_any(log_words.EXECUTE)}) ?(?P<name>.*?))"
    r": (?P<sql>.*)",
    re.DOTALL,
)
_NAME = re.compile(r"(?:<unnamed>|[\w$.-]{1,64})(?:/[\w$.-]{1,64})?", re.ASCII)
"""Of a prepared statement, as clients choose it. Any other might hide where the SQL begins."""
_BEFORE_SQL = ": "
"""One more of these in the SQL, and a client may have named its statement `a: select 1 --`."""
# In a language that is not known, a client must not make its statement look like one of these:
# it chooses the names of statements and their text.
_OF_SOMETHING_ELSE = re.compile(
    rf"{_TOOK}"
    rf"|{_PREPARING}.*"
    rf"|(?:{'|'.join(log_words.PREPARING_LAST)}): .*"
    rf"|{_TOOK}  plan:\n.*"
    rf"|(?:{_any(log_words.LOGINS)}) ?: .*"
    r"|temporary file: path .*|process \d+ (?:still waiting|acquired|detected|avoided) .*"
    r"|could not (?:receive data from|send data to) client: .*"
    r"|unexpected EOF on client connection.*|could not accept SSL connection: .*",
    re.DOTALL,
)
_AUDIT = "AUDIT: "
_AUDIT_FIELDS = 8
_UPPER_CASE = re.compile(r"[A-Z ]{0,60}", re.ASCII)
_LEFT_OUT = {"<not logged>", "<previously logged>"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotUnderstood:
    """A line that names a session's user. `part` says what of it is unknown, and is no text of it:
    prefix, label or message.
    """

    part: str


def of_log_line(
    message: str, *, activity_id: str, received: datetime, place: str
) -> Activity | NotUnderstood | None:
    """The statement of a session's user; None for a line that is of something else.

    `received` is CloudWatch's time, for a server that does not log in UTC. Raises ValueError if the
    line has no usable id.
    """
    line = _LINE.fullmatch(message.rstrip("\n"))
    if line is None:
        return NotUnderstood(part="prefix") if _NAMES_A_SESSION.search(message) else None
    session_id = session_of_database_user(line["user"])
    label = line["label"].rstrip(" ")
    if session_id is None or label in log_words.OTHER_LABELS:
        return None
    if label not in log_words.LOG:
        return NotUnderstood(part="label")
    coded = _CODE.match(line["message"])
    text = line["message"][coded.end() if coded else 0 :].replace("\n\t", "\n")
    what = _statement_in(text)
    if what is None:
        known = _OF_SOMETHING_ELSE.fullmatch(text)
        return None if known else NotUnderstood(part="message")
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
    if match["name"] is not None and not (
        _NAME.fullmatch(match["name"]) and _BEFORE_SQL not in match["sql"]
    ):
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
