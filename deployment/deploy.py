"""`make deploy ENV=NAME`: deploys what belongs to the account of your credentials.

Your ordinary AWS credentials are used (AWS_PROFILE). Stacks of other accounts (the witness of the
audit log) are named, with whose credentials to deploy them. An environment is deployed twice the
first time: without protection, so that a failure can be undone whole, and right afterwards with it.

PREFLIGHT=skip leaves out the checks before. APPROVAL=never|broadening|any-change says which changes
of rights the CDK CLI asks about: by default those that broaden them on a terminal, and none
elsewhere, where nobody could answer.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from deployment import standing
from deployment.assembly import Stack
from deployment.cdk import Run, run_cdk, synthesise
from deployment.environment import (
    DONE,
    FAILED,
    ROOT,
    Caller,
    Clients,
    Refused,
    Say,
    identify,
    read_config,
    told,
)
from deployment.leftovers import stack_names
from deployment.preflight.checks import before_deployment
from pam.names import Parameter, parameter_path
from stacks.config import DeployConfig, Protection
from stacks.foundation_digest import CONTEXT_KEY

APPROVALS = ("never", "broadening", "any-change")
Before = Callable[[DeployConfig, Clients, tuple[Stack, ...]], int]
"""The checks before: gives 0 if nothing is in the way."""


def main(
    env_name: Annotated[str, typer.Argument(metavar="ENV", help="As in cdk.json.")] = "",
    preflight: Annotated[str, typer.Option(help="`skip` leaves out the checks before.")] = "",
    approval: Annotated[str, typer.Option(help=f"One of {', '.join(APPROVALS)}.")] = "",
) -> None:
    import boto3

    if preflight not in {"", "skip"}:
        message = f"PREFLIGHT is skip or nothing, not {preflight!r}"
        raise typer.BadParameter(message)
    if approval not in {"", *APPROVALS}:
        message = f"APPROVAL is one of {', '.join(APPROVALS)}, not {approval!r}"
        raise typer.BadParameter(message)
    with told():
        config = read_config(env_name)
        clients = boto3.Session(region_name=config.region).client
        code = deploy(
            config,
            clients,
            run_cdk,
            approval=approval or default_approval(terminal=sys.stdin.isatty()),
            folder=ROOT / ".pam" / "deploy" / env_name,
            before=None if preflight else before_deployment,
            say=print,
        )
    raise typer.Exit(code)


def default_approval(*, terminal: bool) -> str:
    return "broadening" if terminal and not os.environ.get("CI") else "never"


def deploy(
    config: DeployConfig,
    clients: Clients,
    run: Run,
    *,
    approval: str,
    folder: Path,
    before: Before | None,
    say: Say,
) -> int:
    """Raises Refused before anything is deployed; 1 if the CLI failed at something."""
    caller = identify(clients)
    env_name = config.env_name
    say(f"account {caller.account}, {config.region}, environment {env_name}")
    stacks = _synthesise(config, clients, run, folder / "protected")
    own = [stack for stack in stacks if stack.belongs_to(caller.account)]
    _say_plan(env_name, caller, stacks, say)
    if before is not None and before(config, clients, stacks) != DONE:
        message = (
            "nothing was deployed: mend what is wrong, or deploy all the same with PREFLIGHT=skip"
        )
        raise Refused(message)
    missing = [stack for stack in own if _is_missing(clients, stack, env_name)]
    if any(stack.protected for stack in missing):
        say("first without protection, so that a failure can be undone whole")
        unprotected = synthesise(
            run, env_name, folder / "first", protection=Protection.FROM_THE_NEXT_DEPLOYMENT
        )
        names = {stack.name for stack in missing}
        first = [stack for stack in unprotected if stack.name in names]
        if _deploy(run, folder / "first", first, approval) != 0:
            say(f"see what is left of it: make unstick ENV={env_name}")
            return FAILED
        say("now with protection")
        # The foundation has an id by now.
        _synthesise(config, clients, run, folder / "protected")
    if _deploy(run, folder / "protected", own, approval) != 0:
        return FAILED
    _say_end(config, clients, own, say)
    return DONE


def _synthesise(
    config: DeployConfig, clients: Clients, run: Run, folder: Path
) -> tuple[Stack, ...]:
    """With the foundation's id: one that was deleted and made anew has other outputs, and the
    service takes them up only if its own template changes.
    """
    there = standing.named(clients, f"pam-{config.env_name}-foundation", config.region)
    context = {} if there is None else {CONTEXT_KEY: there.stack_id}
    return synthesise(run, config.env_name, folder, **context)


def _is_missing(clients: Clients, stack: Stack, env_name: str) -> bool:
    there = standing.find(clients, stack)
    if there is not None and there.never_made and stack.name in stack_names(env_name):
        message = (
            f"{stack.name} is {there.status}: its first deployment failed, and what that left is "
            f"in the way. See it: make unstick ENV={env_name}"
        )
        raise Refused(message)
    return there is None


def _say_plan(env_name: str, caller: Caller, stacks: tuple[Stack, ...], say: Say) -> None:
    """Raises Refused if nothing here belongs to the caller's account."""
    accounts = list(dict.fromkeys(stack.account or caller.account for stack in stacks))
    if caller.account not in accounts:
        message = (
            f"your credentials are of account {caller.account}; {env_name} is deployed with those "
            f"of {' and '.join(accounts)}"
        )
        raise Refused(message)
    for account in accounts:
        listed = ", ".join(
            f"{stack.name} ({stack.region})"
            for stack in stacks
            if (stack.account or caller.account) == account
        )
        if account == caller.account:
            say(f"with these credentials: {listed}")
        else:
            say(f"with credentials of account {account}, by themselves: {listed}")
            say(f"  AWS_PROFILE=<one of account {account}> make deploy ENV={env_name}")


def _deploy(run: Run, assembly: Path, stacks: list[Stack], approval: str) -> int:
    """What was synthesised and nothing else: the CLI is given the folder and not the app."""
    return run(
        [
            *("deploy", *(stack.path for stack in stacks), "--exclusively"),
            *("--app", str(assembly), "--require-approval", approval),
            *("--progress", "events"),
        ]
    )


def _say_end(config: DeployConfig, clients: Clients, own: list[Stack], say: Say) -> None:
    env_name = config.env_name
    say("deployed: " + ", ".join(stack.name for stack in own))
    if any(stack.name == f"pam-{env_name}-service" for stack in own):
        path = parameter_path(env_name, Parameter.REQUEST_API_ENDPOINT)
        endpoint = clients("ssm").get_parameter(Name=path)["Parameter"]["Value"]
        say(f"request API: {endpoint}")
        say(f"next, prove it: make smoke ENV={env_name}")


if __name__ == "__main__":
    typer.run(main)
