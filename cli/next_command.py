"""The commands that `pam` prints as what comes next: whoever pastes one means the same as before.

What was typed about who calls and which PAM is meant is repeated, before the command's name. What
the environment or a profile says is still there when the next command runs.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from cli.text import clean


@dataclass(slots=True)
class _Beginning:
    """How such a command begins. Of the process, not of a context: its threads fail in the same
    words.
    """

    yours: str = "pam"
    anybodys: str = "pam"


_beginning = _Beginning()


def remember(*, profile: str | None, where: Mapping[str, str | None]) -> None:
    """What was typed for this command; `where` by option: `--env`. None: it was not typed."""
    there = {option: value for option, value in where.items() if value is not None}
    own = {} if profile is None else {"--profile": profile}
    _beginning.yours, _beginning.anybodys = _joined(own | there), _joined(there)


def yours(words: str) -> str:
    """A command for whoever typed the last one: `pam --profile alice end 01J...`."""
    return f"{_beginning.yours} {words}"


def anybodys(words: str) -> str:
    """A command for somebody else, who has a profile of their own: `pam --env prod approve ...`."""
    return f"{_beginning.anybodys} {words}"


def _joined(options: Mapping[str, str]) -> str:
    return clean(shlex.join(["pam", *(word for each in options.items() for word in each)]))
