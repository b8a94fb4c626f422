"""After a first deployment that failed: `make unstick ENV=NAME [REMOVE=ACCOUNT]`.

Shows what it left behind; with REMOVE, removes it. Nothing is removed that anything is in, nor
anything beside it that the same deployment made: then data was kept there, and no rest is in the
way. Exit code 0: nothing is left, or all of it was removed; 1: something is.
"""

from collections.abc import Mapping
from typing import Annotated

import typer

from deployment.environment import Clients, Refused, Say, read_config, told
from deployment.leftovers import (
    Leftover,
    find,
    has_content,
    is_there,
    remove,
    stacks_that_failed,
)
from stacks.config import DeployConfig

_KEY_LAST = ("dynamodb", "logs", "s3", "kms")


class WrongAccountError(Refused):
    """The caller's account is not the one that was meant."""


class InUseError(Refused):
    """Somebody wrote to what was empty a moment before."""


def main(
    env_name: Annotated[str, typer.Argument(metavar="ENV", help="As in cdk.json.")] = "",
    remove_in: Annotated[
        str, typer.Option("--remove", metavar="ACCOUNT", help="Remove it, in this account.")
    ] = "",
) -> None:
    import boto3

    with told():
        config = read_config(env_name)
        clients = boto3.Session(region_name=config.region).client
        code = unstick(config, clients, remove_in=remove_in or None, say=print)
    raise typer.Exit(code)


def unstick(config: DeployConfig, clients: Clients, *, remove_in: str | None, say: Say) -> int:
    """Raises WrongAccountError before anything is looked at."""
    account = clients("sts").get_caller_identity()["Account"]
    if config.account and account not in {config.account, config.witness_account}:
        message = f"your credentials are of account {account}, and cdk.json names {config.account}"
        raise WrongAccountError(message)
    if remove_in not in {None, account}:
        message = f"your credentials are of account {account}, and {remove_in} was meant"
        raise WrongAccountError(message)
    say(f"account {account}, {config.region}, environment {config.env_name}")
    stacks = stacks_that_failed(clients, config.env_name)
    groups: dict[str, list[Leftover]] = {stack: [] for stack in stacks}
    for each in find(clients, config.env_name):
        groups.setdefault(each.deployment, []).append(each)
    kept = [stack for stack, group in groups.items() if _show(clients, stack, stacks, group, say)]
    if remove_in is not None:
        for stack in [stack for stack in groups if stack not in kept]:
            _remove_all(clients, stacks.get(stack), groups.pop(stack), say)
    if not groups:
        say("nothing is in the way")
    elif remove_in is None and len(kept) < len(groups):
        say(f"to remove what is empty: make unstick ENV={config.env_name} REMOVE={account}")
    return int(bool(groups))


def _show(
    clients: Clients, stack: str, failed: Mapping[str, str], group: list[Leftover], say: Say
) -> bool:
    """Whether anything of it has content, so that all of it is kept."""
    say(f"made by {stack or 'a stack that AWS does not name'}:")
    if stack in failed:
        say(f"  {'stack':10} {failed[stack]}: its first deployment failed")
    full = [each for each in group if has_content(clients, each)]
    for each in group:
        found = "a key" if each.service == "kms" else "has content" if each in full else "empty"
        say(f"  {each.service:10} {each.name}: {found}")
    if full:
        say("  kept, all of it: it was in use (docs/runbook.md, A first deployment that failed)")
    return bool(full)


def _remove_all(
    clients: Clients, failed_stack: str | None, group: list[Leftover], say: Say
) -> None:
    """The stack first: what it retains outlasts it, and what it would make again is gone then.
    Raises InUseError at the first thing that somebody wrote to meanwhile.
    """
    if failed_stack is not None:
        _delete_stack(clients, failed_stack)
        say(f"  {'stack':10} {failed_stack}: deleted")
    for each in sorted(group, key=lambda it: _KEY_LAST.index(it.service)):
        if not is_there(clients, each):
            continue
        if has_content(clients, each):
            message = f"{each.name} is in use by now; it and what follows was left as it is"
            raise InUseError(message)
        remove(clients, each)
        done = "is deleted in 30 days" if each.service == "kms" else "removed"
        say(f"  {each.service:10} {each.name}: {done}")


def _delete_stack(clients: Clients, name: str) -> None:
    cloudformation = clients("cloudformation")
    cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name)


if __name__ == "__main__":
    typer.run(main)
