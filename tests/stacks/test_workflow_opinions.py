"""A validator that is not ours reads the state machine of every environment."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.stacks.concrete import Place, Reader
from tests.stacks.conftest import ENVIRONMENTS
from tests.stacks.template import Deployment
from tests.workflow_opinions import faults_of

Json = dict[str, Any]


def _definition(deployment: Deployment) -> Json:
    """As Step Functions would get it."""
    reader = Reader(template=deployment.service, outputs=deployment.foundation, place=Place())
    _, machine = deployment.only("AWS::StepFunctions::StateMachine")
    found: Json = json.loads(reader.resolve(machine["Properties"]["DefinitionString"]))
    return found


def test_the_validator_finds_nothing_in_any_environment(
    deployment_of: Callable[[str], Deployment],
) -> None:
    told = faults_of([_definition(deployment_of(name)) for name in ENVIRONMENTS])
    assert told == [[] for _ in ENVIRONMENTS]


Break = Callable[[Json], object]
BREAKS: dict[str, Break] = {
    "a state that leads nowhere": lambda d: d["States"]["Admit"].update(Next="Nowhere"),
    "a beginning that is no state": lambda d: d.update(StartAt="Nowhere"),
    "a state that nothing leads to": lambda d: d["States"].update(
        Lost={"Type": "Pass", "Next": "Revoke"}
    ),
    "a state that neither ends nor goes on": lambda d: d["States"]["Revoke"].pop("End"),
    "a kind of state that there is not": lambda d: d["States"]["Admit"].update(Type="Tusk"),
    "a wait of two lengths": lambda d: d["States"]["HoldUntilExpiry"].update(Seconds=3),
    "a resource that is no ARN": lambda d: d["States"]["Admit"].update(Resource="lambda"),
    "a retry that names no error": lambda d: d["States"]["Admit"]["Retry"][0].pop("ErrorEquals"),
    "a choice without choices": lambda d: d["States"]["EnoughApprovals"].pop("Choices"),
    "a field of the other query language": lambda d: d["States"]["Revoke"].update(ResultPath="$.x"),
}


@pytest.fixture(scope="module")
def told(deployment_of: Callable[[str], Deployment]) -> dict[str, list[str]]:
    broken = []
    for spoil in BREAKS.values():
        definition = _definition(deployment_of("prod"))
        spoil(definition)
        broken.append(definition)
    return dict(zip(BREAKS, faults_of(broken), strict=True))


@pytest.mark.parametrize("case", BREAKS)
def test_the_validator_rejects_what_is_broken(case: str, told: dict[str, list[str]]) -> None:
    assert told[case]
