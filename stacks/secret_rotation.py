"""Rotates the passwords of the accounts that are lent, where no other module does."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from pam.settings import RotateSettings
from stacks.config import Rotation
from stacks.function_platform import FunctionPlatform
from stacks.lent_targets import LentTargets
from stacks.pam_function import PamFunction


class SecretRotation(Construct):
    """One function for all rotated secrets of the catalogue; it may touch these and nothing else.

    With `Rotation.SCHEDULE` each of these secrets is set up to be rotated by it: now and then by
    itself, and above all whenever a session begins or ends. Setting up a secret rotates nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        lent: LentTargets,
    ) -> None:
        super().__init__(scope, construct_id)
        config = platform.config
        self.function = PamFunction(
            self,
            "RotateSecret",
            platform=platform,
            handler="rotate_secret",
            description="Changes the password of a lent database account, for Secrets Manager",
            settings=RotateSettings(
                env_name=platform.env_name,
                database_sslmode=config.database_sslmode,
                database_root_certificate=platform.database_root_certificate,
            ),
            timeout=Duration.seconds(30),
            reaches_databases=True,
        )
        lent.databases.grant_rotate(self.function.role)
        may_invoke = lambda_.CfnPermission(
            self,
            "MayInvoke",
            action="lambda:InvokeFunction",
            function_name=self.function.function.function_arn,
            principal="secretsmanager.amazonaws.com",
            source_account=Stack.of(self).account,
        )
        if config.rotation is Rotation.SCHEDULE:
            for name in lent.databases.rotated_names:
                self._schedule(name, config.rotation_days, may_invoke)

    def _schedule(self, name: str, days: int, may_invoke: lambda_.CfnPermission) -> None:
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            f"Schedule-{name}",
            secret_id=name,
            rotation_lambda_arn=self.function.function.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                automatically_after_days=days
            ),
            rotate_immediately_on_update=False,
        )
        # Secrets Manager tries both when the schedule is made.
        schedule.node.add_dependency(may_invoke)
        if isinstance(self.function.role, iam.Role):
            schedule.node.add_dependency(self.function.role)
