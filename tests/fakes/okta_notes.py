"""What PAM notes of sessions at Okta, in memory."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from pam.domain.session import Session
from pam.ports.okta_notes import Mark, Note

Place = tuple[str, str, str]


@dataclass
class FakeOktaNotes:
    """Implements `ports.okta_notes.OktaNotes`."""

    notes: dict[str, Note] = field(default_factory=dict)
    by_user: dict[Place, Mark] = field(default_factory=dict)

    def note(self, session_id: str) -> Note | None:
        return self.notes.get(session_id)

    def found(self, session: Session, user_id: str, now: datetime) -> Note:
        before = self.notes.get(session.session_id, Note(session_id=session.session_id))
        if not before.user_id:
            names = session.target.names
            before = replace(
                before,
                user_id=user_id,
                organisation=names["organisation"],
                group=names["group"],
                end_sessions=session.target.settings.get("end_sessions") == "true",
            )
        self.notes[session.session_id] = before
        return before

    def will_make(self, note: Note, now: datetime) -> str | None:
        stored = self.notes[note.session_id]
        if stored.stopped or stored.user_id != note.user_id:
            return note.session_id
        mark = self.by_user.get(_place(note))
        if mark is not None and mark.gone_at is None and mark.session_id != note.session_id:
            return mark.session_id
        self.notes[note.session_id] = replace(stored, made=True)
        self.by_user[_place(note)] = Mark(user_id=note.user_id, session_id=note.session_id)
        return None

    def stop(self, session_id: str) -> Note:
        stored = self.notes.get(session_id, Note(session_id=session_id))
        self.notes[session_id] = replace(stored, stopped=True)
        return self.notes[session_id]

    def gone(self, note: Note, evidence: str, now: datetime) -> None:
        stored = self.notes[note.session_id]
        if stored.gone_at is None:
            self.notes[note.session_id] = replace(stored, gone_at=now, evidence=evidence)
        mark = self.by_user.get(_place(note))
        if mark is not None and mark.session_id == note.session_id and mark.gone_at is None:
            self.by_user[_place(note)] = replace(mark, gone_at=now)

    def mark(self, organisation: str, group: str, user_id: str) -> Mark | None:
        return self.by_user.get((organisation, group, user_id))

    def marks(self, organisation: str, group: str) -> list[Mark]:
        return [mark for place, mark in self.by_user.items() if place[:2] == (organisation, group)]

    def forget(self, organisation: str, group: str, mark: Mark) -> None:
        stored = self.by_user.get((organisation, group, mark.user_id))
        if stored is not None and stored.session_id == mark.session_id and stored.gone_at:
            del self.by_user[organisation, group, mark.user_id]


def _place(note: Note) -> Place:
    return note.organisation, note.group, note.user_id
