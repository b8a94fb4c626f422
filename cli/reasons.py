"""What a reason must be, as the API has it: for whoever would be asked a question in vain."""

from cli.problems import ApiProblem
from pam.domain.errors import Code
from pam.domain.free_text import line_of, visible

_SHORTEST, _LONGEST = 10, 1000
"""In characters that a reader sees."""
_MOST_CHARACTERS = 2 * _LONGEST
"""Spaces and the marks on letters among them."""


def check(reason: str) -> None:
    """Raises ApiProblem (VALIDATION) for one that the API would refuse."""
    if message := _fault(reason):
        raise ApiProblem(code=Code.VALIDATION, detail=f"--reason: {message}")


def _fault(reason: str) -> str:
    try:
        seen = visible(line_of(reason))
    except ValueError as error:
        return str(error)
    if seen < _SHORTEST:
        return f"must say why, in at least {_SHORTEST} visible characters"
    if seen > _LONGEST or len(reason) > _MOST_CHARACTERS:
        return f"must have at most {_LONGEST} visible characters"
    return ""
