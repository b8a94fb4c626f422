"""The end of a membership, and what Okta was seen to say of it."""

from pam.domain.errors import IssuerUnavailable
from pam.okta.api import Organisation
from pam.okta.errors import Gone, OktaFailed
from pam.okta.readback import Lists, Shown
from pam.ports.okta_notes import Note


def take(okta: Organisation, note: Note) -> str:
    """Takes the membership, sees that it is gone, and ends the user's sessions if that is wanted.
    Returns how it was seen. Raises IssuerUnavailable, and what the organisation raises.
    """
    known = _removed(okta, note)
    lists = Lists(okta, note.user_id, note.group)
    seen = lists.seen_gone()
    if seen is None:
        raise IssuerUnavailable(_why_it_stands(okta, note, lists))
    of_user, of_group = seen
    if lists.by_user_alone and Shown.NOTHING in seen:
        message = (
            f"Okta does not show PAM user {note.user_id} any more, and group {note.group} has more "
            "members than PAM looks through: a person has to look whether they are among them"
        )
        raise IssuerUnavailable(message)
    if of_user is of_group is Shown.NOTHING:
        message = (
            f"Okta shows PAM neither user {note.user_id} nor group {note.group}: a person has to "
            "look whether both are gone, or PAM's right to see them"
        )
        raise IssuerUnavailable(message)
    if lists.by_user_alone:
        told = [_said_by_user(note, known=known)]
    else:
        told = [_said(note, of_user, of_group, known=known)]
    if note.end_sessions and of_user is not Shown.NOTHING:
        told.append(_sessions_ended(okta, note))
    return "; ".join(told)


def _removed(okta: Organisation, note: Note) -> bool:
    """False if Okta knows no such membership to remove: then the lists have to say why."""
    try:
        okta.remove(note.user_id, note.group)
    except Gone:
        return False
    return True


def _said(note: Note, of_user: Shown, of_group: Shown, *, known: bool) -> str:
    if of_user is Shown.NOTHING:
        return (
            f"user {note.user_id} is not at Okta any more, and not in the list of members of "
            f"group {note.group}"
        )
    if of_group is Shown.NOTHING:
        return (
            f"group {note.group} is not at Okta any more, and not in the list of groups of "
            f"user {note.user_id}"
        )
    removed = "removed" if known else "Okta knew nothing to remove"
    return (
        f"{removed}; neither the groups of user {note.user_id} nor the members of group "
        f"{note.group} had them, twice each"
    )


def _said_by_user(note: Note, *, known: bool) -> str:
    removed = "removed" if known else "Okta knew nothing to remove"
    return (
        f"{removed}; the groups of user {note.user_id} do not have {note.group}, seen twice; "
        "the group has more members than PAM looks through"
    )


def _why_it_stands(okta: Organisation, note: Note, lists: Lists) -> str:
    """Somebody may be making it anew; who, is asked of Okta once, and only now."""
    stands = f"Okta still shows user {note.user_id} in group {note.group}"
    if lists.changed_back:
        stands = f"{stands}, or again"
    try:
        rules = okta.rules_feeding(note.group)
    except OktaFailed:
        return stands
    return f"{stands}: group rule {', '.join(rules[:3])} adds them" if rules else stands


def _sessions_ended(okta: Organisation, note: Note) -> str:
    try:
        okta.end_sessions(note.user_id)
    except Gone:
        return "the user is not at Okta any more"
    return "their sessions at Okta are ended"
