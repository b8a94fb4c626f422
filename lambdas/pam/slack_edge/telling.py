"""Where a sentence goes that is for one person's eyes: into the acknowledgement where Slack shows
it, else beside the button, into the modal, or into their Home.
"""

from pam.slack import answers, blocks, modal
from pam.slack.blocks import Json, Message, View
from pam.slack.deliveries import (
    Click,
    Command,
    HomeOpened,
    Incoming,
    Reaction,
    Shortcut,
    Submission,
    Suggestion,
)
from pam.slack.jobs import Method, Send
from pam.slack_edge.front import Answer, Handling

_NO_CALLBACK = "pam.message"
Told = Command | Click | Reaction | HomeOpened | Shortcut


def told(
    incoming: Incoming,
    handling: Handling,
    sentence: str,
    *,
    command: str = "",
    settled: bool = True,
) -> Answer:
    """`command` is what they run instead."""
    text = f"{sentence} {command}".strip()
    said = answers.said(sentence, command=command)
    match incoming:
        case Command() if not handling.view_id:
            return Answer(payload=ephemeral(said), settled=settled)
        case Submission():
            view = modal.message(text, _NO_CALLBACK)
            return Answer(payload=modal.replaced_by(view), settled=settled)
        case Suggestion():
            return Answer(payload={"options": []}, settled=settled)
        case Command() | Click() | Reaction() | HomeOpened() | Shortcut() if incoming.clicker.user:
            return Answer(jobs=(_sent(incoming, handling, text, said),), settled=settled)
    return Answer(settled=settled)


def _sent(incoming: Told, handling: Handling, text: str, said: Message) -> Send:
    """For the eyes of whoever did it: into the modal that is open, beside what they pressed, or
    else into their Home.
    """
    user = incoming.clicker.user
    if isinstance(incoming, Click) and incoming.view_type == "modal":
        handling.view_id = incoming.view_id
    if handling.view_id:
        return shown_in_modal(handling, user, modal.message(text, _NO_CALLBACK))
    channel = incoming.channel if isinstance(incoming, (Click, Reaction)) else ""
    if channel:
        return beside(handling, channel, user, said)
    return shown_at_home(handling, user, only_saying(text))


def ephemeral(message: Message) -> Json:
    """As the answer to a command."""
    shown = {"text": message.text, "blocks": list(message.blocks)}
    return {"response_type": "ephemeral", **shown}


def beside(handling: Handling, channel: str, user: str, message: Message) -> Send:
    return handling.send(
        channel,
        Method.POST_EPHEMERAL,
        channel=channel,
        user=user,
        text=message.text,
        blocks=list(message.blocks),
    )


def in_modal(handling: Handling, user: str, view: View) -> Answer:
    return Answer(jobs=(shown_in_modal(handling, user, view),))


def shown_in_modal(handling: Handling, user: str, view: View) -> Send:
    """In the one that is open."""
    return handling.send(user, Method.UPDATE_VIEW, view_id=handling.view_id, view=view.body)


def in_home(handling: Handling, user: str, view: View) -> Answer:
    return Answer(jobs=(shown_at_home(handling, user, view),))


def shown_at_home(handling: Handling, user: str, view: View) -> Send:
    return handling.send(user, Method.PUBLISH_VIEW, user_id=user, view=view.body)


def only_saying(text: str) -> View:
    return blocks.home([blocks.header("Privileged access"), blocks.row(text)])
