"""What PAM knows of one session at Identity Center, of one instance, and where that is kept."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from pam.aws.permission_set_items import PermissionSetItems
from pam.domain import timestamps
from pam.identity_center.keeping import instant_of_kept, kept_instant
from pam.identity_center.permission_set import Change, PermissionSet

MOST_STARTS, MOST_ENDS = 6, 9
"""Of the ten assignments that an instance makes and unmakes at a time (its quota, not adjustable):
starts stop at six, so that they never keep an end from its turn; one is left to other tools.
"""
_HELD_FOR = timedelta(minutes=2)
"""How long a turn is kept by whoever died with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`user_id`: whose access it is, all that an end goes by. `creation`, `deletion`: request ids.
    `refused`: why the assignment was not made, as Identity Center says. `listed_at`: when it was
    seen. `unsure`: whether a request was sent, or about to be, whose answer nobody has.
    """

    user_id: str = ""
    creation: str = ""
    refused: str = ""
    listed_at: datetime | None = None
    deletion: str = ""
    unsure: bool = False

    def as_text(self) -> str:
        return json.dumps(
            {
                "user_id": self.user_id,
                "creation": self.creation,
                "refused": self.refused,
                "listed_at": kept_instant(self.listed_at),
                "deletion": self.deletion,
                "unsure": self.unsure,
            }
        )

    @classmethod
    def of_text(cls, text: str) -> Self:
        if not text:
            return cls()
        kept = json.loads(text)
        return cls(**{**kept, "listed_at": instant_of_kept(kept["listed_at"])})

    @property
    def asked(self) -> bool:
        """Whether the assignment may have been asked for."""
        return bool(self.creation or self.unsure or self.listed_at or self.refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Who makes or unmakes an assignment at an instance just now, and until when that counts."""

    held: Mapping[str, datetime] = field(default_factory=dict)

    def taken(self, who: str, *, most: int, now: datetime) -> Self | None:
        """None if so many others have a turn."""
        others = {name: until for name, until in self.held.items() if until > now and name != who}
        if len(others) >= most:
            return None
        return replace(self, held={**others, who: now + _HELD_FOR})

    def given_back(self, who: str) -> Self:
        return replace(self, held={name: at for name, at in self.held.items() if name != who})

    def as_text(self) -> str:
        return json.dumps({name: timestamps.render(at) for name, at in self.held.items()})

    @classmethod
    def of_text(cls, text: str) -> Self:
        kept: dict[str, str] = json.loads(text) if text else {}
        return cls(held={name: timestamps.parse(at) for name, at in kept.items()})


class Notes:
    """All of it, each in its item."""

    def __init__(self, items: PermissionSetItems) -> None:
        self._items = items

    def permission_set(self, arn: str) -> PermissionSet:
        return PermissionSet.of_text(self._items.read(_of_set(arn)))

    def change_set(self, arn: str, change: Change) -> PermissionSet | None:
        """As it is then; None if it was not to be changed."""
        changed: list[PermissionSet | None] = [None]

        def decide(text: str) -> str | None:
            changed[0] = change(PermissionSet.of_text(text))
            return None if changed[0] is None else changed[0].as_text()

        self._items.change(_of_set(arn), decide)
        return changed[0]

    def of_session(self, session_id: str) -> Note:
        return Note.of_text(self._items.read(_of_session(session_id)))

    def note(self, session_id: str, **facts: Any) -> Note:
        """With these fields of Note so, whatever they were."""
        return self._note(session_id, lambda known: replace(known, **facts))

    def note_user(self, session_id: str, user_id: str) -> Note:
        """The first that is said stays."""
        return self._note(session_id, lambda n: n if n.user_id else replace(n, user_id=user_id))

    def forget(self, session_id: str) -> None:
        self._items.forget(_of_session(session_id))

    def take_turn(self, instance: str, who: str, *, most: int, now: datetime) -> bool:
        taken = [False]

        def decide(text: str) -> str | None:
            turns = Turns.of_text(text).taken(who, most=most, now=now)
            taken[0] = turns is not None
            return None if turns is None else turns.as_text()

        self._items.change(_of_instance(instance), decide)
        return taken[0]

    def give_turn_back(self, instance: str, who: str) -> None:
        name = _of_instance(instance)
        self._items.change(name, lambda text: Turns.of_text(text).given_back(who).as_text())

    def _note(self, session_id: str, change: Callable[[Note], Note]) -> Note:
        text = self._items.change(
            _of_session(session_id), lambda text: change(Note.of_text(text)).as_text()
        )
        return Note.of_text(text)


def _of_set(arn: str) -> str:
    return f"SET#{arn}"


def _of_session(session_id: str) -> str:
    return f"SESSION#{session_id}"


def _of_instance(arn: str) -> str:
    return f"INSTANCE#{arn}"
