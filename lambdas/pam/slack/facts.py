"""What PAM keeps for a minute of what Slack says of users and channels: what its gates look at, the
hash that links rest on, and the name that a person reads. No mail address, and no picture.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pam.slack.clicker import CHANNEL_FACTS, USER_FACTS, link_basis
from pam.slack.text import plain, truncate

HOLD = timedelta(seconds=60)
_LONGEST_NAME = 80

Facts = dict[str, Any]


def of_user(answer: object) -> Facts:
    """Of the `user` of `users.info`. What is absent there stays absent: it counts as refusal."""
    said = _mapping(answer)
    kept = {name: said[name] for name in USER_FACTS if name in said}
    enterprise = said.get("enterprise_user")
    if enterprise is not None:
        kept["enterprise_user"] = {"enterprise_id": _mapping(enterprise).get("enterprise_id")}
    return {"user": kept, "basis": link_basis(said), "display": _display(said)}


def of_channel(answer: object) -> Facts:
    """Of the `channel` of `conversations.info`."""
    said = _mapping(answer)
    return {"channel": {name: said[name] for name in CHANNEL_FACTS if name in said}}


def _display(said: Mapping[str, Any]) -> str:
    """By which a person knows an account again. Nothing is decided by it."""
    names = (_mapping(said.get("profile")).get("real_name"), said.get("real_name"))
    name = next((name for name in (*names, said.get("name")) if isinstance(name, str) and name), "")
    return truncate(plain(name), _LONGEST_NAME)


def _mapping(answer: object) -> Mapping[str, Any]:
    return answer if isinstance(answer, Mapping) else {}
