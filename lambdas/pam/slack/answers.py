"""What only the person who typed or clicked sees (ephemeral): refusals, lists, the link's code."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from pam.domain import pictures
from pam.domain.session import Session
from pam.slack import blocks, commands, wording
from pam.slack.blocks import Block, Message

_MOST_LISTED = 20


def said(sentence: str, *, command: str = "") -> Message:
    """A refusal or a word of thanks; `command` is what to run instead."""
    offered = [blocks.commands(command)] if command else []
    return blocks.message(f"PAM: {sentence}", [blocks.row(sentence), *offered], sequence=0)


def help_text(command: str) -> Message:
    """`command` as it was typed: a deployment may give it other names."""
    lines = [f"{command} {words}" for words in commands.HELP]
    return blocks.message(f"PAM: what {command} can do", [blocks.row(*lines)], sequence=0)


def link_code(code: str) -> Message:
    """The code goes from here to the person's own terminal, and to nobody: whoever runs the command
    makes this Slack account a way to act as themselves.
    """
    return blocks.message(
        "PAM: the code for your link",
        [
            blocks.row("Run this yourself, with your own AWS credentials, within ten minutes:"),
            blocks.commands(f"pam link slack {code}"),
            blocks.row(
                "Give this code to nobody. If somebody sent you such a command, do not run it: it "
                "would let their Slack account act as you."
            ),
        ],
        sequence=0,
    )


def listed(sessions: Sequence[Session], now: datetime, titles: Mapping[str, str]) -> Message:
    """The person's own."""

    def rows() -> Iterator[Block]:
        for each in sessions[:_MOST_LISTED]:
            title = titles.get(each.resource, each.resource)
            yield blocks.row(
                each.session_id, pictures.what_of(each, title), *wording.state(each, now)
            )
        if len(sessions) > _MOST_LISTED:
            yield blocks.small(f"and {len(sessions) - _MOST_LISTED} more: pam list --mine")
        if not sessions:
            yield blocks.row("You have no sessions.")

    return blocks.message(f"PAM: {len(sessions)} sessions", rows(), sequence=0)


def admin_status(open_now: Sequence[Session], stuck: Sequence[Session], now: datetime) -> Message:
    """For operators: what is open, and what should have ended and may not have."""

    def rows() -> Iterator[Block]:
        yield blocks.header(f"Stuck: {len(stuck)}")
        yield from _brief(stuck, now, "pam list --stuck")
        yield blocks.header(f"Open: {len(open_now)}")
        yield from _brief(open_now, now, "pam list")

    told = f"PAM: {len(open_now)} open, {len(stuck)} stuck"
    return blocks.message(told, rows(), sequence=0)


def _brief(sessions: Sequence[Session], now: datetime, command: str) -> Iterator[Block]:
    for each in sessions[:_MOST_LISTED]:
        yield blocks.row(
            f"{each.session_id} {each.status.value}",
            f"{pictures.person_of(each)}: {each.resource}, {each.environment.value}",
            *wording.state(each, now),
        )
    if len(sessions) > _MOST_LISTED:
        yield blocks.small(f"and {len(sessions) - _MOST_LISTED} more: {command}")
