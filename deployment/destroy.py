"""`make destroy ENV=NAME`: removes the stacks that belong to the account of your credentials.

It says what goes and what stays, and asks for the environment's name (YES=NAME answers it). Nothing
goes while sessions are open: end them, or say SESSIONS=abandon. A stack that is protected stays,
and you are told how to lift its protection: nothing here does.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from deployment import open_sessions, remains, standing
from deployment.assembly import Stack
from deployment.cdk import Run, run_cdk, synthesise
from deployment.environment import (
    DONE,
    FAILED,
    ROOT,
    Clients,
    Refused,
    Say,
    identify,
    read_config,
    told,
)
from deployment.open_sessions import OpenSessions
from stacks.config import ConfigError, DeployConfig

Ask = Callable[[str], str]
ABANDON = "abandon"
_SHOWN = 10


def main(
    env_name: Annotated[str, typer.Argument(metavar="ENV", help="As in cdk.json.")] = "",
    yes: Annotated[str, typer.Option(help="The environment's name: nothing is asked then.")] = "",
    sessions: Annotated[str, typer.Option(help=f"`{ABANDON}` leaves open sessions behind.")] = "",
) -> None:
    import boto3

    if sessions not in {"", ABANDON}:
        message = f"SESSIONS is {ABANDON} or nothing, not {sessions!r}"
        raise typer.BadParameter(message)
    with told():
        config = read_config(env_name)
        code = destroy(
            config,
            boto3.Session(region_name=config.region).client,
            run_cdk,
            folder=ROOT / ".pam" / "deploy" / env_name / "protected",
            ask=input if sys.stdin.isatty() else None,
            yes=yes,
            abandon=sessions == ABANDON,
            say=print,
        )
    raise typer.Exit(code)


def destroy(
    config: DeployConfig,
    clients: Clients,
    run: Run,
    *,
    folder: Path,
    ask: Ask | None,
    yes: str,
    abandon: bool,
    say: Say,
) -> int:
    """Raises ConfigError or Refused before anything goes. `ask` None: nobody is there to answer."""
    env_name = config.env_name
    if yes not in {"", env_name}:
        message = f"YES={yes} is another environment than ENV={env_name}"
        raise ConfigError(message)
    if not yes and ask is None:
        message = f"nobody is at a terminal to be asked: say YES={env_name}"
        raise ConfigError(message)
    caller = identify(clients)
    say(f"account {caller.account}, {config.region}, environment {env_name}")
    stacks = synthesise(run, env_name, folder)
    there = [
        (stack, found)
        # Each goes before what it depends on.
        for stack in reversed(stacks)
        if stack.belongs_to(caller.account) and (found := standing.find(clients, stack))
    ]
    _say_others(stacks, caller.account, env_name, say)
    going = [stack for stack, found in there if not found.protected]
    _say_protected([stack for stack, found in there if found.protected], say)
    if not going:
        say("nothing goes")
        return FAILED if there else DONE
    _refuse_while_open(clients, env_name, going, abandon=abandon, say=say)
    kept = _say_plan(clients, going, say)
    if not yes and (ask is None or ask(f"type {env_name} to remove them: ").strip() != env_name):
        message = "that is another name: nothing was removed"
        raise Refused(message)
    # Again: whoever was asked may have thought about it for an hour.
    _refuse_while_open(clients, env_name, going, abandon=abandon, say=say)
    for stack in going:
        if run(["destroy", stack.path, "--exclusively", "--force", "--app", str(folder)]) != 0:
            say(f"{stack.name} could not be removed; what follows it was left as it is")
            return FAILED
    for command in kept:
        say(command)
    return DONE


def _say_others(stacks: tuple[Stack, ...], account: str, env_name: str, say: Say) -> None:
    for stack in stacks:
        if not stack.belongs_to(account):
            say(
                f"stays: {stack.name}, of account {stack.account}: "
                f"AWS_PROFILE=<one of account {stack.account}> make destroy ENV={env_name}"
            )


def _say_protected(stacks: list[Stack], say: Say) -> None:
    for stack in stacks:
        say(f"stays: {stack.name} is protected: it holds what nobody may lose. To give it up:")
        say(
            "  aws cloudformation update-termination-protection --no-enable-termination-protection "
            f"--region {stack.region} --stack-name {stack.name}"
        )


def _refuse_while_open(
    clients: Clients, env_name: str, going: list[Stack], *, abandon: bool, say: Say
) -> None:
    """Without its service nothing ends a session but the clock in its credentials, and a database's
    user not even that.
    """
    if all(stack.name != f"pam-{env_name}-service" for stack in going):
        return
    found = open_sessions.find(clients, env_name)
    if found.some and not abandon:
        _say_sessions(found, say)
        message = (
            "nothing was removed: sessions are open, and nothing would end them. End them (pam "
            'revoke ID --reason "..."), or leave them to themselves: SESSIONS=abandon'
        )
        raise Refused(message)
    if found.traces:
        say(
            f"{len(found.traces)} ended session(s) still have a deny at their target, which stays "
            "there for good if the service goes now; half an hour from now they are cleared"
        )
    if found.some:
        _say_sessions(found, say)
        say("they are left to themselves, as you said")


def _say_sessions(found: OpenSessions, say: Say) -> None:
    for what, ids in (("with access", found.access), ("waiting for votes", found.waiting)):
        if ids:
            more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
            say(f"open, {what}: {', '.join(ids[:_SHOWN])}{more}")


def _say_plan(clients: Clients, going: list[Stack], say: Say) -> list[str]:
    """What to say afterwards: the commands that remove what stays."""
    commands = []
    for stack in going:
        say(f"goes: {stack.name} ({stack.region})")
        for each in remains.find(clients, stack):
            say(f"  stays after it: {each.kind} {each.name}: {each.why}")
            commands += [f"  {command} --region {stack.region}" for command in each.commands]
    return ["what stays can be removed by hand, if nobody needs it any more:", *commands] * bool(
        commands
    )


if __name__ == "__main__":
    typer.run(main)
