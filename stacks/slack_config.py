"""`slack` in cdk.json: whether PAM is in Slack, by which way in, and for whose users."""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any, Self
from urllib.parse import urlsplit

from pam.names import SLACK_API_URL
from pam.policy.compiled import CompiledPolicy

_TEAM = re.compile(r"T[A-Z0-9]{1,20}", re.ASCII)
_ENTERPRISE = re.compile(r"E[A-Z0-9]{1,20}", re.ASCII)
_VPC = re.compile(r"vpc-(?:[0-9a-f]{8}|[0-9a-f]{17})", re.ASCII)
_IMAGE = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"/(?P<repository>[a-z0-9]+(?:[._/-][a-z0-9]+)*)@sha256:[0-9a-f]{64}",
    re.ASCII,
)
_SECRET = re.compile(
    r"arn:[a-z-]+:secretsmanager:(?P<region>[a-z0-9-]+):[0-9]{12}:secret:"
    r"(?P<name>[A-Za-z0-9/_+=.@-]{1,512})-[A-Za-z0-9]{6}",
    re.ASCII,
)
_COMMAND = re.compile(r"/[a-z0-9_-]{1,31}", re.ASCII)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MOST_COMMANDS = 10


class SlackMode(StrEnum):
    """How what is typed and clicked in Slack comes in: through a socket that PAM opens, or by calls
    that Slack signs and makes.
    """

    SOCKET = "socket"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """Where ECS fetches an image: a repository of ECR."""

    account: str
    region: str
    repository: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackConfig:
    """Without `modes` there is no Slack, and nothing of it in the template.

    `team_ids` and `enterprise_ids` are those whose users are heard. `commands` are the names by
    which the app's slash command goes; the first is the one that PAM's own texts use. `reactions`
    lets an approver's reaction to a card bring them its buttons. `api_url` is Slack's, unless the
    deployment is that of the local stack.

    The host of the socket is a container. `socket_image` is its image in ECR by digest: a tag can
    be moved to another image, and nobody would see it here. `socket_vpc_id` is the network of the
    deployment's `vpc_subnet_ids`, and `socket_token_arn` the secret with the app-level token: ECS
    takes the whole ARN of a secret, and no name.
    """

    modes: tuple[SlackMode, ...] = ()
    team_ids: tuple[str, ...] = ()
    enterprise_ids: tuple[str, ...] = ()
    commands: tuple[str, ...] = ("/jit", "/request-admin")
    reactions: bool = False
    api_url: str = SLACK_API_URL
    socket_image: str = ""
    socket_vpc_id: str = ""
    socket_token_arn: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError, in one line that begins with the entry's name."""
        if self.modes and not (self.team_ids or self.enterprise_ids):
            _refuse("team_ids", "must name a team (or enterprise_ids an enterprise): whose users")
        if self.modes and not self.commands:
            _refuse("commands", "must name one command at least")
        if len(self.commands) > _MOST_COMMANDS:
            _refuse("commands", f"must be at most {_MOST_COMMANDS}")
        if self.api_url != SLACK_API_URL and not _is_beside_us(self.api_url):
            _refuse("api_url", f"must be a loopback address that ends in /api/, not {self.api_url}")

    @property
    def image_source(self) -> ImageSource:
        """Of `socket_image`. Raises ValueError where none is named."""
        found = _IMAGE.fullmatch(self.socket_image)
        if found is None:
            message = "socket_image names no image"
            raise ValueError(message)
        return ImageSource(**found.groupdict())

    @property
    def token_secret(self) -> tuple[str, str]:
        """Region and name of the secret in `socket_token_arn`; empty where none is named."""
        found = _SECRET.fullmatch(self.socket_token_arn)
        return (found["region"], found["name"]) if found else ("", "")

    @property
    def on(self) -> bool:
        return bool(self.modes)

    @property
    def by_socket(self) -> bool:
        return SlackMode.SOCKET in self.modes

    @property
    def by_http(self) -> bool:
        return SlackMode.HTTP in self.modes

    @classmethod
    def of(cls, entries: object) -> Self:
        """Raises ValueError likewise."""
        if not isinstance(entries, Mapping):
            message = f"must be an object, not {entries!r}"
            raise ValueError(message)  # noqa: TRY004 - a fault of a file, told like the others
        known = [field.name for field in fields(cls) if field.default is not MISSING]
        if unknown := sorted(set(entries) - set(known)):
            message = f"unknown key {unknown[0]!r} (known: {', '.join(known)})"
            raise ValueError(message)
        return cls(**{name: _READ[name](name, value) for name, value in entries.items()})


def doubts_of(slack: SlackConfig, policy: CompiledPolicy) -> tuple[str, ...]:
    """What of it is lawful and hardly meant."""
    posted = (policy.channels.of(each.resource_id, each.domain) for each in policy.resources)
    if not slack.on or any(posted):
        return ()
    return (
        "slack: the catalogue names no channel for any domain (slack.domains), so no request is "
        "posted in Slack: approvers see it in Home and by `pam inbox` alone",
    )


def _is_beside_us(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    whole = f"http://{parts.netloc}/api/"
    return parts.hostname in _LOOPBACK and port is not None and url == whole


def _refuse(name: str, why: str) -> None:
    message = f"{name} {why}"
    raise ValueError(message)


def _modes(name: str, value: object) -> tuple[SlackMode, ...]:
    choices = [str(mode) for mode in SlackMode]
    listed = _list(name, value)
    for each in listed:
        if each not in choices:
            _refuse(name, f"must be of {', '.join(choices)}, not {each!r}")
    return tuple(map(SlackMode, listed))


def _listed(form: re.Pattern[str], what: str) -> Callable[[str, object], tuple[str, ...]]:
    def read(name: str, value: object) -> tuple[str, ...]:
        listed = _list(name, value)
        for each in listed:
            if not form.fullmatch(each):
                _refuse(name, f"must be {what}, not {each!r}")
        return listed

    return read


def _list(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(type(item) is str for item in value):
        _refuse(name, f"must be a list of texts, not {value!r}")
    listed = tuple(value) if isinstance(value, list) else ()
    if len(set(listed)) != len(listed):
        _refuse(name, "must name each once")
    return listed


def _bool(name: str, value: object) -> bool:
    if type(value) is not bool:
        _refuse(name, f"must be a bool, not {value!r}: write true or false, without quotes")
    return value is True


def _formed(form: re.Pattern[str], what: str) -> Callable[[str, object], str]:
    def read(name: str, value: object) -> str:
        if type(value) is not str or not form.fullmatch(value):
            _refuse(name, f"must be {what}, not {value!r}")
        return str(value)

    return read


def _url(name: str, value: object) -> str:
    """Empty: Slack's own."""
    if type(value) is not str:
        _refuse(name, f"must be a str, not {value!r}: write it in quotes")
    return str(value) or SLACK_API_URL


_READ: Mapping[str, Callable[[str, object], Any]] = {
    "modes": _modes,
    "team_ids": _listed(_TEAM, 'ids of teams, as in "T0123ABCD"'),
    "enterprise_ids": _listed(_ENTERPRISE, 'ids of enterprises, as in "E0123ABCD"'),
    "commands": _listed(_COMMAND, 'commands in lower case with their slash, as in "/jit"'),
    "reactions": _bool,
    "api_url": _url,
    "socket_image": _formed(
        _IMAGE, "an image in ECR by its digest, ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:…"
    ),
    "socket_vpc_id": _formed(_VPC, 'the id of a network, as in "vpc-0123456789abcdef0"'),
    "socket_token_arn": _formed(
        _SECRET, "the whole ARN of a secret, with the six characters at its end"
    ),
}
