"""What the catalogue lends, for the functions that make, unmake and watch access."""

from dataclasses import dataclass, replace
from typing import Self

from constructs import Construct

from pam.policy.compiled import CompiledPolicy
from stacks.lent_databases import LentDatabases
from stacks.lent_permission_sets import SetRole, set_roles
from stacks.pam_function import PamFunction
from stacks.target_roles import TargetRoles


@dataclass(frozen=True, slots=True, kw_only=True)
class LentTargets:
    """Roles and databases: each grants what a function needs of it. `permission_sets` are only
    watched here.
    """

    roles: TargetRoles
    databases: LentDatabases
    permission_sets: tuple[SetRole, ...]

    @classmethod
    def of_catalogue(cls, scope: Construct, policy: CompiledPolicy) -> Self:
        """Raises PolicyError for a target that AWS would refuse to lend."""
        return cls(
            roles=TargetRoles.of_catalogue(scope, policy),
            databases=LentDatabases.of_catalogue(scope, policy),
            permission_sets=set_roles(scope, policy),
        )

    def rotated_by(self, function: PamFunction) -> Self:
        return replace(self, databases=self.databases.rotated_by(function))
