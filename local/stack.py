"""Up, down and status of one local stack."""

import json
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import (
    assemblies,
    companions,
    deploy,
    identity_center_beside,
    okta_beside,
    postgres,
    process_groups,
    reachable,
    slack_beside,
    sources,
    supervisor,
)
from local.aws import ACCOUNT, REGION
from local.beside import Beside, BesideError
from local.databases import create_databases
from local.inboxes import create_inboxes
from local.people import create_people
from local.profiles import profiles_of, write_aws_files, write_shell_file
from local.state import State, write_private
from pam.names import Parameter

Tell = Callable[[str], None]

_FUNCTIONS_START_WITHIN = 20.0
_CANNOT = (
    deploy.DeployError,
    supervisor.EmulatorError,
    postgres.PostgresError,
    BesideError,
)


class StackError(Exception):
    """The stack could not be brought up; the message says why, in a few lines."""


@dataclass(frozen=True, slots=True)
class _Progress:
    tell: Tell
    began: float

    def __call__(self, what: str) -> None:
        self.tell(f"{time.monotonic() - self.began:5.1f} s  {what}")


def up(state_dir: Path, *, tell: Tell = print, hand_over: bool = True) -> dict[str, Any]:
    """Brings the stack up, or finds it up and current, and returns what `local.json` says.

    With `hand_over` False the stack ends with this process, however this process ends.
    Raises StackError, also if another process has one there that would end with this one.
    """
    state = State(state_dir.resolve())
    progress = _Progress(tell, time.monotonic())
    try:
        for beside in (slack_beside, identity_center_beside, okta_beside):
            beside.SERVICE.given()
    except BesideError as error:
        raise StackError(str(error)) from error
    with state.locked():
        return _up(state, progress, hand_over=hand_over)


def _up(state: State, progress: Tell, *, hand_over: bool) -> dict[str, Any]:
    digest = sources.digest_of_sources()
    about = state.read_about()
    there = supervisor.running(state)
    if there is not None and not hand_over and not process_groups.started_here(there):
        # It would be stopped with this process, while somebody else works with it.
        message = f"another command has a stack in {state.dir}: try again when it is over"
        raise StackError(message)
    if there and postgres.running(state.postgres) and about is not None:
        current = about["sources"] == _made_of(digest) and _besides_run(state, about)
        if current and _answers(about):
            progress("up already")
            return about
        progress("out of date: starting anew")
    _stop(state)
    try:
        return _bring_up(state, digest, progress, hand_over=hand_over)
    except _CANNOT as error:
        _stop(state)
        raise StackError(str(error)) from error
    except BaseException:
        _stop(state)
        raise


def _stop(state: State) -> bool:
    """With what tells others of it. False if there was nothing."""
    for path in (state.about, state.shell, state.aws_config, state.aws_credentials):
        path.unlink(missing_ok=True)
    folders = (state.socket_host, state.slack, state.identity_center, state.okta)
    beside = [companions.stop(folder) for folder in folders]
    return any([*beside, postgres.stop(state.postgres), supervisor.stop(state)])


def down(state_dir: Path) -> bool:
    """Ends everything that `up` started there. False if there was nothing."""
    state = State(state_dir.resolve())
    if not state.dir.exists():
        return False
    with state.locked():
        return _stop(state)


def status(state_dir: Path) -> dict[str, Any]:
    """`{"status": "up"|"down", ...local.json}`."""
    state = State(state_dir.resolve())
    about = state.read_about()
    if about is None or supervisor.running(state) is None or not _answers(about):
        return {"status": "down"}
    return {"status": "up", **about}


def is_current(state_dir: Path) -> bool:
    """Whether a stack runs there that was made of what stands here now."""
    about = status(state_dir)
    return about.get("sources") == _made_of(sources.digest_of_sources())


