"""Whom a session made a member, by the note and by the marks: whoever changes one has the other to
change.
"""

from dataclasses import replace

from pam.domain.session import Session
from pam.ports.okta_notes import Note, OktaNotes


def all_made(session: Session, notes: OktaNotes) -> list[Note]:
    """Each user of whom PAM's notes say that this session made them a member; from now on no call
    makes one. It is one user, or none; where note and marks differ, all that they name are the
    session's to take. In which group is what the session says.
    """
    note = notes.stop(session.session_id)
    names, settings = session.target.names, session.target.settings
    here = replace(
        note,
        organisation=names["organisation"],
        group=names["group"],
        end_sessions=note.end_sessions or settings.get("end_sessions") == "true",
    )
    others = [
        replace(here, user_id=user_id, made=True, gone_at=None, evidence="")
        for user_id in marked(session, notes)
        if not (note.made and user_id == note.user_id)
    ]
    # The session's own last: by that, all of it is noted as gone.
    return [*others, here] if note.made else others


def marked(session: Session, notes: OktaNotes) -> list[str]:
    """Ids of users."""
    names = session.target.names
    return [
        mark.user_id
        for mark in notes.marks(names["organisation"], names["group"])
        if mark.session_id == session.session_id and mark.gone_at is None
    ]
