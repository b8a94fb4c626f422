"""What the process is told by its environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

SLACK = "https://slack.com/api/"
_TOKEN = re.compile(r"[!-~]{1,512}", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]", re.ASCII)
_MOST_CONNECTIONS = 4
"""Slack gives an app ten, and a rolling deployment has twice as many for a while."""


class SettingsError(Exception):
    """In one line; names the variable, and never the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    socket_url: str
    """The route of PAM's Slack API that answers."""
    slack_api_url: str
    app_token: str = field(repr=False)
    region: str
    connections: int
    stagger: float | None
    """None: as `Timing` has it."""
    health_file: Path | None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises SettingsError."""
        token = env.get("PAM_SLACK_APP_TOKEN", "")
        if not _TOKEN.fullmatch(token):
            _refuse("PAM_SLACK_APP_TOKEN is not there, or no token")
        slack = _address(env, "PAM_SLACK_API_URL", SLACK)
        if not slack.endswith("/"):
            _refuse("PAM_SLACK_API_URL must end in a slash")
        region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION", "")
        if not _REGION.fullmatch(region):
            _refuse("AWS_REGION is not there, or no region")
        health_file = env.get("PAM_SLACK_HEALTH_FILE")
        return cls(
            socket_url=_address(env, "PAM_SLACK_SOCKET_URL", ""),
            slack_api_url=slack,
            app_token=token,
            region=region,
            connections=_connections(env.get("PAM_SLACK_CONNECTIONS", "2")),
            stagger=_stagger(env.get("PAM_SLACK_STAGGER_SECONDS")),
            health_file=Path(health_file) if health_file else None,
        )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _address(env: Mapping[str, str], name: str, otherwise: str) -> str:
    """Encrypted on the way, or on this machine."""
    url = env.get(name) or otherwise
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.username or parts.query or parts.fragment:
        _refuse(f"{name} is not there, or no plain URL")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        _refuse(f"{name} must begin with https://")
    return url


def _connections(value: str) -> int:
    if value not in {str(number) for number in range(1, _MOST_CONNECTIONS + 1)}:
        _refuse(f"PAM_SLACK_CONNECTIONS must be 1 to {_MOST_CONNECTIONS}")
    return int(value)


def _stagger(value: str | None) -> float | None:
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,3})?", value, re.ASCII):
        _refuse("PAM_SLACK_STAGGER_SECONDS must be seconds, less than 100")
    return float(value)


def _refuse(why: str) -> None:
    raise SettingsError(why)
