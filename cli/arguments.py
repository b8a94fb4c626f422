"""What several commands are given: a session, a comment, a yes."""

import re
from typing import Annotated

import typer

from cli.problems import ApiProblem

OwnSession = Annotated[
    str | None,
    typer.Argument(
        metavar="ID",
        show_default=False,
        help="The session: an id or 10 characters or more of its beginning, a resource of which "
        "you have one open session, or last. Without it you choose, at a terminal.",
    ),
]
OtherSession = Annotated[
    str | None,
    typer.Argument(
        metavar="ID",
        show_default=False,
        help="The session: an id, or 10 characters or more of its beginning. Without it you "
        "choose, at a terminal.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Yes to what would be asked at a terminal.")]
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
