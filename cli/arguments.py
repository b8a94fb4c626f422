"""What several commands are given: a session by its id, a comment."""

import re
from typing import Annotated

import typer

from cli.problems import ApiProblem

SessionId = Annotated[str, typer.Argument(metavar="ID", help="The session.")]
Comment = Annotated[
    str | None, typer.Option("--comment", help="For the requester and the audit trail.")
]
_PATH_PART = re.compile(r"[0-9A-Za-z]{1,64}", re.ASCII)


def session_path(session_id: str) -> str:
    """The path of a session. Raises ApiProblem (VALIDATION) for what cannot be part of a path."""
    if not _PATH_PART.fullmatch(session_id):
        detail = "session_id: a session id is 26 letters and digits, as `pam list` shows them"
        raise ApiProblem(code="VALIDATION", detail=detail)
    return f"/pam/sessions/{session_id}"
