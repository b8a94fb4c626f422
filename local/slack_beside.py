"""The Slack of a stack: the fake of `local/slack/`, or what stands in its place.

`PAM_LOCAL_SLACK_URL`, set to an address of this machine before the stack comes up, takes the
fake's place. Whichever it is, the app is deployed with its address, and its three secrets are this
stack's own.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from local import reachable, socket_host
from local.aws import ACCOUNT, REGION, root_client
from local.beside import Beside, BesideError, Service
from local.bridges.tasks import credentials_of
from local.process_groups import Started
from local.slack.control import SlackControl
from local.slack.state import Secrets
from local.state import State, write_private
from pam.names import (
    SlackParameter,
    SlackSecret,
    slack_secret_name,
    slack_socket_role_name,
)

VARIABLE = "PAM_LOCAL_SLACK_URL"
SlackError = BesideError
SERVICE = Service(
    title="Slack", variable=VARIABLE, path="/api/", module="local.slack", about="slack.json"
)
UNPLACED = SERVICE.unplaced
_SECRETS, _CALLS = "secrets.json", "calls.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackBeside:
    """A Slack, and the secrets that this stack made for it."""

    service: Beside
    secrets: Secrets


def given(environment: Mapping[str, str] = os.environ) -> str | None:
    """The address of the Slack that is to take the fake's place. Raises SlackError."""
    return SERVICE.given(environment)


def is_wanted(told: object, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether what `local.json` says of a running stack's Slack is what would be there now."""
    return SERVICE.is_wanted(told, environment)


def start(state: State) -> SlackBeside:
    """Starts the fake, once it answers; or takes what is in its place as it is."""
    shutil.rmtree(state.slack, ignore_errors=True)
    made = Secrets()
    write_private(state.slack / _SECRETS, json.dumps(asdict(made)))
    other = given()
    if other is not None:
        there = Beside(url=other, control_url=None, process=None)
    else:
        options = ["--secrets", str(state.slack / _SECRETS), "--record", str(state.slack / _CALLS)]
        there = SERVICE.start(state.slack, options)
    return SlackBeside(service=there, secrets=made)


def recorded_calls(state: State) -> Path:
    """What the app has asked of the fake, call by call (`local/slack/recording.py`)."""
    return state.slack / _CALLS


def control_of(state: State) -> SlackControl:
    """Raises SlackError where the stack has no Slack of ours."""
    return SlackControl.of(SERVICE.there(state.slack))


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


def join(state: State, beside: SlackBeside, endpoint: str) -> Started:
    """Once PAM is deployed: gives the fake the addresses of the HTTP way (it goes on to deliver by
    socket unless asked for the other), and starts the host of the socket.
    """
    door = reachable.publish(endpoint, SlackParameter.API_URL)
    socket = reachable.publish(endpoint, SlackParameter.SOCKET_URL)
    if beside.service.process is not None:
        control_of(state).call(
            "send_to",
            events_api=f"{door}/slack/events",
            interactive=f"{door}/slack/interactions",
            slash_commands=f"{door}/slack/commands",
        )
    role = f"arn:aws:iam::{ACCOUNT}:role/{slack_socket_role_name('local')}"
    given = {
        "PAM_SLACK_SOCKET_URL": socket,
        "PAM_SLACK_API_URL": beside.service.url,
        "PAM_SLACK_APP_TOKEN": beside.secrets.app_token,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }
    return socket_host.start(state, given | credentials_of(role))
