"""What Okta shows of a membership. It shows a change late, and each of its two lists in its own
time: so nothing is said by one look, and neither by one list.

A group may have more members than PAM can look through. Then the list of the user's groups is
looked at in the place of the other: it is as good a witness, and as many looks have to agree.
"""

from collections.abc import Callable
from enum import Enum

from pam.okta.api import Organisation
from pam.okta.errors import Gone, TooLong

_BETWEEN, _MOST_BETWEEN = 1.0, 3.0
"""Seconds. Never more than one look a second."""


class Shown(Enum):
    MEMBER = "a member"
    NO_MEMBER = "no member"
    NOTHING = "nothing of that name"


class Lists:
    """The list of a user's groups, and that of a group's members."""

    def __init__(self, okta: Organisation, user: str, group: str) -> None:
        self._okta, self._user, self._group = okta, user, group
        self.changed_back = False
        """Whether a list told something else than one before it."""
        self.by_user_alone = False
        """Whether the group has more members than PAM looks through."""

    def of_user(self) -> Shown:
        """NOTHING: Okta knows no such user."""
        return _shown(lambda: self._okta.is_group_of(self._user, self._group))

    def of_group(self) -> Shown:
        """NOTHING: Okta knows no such group. Of a group with too many members: as `of_user`."""
        if not self.by_user_alone:
            try:
                return _shown(lambda: self._okta.is_member_of(self._user, self._group))
            except TooLong:
                self.by_user_alone = True
        return self.of_user()

    def seen_made(self) -> bool:
        """Whether both lists have them by now. False if time ran out."""
        return self._seen(lambda _: Shown.MEMBER, rounds=1) is not None

    def seen_gone(self) -> tuple[Shown, Shown] | None:
        """What the lists said, each twice in turn, from when on neither had them; None if time ran
        out. A list of nothing counts, unless both are.
        """
        return self._seen(lambda shown: shown if shown is not Shown.MEMBER else None, rounds=2)

    def _seen(
        self, wanted: Callable[[Shown], Shown | None], *, rounds: int
    ) -> tuple[Shown, Shown] | None:
        looks, wait = (self.of_user, self.of_group), _BETWEEN
        agreed: list[Shown] = []
        while True:
            shown = looks[len(agreed) % 2]()
            if shown is wanted(shown):
                agreed.append(shown)
                if len(agreed) == 2 * rounds:
                    return agreed[-2], agreed[-1]
                wait = _BETWEEN
            else:
                self.changed_back = self.changed_back or bool(agreed)
                agreed.clear()
                wait = min(wait * 1.5, _MOST_BETWEEN)
            if not self._okta.budget.wait(wait):
                return None


def _shown(look: Callable[[], bool]) -> Shown:
    try:
        return Shown.MEMBER if look() else Shown.NO_MEMBER
    except Gone:
        return Shown.NOTHING
