"""How long what a deployment makes stays, and what it takes to remove it."""

from dataclasses import dataclass
from typing import Self

from aws_cdk import RemovalPolicy

from stacks.config import DeployConfig

KEPT = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
"""Outlasts its stack, but not the roll-back of the very deployment that made it: it is empty then,
and its name would be in the way of the next try.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """`retained`: it outlasts its stack. `protected`: AWS refuses to delete it until somebody lifts
    the protection, the roll-back of a first deployment included.
    """

    retained: bool
    protected: bool

    @classmethod
    def of(cls, config: DeployConfig) -> Self:
        return cls(retained=config.retain_data, protected=config.protected)

    @property
    def removal_policy(self) -> RemovalPolicy:
        return KEPT if self.retained else RemovalPolicy.DESTROY
