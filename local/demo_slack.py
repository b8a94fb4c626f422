"""The demo's chapter in Slack: asked there, decided there and by the command, over by itself."""

import subprocess
from datetime import timedelta

from local.cast import Cast, until
from local.slack.control import Person, Shown
from local.story import Story
from pam.slack.actions import APPROVE

LEDGER, OWNERS = "core-ledger-admin", "core-approvals"
WINDOW = timedelta(seconds=5)


def in_slack(story: Story, cast: Cast) -> None:
    alice, bob = cast.slack.person("alice"), cast.slack.person("bob")
    story.chapter("Asked in Slack, decided in Slack, and gone on the clock all the same")
    code = _code_of(alice)
    linked = cast.pam("alice", "link", "slack", code, "--yes")
    story.step("alice makes her Slack account known: /jit link, pam link slack", _done(linked))
    alice.command(f"{LEDGER} {WINDOW.total_seconds():.0f}s close the books of October")
    card = until(lambda: _card(cast), "the request's card")
    session_id = card.buttons[0]["value"]
    story.step(f"she asks: one card in #{OWNERS}, with its buttons", APPROVE in card.action_ids)
    clicked = bob.click(card, APPROVE)
    story.step(f"bob approves with a click, recorded {clicked.ms:.0f} ms later", clicked.ms)
    signed = cast.pam("carol", "approve", session_id)
    story.step("prod takes one approval by Slack: carol signs hers, pam approve", _done(signed))
    cast.person("alice").wait_for(session_id, "ACTIVE")
    told = until(lambda: _told(alice, f"pam exec {session_id}"), "the message to alice")
    story.step("alice is told, with the command to use it", told)
    over = until(lambda: _over(cast, card), "the card at its end")
    story.step(f"the card at the end: {over.strip()}", "EXPIRED" in over)


def _code_of(person: Person) -> str:
    person.command("link")
    said = until(lambda: _told(person, "pam link slack "), "the code")
    return said.partition("pam link slack ")[2].split()[0]


def _told(person: Person, words: str) -> str | None:
    """The newest of what the app says to this person alone, if it has these words."""
    said = [*person.direct_messages(), *person.ephemerals()]
    texts = [
        message.text for message in sorted(said, key=lambda it: it.ts) if words in message.text
    ]
    return texts[-1] if texts else None


def _card(cast: Cast) -> Shown | None:
    found = [card for card in cast.slack.messages(OWNERS) if APPROVE in card.action_ids]
    return found[-1] if found else None


def _over(cast: Cast, card: Shown) -> str | None:
    """The card's line about the end, once there is no button on it."""
    now = next(each for each in cast.slack.messages(OWNERS) if each.ts == card.ts)
    ended = [line for line in now.text.splitlines() if line.startswith("EXPIRED")]
    return ended[0] if ended and not now.buttons else None


def _done(command: "subprocess.CompletedProcess[str]") -> bool:
    return command.returncode == 0
