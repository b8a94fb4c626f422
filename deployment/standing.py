"""Which stacks of an environment are there, and in which state."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from deployment.assembly import Stack
from deployment.environment import Clients
from deployment.leftovers import NEVER_MADE

_BEING_REVIEWED = "REVIEW_IN_PROGRESS"
"""A change set was made for a stack that is not there; a deployment goes on from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    stack_id: str
    status: str
    protected: bool

    @property
    def never_made(self) -> bool:
        """Its first deployment failed, and the next one fails at what it left."""
        return self.status in NEVER_MADE


def find(clients: Clients, stack: Stack) -> Standing | None:
    """None if it is not there."""
    return named(clients, stack.name, stack.region)


def named(clients: Clients, name: str, region: str) -> Standing | None:
    cloudformation = clients("cloudformation", region)
    try:
        (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # AWS has no other code for it
            return None
        raise
    if found["StackStatus"] in {_BEING_REVIEWED, "DELETE_COMPLETE"}:
        return None
    return Standing(
        stack_id=found["StackId"],
        status=found["StackStatus"],
        protected=bool(found.get("EnableTerminationProtection")),
    )
