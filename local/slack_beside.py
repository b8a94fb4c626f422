"""The Slack of a stack: the fake of `local/slack/`, or what stands in its place.

`PAM_LOCAL_SLACK_URL`, set to an address of this machine before the stack comes up, takes the
fake's place. Whichever it is, the app is deployed with its address, and its three secrets are this
stack's own.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local import companions, reachable, socket_host
from local.aws import ACCOUNT, REGION, root_client
from local.bridges.tasks import credentials_of
from local.companions import Companion
from local.slack.control import SlackControl
from local.slack.state import Secrets
from local.state import CACHE, State, write_private
from pam.names import (
    SLACK_API_URL,
    SlackParameter,
    SlackSecret,
    slack_secret_name,
    slack_socket_role_name,
)
from stacks.slack_config import SlackConfig

VARIABLE = "PAM_LOCAL_SLACK_URL"
UNPLACED = "http://127.0.0.1:9/api/"
"""The address in `cdk.json`, under which nothing listens: each stack puts its own in its place."""
_PATH = "/api/"
_READY_WITHIN = 20.0
_ABOUT, _SECRETS, _CALLS = "slack.json", "secrets.json", "calls.jsonl"


class SlackError(Exception):
    """There is no Slack for this stack; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """`url` is of the Web API, as Slack's own clients take it. Of a Slack that is not ours there is
    no `control_url`, and no process.
    """

    url: str
    control_url: str | None
    secrets: Secrets
    process: Companion | None

    def about(self) -> dict[str, str]:
        """What `local.json` says of it."""
        told = {"url": self.url}
        return told if self.control_url is None else told | {"control_url": self.control_url}


def given(environment: Mapping[str, str] = os.environ) -> str | None:
    """The address of the Slack that is to take the fake's place. Raises SlackError unless it is one
    of this machine: nothing that runs here may reach a real Slack.
    """
    said = environment.get(VARIABLE, "").strip()
    if not said:
        return None
    parts = urlsplit(said)
    path = parts.path if parts.path.strip("/") else _PATH
    url = f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}/"
    with suppress(ValueError):
        if url != SLACK_API_URL:
            return SlackConfig(api_url=url).api_url
    message = f"{VARIABLE}={said}: http://127.0.0.1:PORT is needed, an address of this machine"
    raise SlackError(message)


def is_wanted(told: object, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether what `local.json` says of a running stack's Slack is what would be there now."""
    if not isinstance(told, Mapping):
        return False
    other = given(environment)
    return told.get("url") == other if other else "control_url" in told


def start(state: State) -> Beside:
    """Starts the fake, once it answers; or takes what is in its place as it is."""
    shutil.rmtree(state.slack, ignore_errors=True)
    made = Secrets()
    write_private(state.slack / _SECRETS, json.dumps(asdict(made)))
    other = given()
    if other is not None:
        return Beside(url=other, control_url=None, secrets=made, process=None)
    process = companions.start(state.slack, _command(state.slack), _environment())
    about = _published(process, state.slack)
    return Beside(url=about["url"], control_url=about["control_url"], secrets=made, process=process)


def recorded_calls(state: State) -> Path:
    """What the app has asked of the fake, call by call (`local/slack/recording.py`)."""
    return state.slack / _CALLS


def control_of(state: State) -> SlackControl:
    """Raises SlackError where the stack has no Slack of ours."""
    try:
        return SlackControl.of(state.slack / _ABOUT)
    except FileNotFoundError:
        message = "this stack has no Slack of its own"
        raise SlackError(message) from None


def bot_token(state: State) -> str:
    """As the stack was given it."""
    return str(json.loads((state.slack / _SECRETS).read_text(encoding="utf-8"))["bot_token"])


def keep_secrets(endpoint: str, made: Secrets) -> None:
    """As a person does before the deployment."""
    manager = root_client("secretsmanager", endpoint)
    for secret, value in (
        (SlackSecret.BOT_TOKEN, made.bot_token),
        (SlackSecret.SIGNING_SECRET, made.signing_secret),
        (SlackSecret.APP_TOKEN, made.app_token),
    ):
        manager.create_secret(Name=slack_secret_name("local", secret), SecretString=value)


def join(state: State, beside: Beside, endpoint: str) -> Companion:
    """Once PAM is deployed: gives the fake the addresses of the HTTP way (it goes on to deliver by
    socket unless asked for the other), and starts the host of the socket.
    """
    door = reachable.publish(endpoint, SlackParameter.API_URL)
    socket = reachable.publish(endpoint, SlackParameter.SOCKET_URL)
    if beside.process is not None:
        control_of(state).call(
            "send_to",
            events_api=f"{door}/slack/events",
            interactive=f"{door}/slack/interactions",
            slash_commands=f"{door}/slack/commands",
        )
    role = f"arn:aws:iam::{ACCOUNT}:role/{slack_socket_role_name('local')}"
    given = {
        "PAM_SLACK_SOCKET_URL": socket,
        "PAM_SLACK_API_URL": beside.url,
        "PAM_SLACK_APP_TOKEN": beside.secrets.app_token,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }
    return socket_host.start(state, given | credentials_of(role))


def _command(folder: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "local.slack", "--port-file", str(folder / _ABOUT)),
        *("--secrets", str(folder / _SECRETS), "--record", str(folder / _CALLS), "--lifeline"),
    ]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONPYCACHEPREFIX": str(CACHE / "bytecode")}


def _published(process: Companion, folder: Path) -> dict[str, str]:
    deadline = time.monotonic() + _READY_WITHIN
    while time.monotonic() < deadline and process.process.poll() is None:
        try:
            about: dict[str, str] = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            time.sleep(0.02)
            continue
        return about
    message = f"the fake Slack did not start; its log ends with:\n{companions.last_lines(folder)}"
    raise SlackError(message)
