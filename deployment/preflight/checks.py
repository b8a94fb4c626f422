"""Every check, in the order in which it is told."""

from deployment.assembly import Stack
from deployment.environment import DONE, FAILED, ROOT, Clients, identify
from deployment.preflight import (
    account,
    capacity,
    databases,
    evidence,
    lent_groups,
    lent_permission_sets,
    lent_roles,
    network,
    notices,
    people,
    powers,
)
from deployment.preflight.check import Check, Result, Surroundings, Verdict, make
from deployment.preflight.reads import reading
from deployment.preflight.report import lines
from pam.policy.compiler import load
from stacks.config import DeployConfig

CHECKS: tuple[Check, ...] = (
    *account.CHECKS,
    *capacity.CHECKS,
    *network.CHECKS,
    *evidence.CHECKS,
    *people.CHECKS,
    *powers.CHECKS,
    *lent_roles.CHECKS,
    *lent_permission_sets.CHECKS,
    *lent_groups.CHECKS,
    *databases.CHECKS,
    *notices.CHECKS,
)


def look_around(config: DeployConfig, clients: Clients, stacks: tuple[Stack, ...]) -> Surroundings:
    only_reading = reading(clients)
    return Surroundings(
        config=config,
        policy=load(ROOT / config.policy_dir, ROOT / config.identities),
        clients=only_reading,
        caller=identify(only_reading),
        stacks=stacks,
    )


def before_deployment(config: DeployConfig, clients: Clients, stacks: tuple[Stack, ...]) -> int:
    """The checks that a deployment fails at, and no others. Says only what is not as it should."""
    around = look_around(config, clients, stacks)
    results = [make(check, around) for check in CHECKS if check.blocks]
    for result in results:
        shown = [it for it in result.findings if it.verdict is not Verdict.OK]
        if shown and (around.at_home or result.check.everywhere):
            print("\n".join(lines(Result(check=result.check, findings=tuple(shown)))))
    return FAILED if any(result.wrong for result in results) else DONE
