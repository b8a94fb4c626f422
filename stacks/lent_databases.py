"""The secrets of the databases that the catalogue lends: exactly these may be read and rotated."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.domain.kinds import Need
from pam.policy.compiled import CompiledPolicy
from stacks.pam_function import PamFunction
from stacks.place import regional_host
from stacks.wide_rights import allow_on_each

_SUFFIX = "-??????"
"""Secrets Manager appends a hyphen and six characters to the name, in the ARN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LentDatabases:
    """ARNs, as IAM takes them; `keys` are the customer keys that the secrets are under."""

    read: tuple[str, ...]
    rotated: tuple[str, ...]
    rotated_names: tuple[str, ...]
    rotation_functions: tuple[str, ...]
    rds_users: tuple[str, ...]
    keys: tuple[str, ...]
    statement_logs: tuple[str, ...]
    """Names of log groups that tell what sessions did."""

    @classmethod
    def of_catalogue(cls, scope: Construct, policy: CompiledPolicy) -> Self:
        def needing(need: Need) -> tuple[str, ...]:
            return tuple(sorted({name for each in policy.resources for name in each.needing(need)}))

        rotated = needing(Need.ROTATE_SECRET)
        return cls(
            read=tuple(_secret_arn(scope, name) for name in needing(Need.READ_SECRET)),
            rotated=tuple(_secret_arn(scope, name) for name in rotated),
            rotated_names=rotated,
            rotation_functions=tuple(
                _function_arn(scope, name) for name in needing(Need.INVOKE_ROTATION)
            ),
            rds_users=tuple(_rds_user_arn(scope, name) for name in needing(Need.CONNECT_TO_RDS)),
            keys=needing(Need.USE_KEY),
            statement_logs=needing(Need.READ_LOG),
        )

    def rotated_by(self, function: PamFunction) -> Self:
        arns = (*self.rotation_functions, function.function.function_arn)
        return replace(self, rotation_functions=arns)

    def grant_lend(self, role: iam.IRole) -> None:
        """Log in as PAM's own users, and hand out what is current."""
        self._grant_log_in(role)
        self._allow_keys(role, "kms:Decrypt")

    def grant_make(self, role: iam.IRole) -> None:
        """Log in as PAM's own users, have passwords rotated; and unmake what came too late."""
        self.grant_unmake(role)
        _allow(role, self.rotated, "secretsmanager:RotateSecret")
        # AWS refuses RotateSecret to a role that may not invoke the rotating function.
        _allow(role, self.rotation_functions if self.rotated else (), "lambda:InvokeFunction")

    def grant_unmake(self, role: iam.IRole) -> None:
        """Log in as PAM's own users, and write the password that an account has afterwards."""
        self._grant_log_in(role)
        _allow(role, self.rotated, "secretsmanager:PutSecretValue")
        # The second: what is put is encrypted under a key of its own.
        self._allow_keys(role, "kms:Decrypt", *(["kms:GenerateDataKey"] if self.rotated else []))

    def _grant_log_in(self, role: iam.IRole) -> None:
        _allow(role, self.read, "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
        _allow(role, self.rds_users, "rds-db:connect")

    def grant_rotate(self, role: iam.IRole) -> None:
        """What a rotation function does to a secret, and to none but these."""
        _allow(
            role,
            self.rotated,
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
        )
        self._allow_keys(role, "kms:Decrypt", "kms:GenerateDataKey")

    def _allow_keys(self, role: iam.IRole, *actions: str) -> None:
        if self.keys:
            service = regional_host("secretsmanager", Stack.of(role).region)
            allow_on_each(
                role,
                "Keys",
                actions=actions,
                resources=self.keys,
                conditions={"StringEquals": {"kms:ViaService": service}},
            )


def _allow(role: iam.IRole, resources: Iterable[str], *actions: str) -> None:
    if arns := list(resources):
        allow_on_each(role, _word(actions[-1]), actions=actions, resources=arns)


def _word(action: str) -> str:
    """`secretsmanager:GetSecretValue` as a part of a construct's path."""
    return "".join(part[0].upper() + part[1:] for part in action.replace("-", ":").split(":"))


def _secret_arn(scope: Construct, name: str) -> str:
    return _arn(scope, "secretsmanager", "secret", f"{name}{_SUFFIX}")


def _function_arn(scope: Construct, name: str) -> str:
    return _arn(scope, "lambda", "function", name)


def _rds_user_arn(scope: Construct, name: str) -> str:
    return _arn(scope, "rds-db", "dbuser", name)


def _arn(scope: Construct, service: str, resource: str, name: str) -> str:
    return Stack.of(scope).format_arn(
        service=service,
        resource=resource,
        resource_name=name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
