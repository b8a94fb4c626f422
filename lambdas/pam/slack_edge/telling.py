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
    to = getattr(incoming, "clicker", None)
    user = to.user if to else ""
    if handling.view_id and user:
        return in_modal(handling, user, modal.message(text, _NO_CALLBACK), settled=settled)
    match incoming:
        case Command():
            return Answer(payload=ephemeral(said), settled=settled)
        case Submission():
            view = modal.message(text, _NO_CALLBACK)
            return Answer(payload=modal.replaced_by(view), settled=settled)
        case Suggestion():
            return Answer(payload={"options": []}, settled=settled)
        case Click(view_type="modal"):
            handling.view_id = incoming.view_id
            return in_modal(handling, user, modal.message(text, _NO_CALLBACK), settled=settled)
        case Click(channel=channel) | Reaction(channel=channel) if channel and user:
            return Answer(jobs=(beside(handling, channel, user, said),), settled=settled)
        case Click() | HomeOpened() | Shortcut() if user:
            # Nothing else of PAM is for their eyes alone, and open.
            return in_home(handling, user, only_saying(text), settled=settled)
    return Answer(settled=settled)


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


def in_modal(handling: Handling, user: str, view: View, *, settled: bool = True) -> Answer:
    """In the one that is open."""
    job = handling.send(user, Method.UPDATE_VIEW, view_id=handling.view_id, view=view.body)
    return Answer(jobs=(job,), settled=settled)


def in_home(handling: Handling, user: str, view: View, *, settled: bool = True) -> Answer:
    job = handling.send(user, Method.PUBLISH_VIEW, user_id=user, view=view.body)
    return Answer(jobs=(job,), settled=settled)


def only_saying(text: str) -> View:
    return blocks.home([blocks.header("Privileged access"), blocks.row(text)])
