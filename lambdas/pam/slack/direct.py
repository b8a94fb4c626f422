"""What the requester is told in a direct message: granted, over soon, over; and to confirm. Whose
account was linked is told that as well.

No credential is in any of them, nor anything that acts: a command is signed by whoever runs it.
"""

from datetime import datetime, timedelta

from pam.domain import pictures, timestamps
from pam.domain.people import Surface
from pam.domain.session import Session
from pam.slack import blocks, wording
from pam.slack.blocks import Message

LINKED_TOLD_FOR = timedelta(days=1)
"""How long it is worth telling an account that it was linked, while Slack does not answer."""


def linked(principal: str) -> Message:
    """To an account that somebody took for theirs. Whose it is, they know, or operators say."""
    return blocks.message(
        "PAM: somebody took this Slack account for theirs",
        [
            blocks.row(
                "Somebody signed for it that this Slack account is theirs. What is typed and "
                "pressed here counts as theirs from now on, and as their vote in ten minutes.",
                "If that was you, there is nothing to do. If it was not, press nothing here, and "
                "tell an operator, who runs:",
            ),
            blocks.commands(f"pam unlink {principal}"),
        ],
        sequence=0,
    )


def granted(session: Session, now: datetime, title: str) -> Message:
    """With the exact command; or, if it is over by now, that it is."""
    what = pictures.what_of(session, title)
    if not session.allows(now):
        return _direct(session, f"Your access to {what} is not there any more.", now)
    again = f"pam end {session.session_id}"
    return blocks.message(
        f"PAM: your access to {what} is there",
        [
            blocks.header(f"Granted: {title}"),
            blocks.row(f"Your access to {what} is there.", *wording.state(session, now)),
            *([blocks.row(*where)] if (where := wording.sign_in(session)) else []),
            *([blocks.commands(*use)] if (use := wording.use(session)) else []),
            blocks.row("To give it back:"),
            blocks.commands(again),
        ],
        sequence=session.sequence,
    )


def ending_soon(session: Session, now: datetime, title: str) -> Message:
    end = timestamps.render(session.expires_at) if session.expires_at else "soon"
    told = (
        f"ends at {end}. It cannot be made longer; if you need more, ask anew."
        if session.allows(now)
        else "is over; if you need more, ask anew."
    )
    what = pictures.what_of(session, title)
    return blocks.message(
        f"PAM: your access to {session.resource} ends soon",
        [
            blocks.row(f"{session.requester_name}, your access to {what} {told}"),
            blocks.commands(
                f"pam show {session.session_id}", f"pam request {session.resource} --reason WHY"
            ),
        ],
        sequence=session.sequence,
    )


def over(session: Session, now: datetime, title: str) -> Message:
    """How it ended, why, and the receipt."""
    return _direct(session, f"Your access to {pictures.what_of(session, title)}:", now)


def confirm(session: Session, now: datetime, title: str) -> Message:
    """That nothing is granted before the person confirms by a proof that is not Slack's."""
    what = pictures.what_of(session, title)
    waits = session.held_until_confirmed and pictures.undecided(session, now)
    if not waits:
        return _direct(session, f"Nothing waits for your word on {what}.", now)
    by_slack = session.circumstances.surface is Surface.SLACK
    asked = "You asked by Slack" if by_slack else "Somebody asked in your name"
    return blocks.message(
        f"PAM: is it you who asks for {session.resource}?",
        [
            blocks.row(f"{asked} for {what}. Nothing is granted before you confirm it yourself:"),
            blocks.commands(f"pam confirm {session.session_id}"),
            blocks.row("If it was not you:"),
            blocks.commands(f"pam end {session.session_id}"),
            blocks.row(pictures.whose_words(session)),
            *blocks.quoted(session.reason),
        ],
        sequence=session.sequence,
    )


def _direct(session: Session, first: str, now: datetime) -> Message:
    ending = session.ending
    words = ending.reason if ending and ending.written else ""
    whose = [blocks.row("In the words of whoever ended it:")] if words else []
    return blocks.message(
        f"PAM: {session.resource} is {session.status.value}",
        [
            blocks.row(first, *wording.state(session, now), *wording.review(session)),
            *whose,
            *blocks.quoted(words),
        ],
        sequence=session.sequence,
    )
