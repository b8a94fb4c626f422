"""Who pressed, typed or sent something in Slack, and whether PAM listens to them at all.

Three gates, each a judgement with its sentence: the team that the payload names, what Slack says of
the user, and what Slack says of the channel. Whatever is absent, or of another form than it should
be, is refused. None of them says which person it is: only a link or a listed id does.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pam.slack.payload import ENTERPRISE, TEAM, USER

_FOREIGN = "foreign team"
_NOTHING_DONE = "Nothing was done."
_ACCOUNT = "what kind of account you have"
_SHARED = "with whom this channel is shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicker:
    """By the ids that Slack gives, never by a name. What the payload does not say is empty."""

    team: str
    """Where the app is installed and the payload comes from; empty for an app of a whole
    enterprise."""
    enterprise: str
    user: str
    user_team: str
    """The user's own; in an enterprise this may be the enterprise's id."""

    @property
    def principal(self) -> str:
        """As `identities.yaml`, links and records name it."""
        return f"slack:{self.team or self.enterprise}/{self.user}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspaces:
    """Whose users are heard: the ids in the deployment's configuration."""

    team_ids: frozenset[str]
    enterprise_ids: frozenset[str] = frozenset()

    def has(self, place: object) -> bool:
        """Whether it is one of these teams, or one of these enterprises."""
        if not isinstance(place, str):
            return False
        return (TEAM.fullmatch(place) is not None and place in self.team_ids) or (
            ENTERPRISE.fullmatch(place) is not None and place in self.enterprise_ids
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """`reason` is for the record; `sentence` tells the person why, and what to do instead."""

    reason: str
    sentence: str


def refuse_team(clicker: Clicker, heard: Workspaces) -> Refused | None:
    """By the payload alone, before anything is asked of Slack."""
    if not USER.fullmatch(clicker.user):
        return _unsaid("user", "who you are")
    placed = heard.has(clicker.team) if clicker.team else heard.has(clicker.enterprise)
    enterprise_fits = not clicker.enterprise or heard.has(clicker.enterprise)
    if not (placed and enterprise_fits and heard.has(clicker.user_team)):
        return _refused(_FOREIGN, "You belong to a Slack workspace that PAM does not serve.")
    return None


_ALWAYS_SAID = {
    "deleted": "Your Slack account is deactivated.",
    "is_bot": "Bots ask for nothing and decide nothing.",
    "is_app_user": "Apps ask for nothing and decide nothing.",
    "is_restricted": "Guests of this workspace ask for nothing and decide nothing.",
    "is_ultra_restricted": "Guests of one channel ask for nothing and decide nothing.",
}
"""Slack says this of each member of the workspace; of whom it does not, nothing is known."""
_SAID_IF_TRUE = {
    "is_stranger": "You belong to another organisation than this workspace.",
    "is_invited_user": "You have not accepted your invitation to this workspace yet.",
    "is_workflow_bot": "Workflows ask for nothing and decide nothing.",
    "is_connector_bot": "Connectors ask for nothing and decide nothing.",
}
"""Slack leaves these out for ordinary members. Any other word than false is refused."""


USER_FACTS = ("id", "team_id", *_ALWAYS_SAID, *_SAID_IF_TRUE)
"""All that `refuse_user` looks at, beside the enterprise."""


def refuse_user(answer: object, clicker: Clicker, heard: Workspaces) -> Refused | None:
    """By the `user` of what `users.info` answered about the clicker."""
    facts = _facts(answer)
    if facts.get("id") != clicker.user:
        return _unsaid("user", _ACCOUNT)
    for name, sentence in _ALWAYS_SAID.items():
        if not isinstance(facts.get(name), bool):
            return _unsaid(name, _ACCOUNT)
        if facts[name]:
            return _refused(name, sentence)
    for name, sentence in _SAID_IF_TRUE.items():
        if facts.get(name, False) is not False:
            return _refused(name, sentence)
    return _refuse_place(facts, clicker, heard)


def _refuse_place(facts: Mapping[str, Any], clicker: Clicker, heard: Workspaces) -> Refused | None:
    enterprise = facts.get("enterprise_user")
    within = bool(enterprise or clicker.enterprise)
    if not heard.has(facts.get("team_id")) or (
        within and not heard.has(_facts(enterprise).get("enterprise_id"))
    ):
        return _refused(_FOREIGN, "You belong to a Slack workspace that PAM does not serve.")
    # Ids of users are one person's within a team, or within an enterprise: this may be another's.
    own = {clicker.team, clicker.user_team, clicker.enterprise} - {""}
    if not own & {facts.get("team_id"), _facts(enterprise).get("enterprise_id")}:
        return _unsaid("user", _ACCOUNT)
    return None


_CHANNEL = {
    "is_ext_shared": (False, "This channel is shared with another organisation."),
    "is_pending_ext_shared": (False, "This channel is about to be shared with others."),
    "is_shared": (False, "This channel is shared with another workspace."),
    "is_archived": (False, "This channel is archived."),
    "is_member": (True, "PAM is no member of this channel."),
}


CHANNEL_FACTS = ("id", *_CHANNEL)
"""All that `refuse_channel` looks at."""


def refuse_channel(answer: object, channel: str) -> Refused | None:
    """By the `channel` of what `conversations.info` answered about where something is to be posted,
    or was pressed.
    """
    facts = _facts(answer)
    if not channel or facts.get("id") != channel:
        return _unsaid("channel", _SHARED)
    for name, (wanted, sentence) in _CHANNEL.items():
        if not isinstance(facts.get(name), bool):
            return _unsaid(name, _SHARED)
        if facts[name] is not wanted:
            return _refused(name, sentence)
    return None


_BASIS = ("deleted", "is_restricted", "is_ultra_restricted", "team_id")


def link_basis(answer: object) -> str:
    """SHA-256, in hex, of what a link rests on, by the `user` of `users.info`: when it is another,
    the link is asked for anew. What is absent is not what is false, save where Slack leaves out
    what is false.
    """
    facts = _facts(answer)
    basis = [facts.get(name) for name in _BASIS] + [
        facts.get("is_stranger", False),
        _facts(facts.get("profile")).get("email"),
    ]
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()


def _refused(reason: str, why: str) -> Refused:
    return Refused(reason=reason, sentence=f"{why} {_NOTHING_DONE}")


def _unsaid(name: str, what: str) -> Refused:
    sentence = f"Slack does not say {what}. {_NOTHING_DONE} Use the command pam instead."
    return Refused(reason=f"{name} not said", sentence=sentence)


def _facts(answer: object) -> Mapping[str, Any]:
    return answer if isinstance(answer, Mapping) else {}
