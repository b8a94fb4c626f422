"""What PAM keeps of each session at Okta: whom it is about there, noted before anything is made,
and whether PAM made them a member.

The note is the session's. The mark is a group's and a user's, and says by which session they are a
member: so nobody at Okta is one by two sessions, and what an end takes is its own.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pam.domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`made`: from before the call that makes the membership. `stopped`: an end has begun, so none
    is made any more. `evidence`: how it was seen to be gone, at `gone_at`. `user_id` is empty if
    the end came before anybody knew whom the session is about.
    """

    session_id: str
    organisation: str = ""
    group: str = ""
    user_id: str = ""
    end_sessions: bool = False
    made: bool = False
    stopped: bool = False
    gone_at: datetime | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Whose membership it is; `gone_at` once it was seen to be gone."""

    user_id: str
    session_id: str
    gone_at: datetime | None = None


class OktaNotes(Protocol):
    def note(self, session_id: str) -> Note | None: ...

    def found(self, session: Session, user_id: str, now: datetime) -> Note:
        """Keeps whom the session is about: the first time that this is said. Returns what is kept,
        which may be another's word.
        """

    def will_make(self, note: Note, now: datetime) -> str | None:
        """Notes that from now on there may be a membership by this session. Returns None; or,
        having noted nothing, the session that is in the way: its own id if its end has begun, the
        other's if the user is a member by that. Raises TryAgain.
        """

    def stop(self, session_id: str) -> Note:
        """From now on no call makes a membership for the session. Returns what is kept of it."""

    def gone(self, note: Note, evidence: str, now: datetime) -> None:
        """That it was seen to be gone, and how. Again is no error: the first evidence stays."""

    def mark(self, organisation: str, group: str, user_id: str) -> Mark | None: ...

    def marks(self, organisation: str, group: str) -> list[Mark]:
        """All of a group."""

    def forget(self, organisation: str, group: str, mark: Mark) -> None:
        """A mark of what is gone; not if another session has the membership by now."""
