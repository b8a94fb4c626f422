"""What Slack delivers, as values. `key` is the text by which a repeated delivery is known."""

from collections.abc import Mapping
from dataclasses import dataclass

from pam.slack.clicker import Clicker


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    clicker: Clicker
    command: str
    """With its slash."""
    text: str
    channel: str
    trigger_id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One button pressed (or one option chosen) in a message, a modal or Home."""

    clicker: Clicker
    action_id: str
    value: str
    """What the button, or the chosen option, holds: a session's id, which is to be looked up."""
    channel: str
    """Empty in a modal and in Home."""
    message_ts: str
    view_id: str
    view_hash: str
    trigger_id: str
    key: str
    view_type: str = ""
    """`modal`, `home`; empty in a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A modal sent off. `values` by block: none, one, or the several that were chosen."""

    clicker: Clicker
    callback_id: str
    private_metadata: str
    values: Mapping[str, tuple[str, ...]]
    view_id: str
    view_hash: str
    trigger_id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    clicker: Clicker
    callback_id: str
    view_id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A select asks for the options that fit what was typed so far. Nothing is done by it."""

    clicker: Clicker
    action_id: str
    typed: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    clicker: Clicker
    callback_id: str
    trigger_id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeOpened:
    clicker: Clicker
    view_hash: str
    """Of the Home that the person sees; empty for their first."""
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Somebody added one to a message. It is never a vote."""

    clicker: Clicker
    reaction: str
    channel: str
    message_ts: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Facts that may be remembered of a user or a channel (either may be empty) hold no more."""

    event: str
    """As Slack names it: `user_change`, `channel_shared`..."""
    team: str
    user: str
    channel: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlVerification:
    challenge: str
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Nothing that PAM acts on; `why` has none of the sender's words."""

    why: str
    key: str = ""


Incoming = (
    Command
    | Click
    | Submission
    | Closed
    | Suggestion
    | Shortcut
    | HomeOpened
    | Reaction
    | Changed
    | UrlVerification
    | Other
)