def _bring_up(state: State, digest: str, progress: Tell, *, hand_over: bool) -> dict[str, Any]:
    # What the app is deployed into starts while it is synthesised: neither needs the other.
    with ThreadPoolExecutor() as pool:
        aws_starts = pool.submit(_start_aws, state, progress)
        server_starts = pool.submit(_start_postgres, state, progress)
        slack_starts = pool.submit(_start_slack, state, progress)
        okta_starts = pool.submit(_start_okta, state, progress)
        progress("synthesising the app (up to a minute the first time) ...")
        assembly = assemblies.assembly_of(digest)
        progress("app synthesised")
        (emulator, center), server = aws_starts.result(), server_starts.result()
        slack, okta = slack_starts.result(), okta_starts.result()
    slack_beside.keep_secrets(emulator.endpoint, slack.secrets)
    addresses = {
        slack_beside.UNPLACED: slack.service.url,
        identity_center_beside.SERVICE.unplaced: center.url,
        okta_beside.SERVICE.unplaced: okta.url,
    }
    progress("deploying it ...")
    deploy.deploy(assemblies.placed(assembly, state.assembly, addresses), emulator.endpoint)
    emulator.start_functions()
    progress("app deployed")
    api_url = reachable.publish(emulator.endpoint, Parameter.REQUEST_API_ENDPOINT)
    host = slack_beside.join(state, slack, emulator.endpoint)
    okta_beside.register_keys(state, okta, emulator.endpoint)
    people = create_people(emulator.endpoint)
    about = {
        "endpoint_url": emulator.endpoint,
        "api_url": api_url,
        "region": REGION,
        "account": ACCOUNT,
        "env": "local",
        "profiles": profiles_of(people),
        "services": {
            "slack": slack.service.about(),
            "identity_center": center.about(),
            "okta": okta.about(),
        },
        "inboxes": create_inboxes(emulator.endpoint),
        "databases": create_databases(server, emulator.endpoint),
        "sources": _made_of(digest),
    }
    write_aws_files(state, people)
    write_shell_file(state, emulator.endpoint)
    write_private(state.about, json.dumps(about, indent=2))
    progress("people, inboxes and databases are there")
    progress("starting the functions ...")
    _wait_for_functions(state)
    progress("functions started")
    if hand_over:
        emulator.hand_over()
        server.hand_over()
        for companion in filter(None, (slack.service.process, host, center.process, okta.process)):
            companion.hand_over()
    return about


def _start_aws(state: State, progress: Tell) -> tuple[supervisor.Emulator, Beside]:
    """The emulator, and the Identity Center that has its roles there."""
    emulator = supervisor.start(state)
    progress("emulator started")
    center = identity_center_beside.start(state, emulator.endpoint)
    progress("Identity Center started" if center.process else f"it is at {center.url}")
    return emulator, center


def _start_postgres(state: State, progress: Tell) -> postgres.Postgres:
    server = postgres.start(state.postgres)
    progress("PostgreSQL started")
    return server


def _made_of(digest: str) -> str:
    """What `local.json` says of a stack, so that the next `up` can tell whether it is current."""
    return f"{digest}-{sources.digest_of_surroundings()}"


def _wait_for_functions(state: State) -> None:
    """A courtesy, not a condition: a function without a process gets one when it is called."""
    deadline = time.monotonic() + _FUNCTIONS_START_WITHIN
    while time.monotonic() < deadline and not state.functions_started.exists():
        time.sleep(0.05)


def _start_slack(state: State, progress: Tell) -> slack_beside.SlackBeside:
    beside = slack_beside.start(state)
    there = beside.service
    progress("Slack started" if there.process else f"Slack is at {there.url}")
    return beside


def _start_okta(state: State, progress: Tell) -> Beside:
    beside = okta_beside.start(state)
    progress("Okta started" if beside.process else f"Okta is at {beside.url}")
    return beside


def _besides_run(state: State, about: dict[str, Any]) -> bool:
    told = about.get("services", {})
    return (
        companions.running(state.socket_host)
        and slack_beside.SERVICE.runs(told.get("slack"), state.slack)
        and identity_center_beside.SERVICE.runs(told.get("identity_center"), state.identity_center)
        and okta_beside.SERVICE.runs(told.get("okta"), state.okta)
    )


def _answers(about: dict[str, Any]) -> bool:
    with suppress(OSError):
        health = f"{about['endpoint_url']}/_ministack/health"
        with urllib.request.urlopen(health, timeout=2):  # noqa: S310 - an address of this machine
            return True
    return False
