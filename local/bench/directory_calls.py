"""What was asked of a directory, and what of it a session is charged with: neither the polls, which
are as many as the directory is slow, nor what tokens take, which serve many sessions.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from local.cast import Cast
from local.okta.routes import TOKEN

_MADE, _LISTINGS = "assignUserToGroup", {"listUserGroups", "listGroupUsers"}
_ASKED_AGAIN = frozenset({400, 401, 429})
"""Of Okta: it wants another proof, or the same a little later."""


class Directory(StrEnum):
    IDENTITY_CENTER = "identity-center"
    OKTA = "okta"

    def asked(self, cast: Cast) -> list[dict[str, Any]]:
        """Every call since the stack is up, in their order."""
        if self is Directory.OKTA:
            return cast.okta.calls()
        return cast.identity_center.calls()


def calls_of(directory: Directory, asked: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How often each operation was asked for, of one session, from its start on."""
    kept = _of_okta(asked) if directory is Directory.OKTA else _of_identity_center(asked)
    return Counter(kept)


def fewest(counted: Iterable[Counter[str]]) -> Counter[str]:
    """Of several sessions, the one of which the fewest calls are: what looks at the target every
    minute may have fallen into the others.
    """
    return min(counted, key=Counter.total)


def _of_identity_center(asked: Sequence[Mapping[str, Any]]) -> list[str]:
    names = [str(call["operation"]) for call in asked]
    return [name for name in names if not (name.startswith("Describe") and name.endswith("Status"))]


def _of_okta(asked: Sequence[Mapping[str, Any]]) -> list[str]:
    """Once the membership was asked for, both listings are asked until they agree: that is what
    Okta is polled by. Before, each look is a call.
    """
    found, made = list[str](), False
    for call in asked:
        name = str(call["operation"])
        made = made or name == _MADE
        if name == TOKEN or call["status"] in _ASKED_AGAIN or (made and name in _LISTINGS):
            continue
        found.append(name)
    return found
