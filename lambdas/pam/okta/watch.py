"""What is looked at every minute: by which session a user is a member, and who is one by none."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pam.okta.api import Organisation
from pam.okta.errors import Gone, TooLong
from pam.okta.readback import Lists, Shown
from pam.ports.okta_notes import Mark, Note

SHOWN_LATE = timedelta(seconds=60)
"""So long after an end a list may still have whom that took. Later, it is another's work."""
_MOST_ASKED_ABOUT = 20
"""Of those whom the group's list does not have: whose own list is asked, in one look."""


def standing(okta: Organisation, group: str, marks: Sequence[Mark]) -> list[str]:
    """Ids of the sessions whose user is a member: by the list of the group's members. Whom that
    does not have has their own list asked, because one alone may be behind; who has no turn now has
    it in another minute.
    """
    made = [mark for mark in marks if mark.gone_at is None]
    members = _listed(okta, group)
    unseen = [mark for mark in made if mark.user_id not in members]
    asked = random.sample(unseen, min(len(unseen), _MOST_ASKED_ABOUT))
    gone = {
        mark.session_id
        for mark in asked
        if Lists(okta, mark.user_id, group).of_user() is not Shown.MEMBER
    }
    return [mark.session_id for mark in made if mark.session_id not in gone]


def _listed(okta: Organisation, group: str) -> set[str]:
    """The members; nobody, if there is no such group, or they are too many to look through."""
    try:
        return okta.members(group)
    except (Gone, TooLong):
        return set()


def believed(marks: Sequence[Mark], note_of: Callable[[str], Note | None]) -> list[Mark]:
    """A session has one user: of several that are marked as its members only the one whom its note
    names. The others somebody wrote into PAM's table.
    """
    standing = Counter(mark.session_id for mark in marks if mark.gone_at is None)
    named = {
        session_id: note.user_id
        for session_id, number in standing.items()
        if number > 1 and (note := note_of(session_id)) is not None
    }
    return [
        mark
        for mark in marks
        if mark.gone_at is not None
        or standing[mark.session_id] == 1
        or named.get(mark.session_id) == mark.user_id
    ]


def unexplained(members: set[str], marks: Sequence[Mark], now: datetime) -> list[str]:
    """Ids of users who are members by no session."""
    ours = {
        mark.user_id for mark in marks if mark.gone_at is None or now < mark.gone_at + SHOWN_LATE
    }
    return sorted(members - ours)
