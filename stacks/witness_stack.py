"""The witness of the audit log: a stack of its own, for an account that others administer."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from pam.names import METRIC_NAMESPACE, witness_function_name
from pam.settings import WitnessSettings
from stacks.acknowledgments import INLINE_POLICY, acknowledge, acknowledge_nist
from stacks.config import BundlePlatform, DeployConfig
from stacks.function_platform import FunctionCode
from stacks.keeping import Keeping
from stacks.pam_function import lambda_role
from stacks.signing_key import ED25519, SigningKey
from stacks.synthesizers import synthesizer_of

_HANDLER = "witness_log"
_REASONS = INLINE_POLICY | {
    "CloudWatchLogGroupEncrypted": (
        "Holds numbers and hashes of checkpoints, nothing secret; CloudWatch's own key will do."
    ),
    "DynamoDBInBackupPlan": "Can be restored to any second; it holds one item for each log.",
    "LambdaConcurrency": "Reserved concurrency is for the owner of the witness's account to give.",
    "LambdaDLQ": "The log waits for the answer, and asks again at the next checkpoint.",
    "LambdaInsideVPC": "Calls AWS's public endpoints only.",
}


class WitnessStack(cdk.Stack):
    """A function, the item that it remembers the log by, and its key; nothing of PAM's own.

    `log` is the stack whose functions write the log. Its account may call the function, and may not
    change what the function remembers.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: DeployConfig,
        log: cdk.Stack,
        code: FunctionCode,
    ) -> None:
        keeping = Keeping.of(config)
        super().__init__(
            scope,
            construct_id,
            stack_name=f"pam-{config.env_name}-witness",
            description=f"PAM (MOD-046) {config.env_name}: witness of the audit log",
            env=cdk.Environment(account=config.witness_account, region=config.region),
            synthesizer=synthesizer_of(config),
            termination_protection=keeping.protected,
        )
        key = SigningKey(
            self,
            "Key",
            spec=ED25519,
            alias=witness_function_name(config.env_name),
            description=f"PAM (MOD-046) {config.env_name}: cosigns checkpoints of the audit log",
            keeping=keeping,
        )
        memory = dynamodb.TableV2(
            self,
            "Memory",
            partition_key=dynamodb.Attribute(name="origin", type=dynamodb.AttributeType.STRING),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=keeping.protected,
            removal_policy=keeping.removal_policy,
        )
        log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/pam/{config.env_name}/witness-log",
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=keeping.removal_policy,
        )
        role = lambda_role(self, "Role", f"PAM {config.env_name}: witness of the audit log")
        log_group.grant_write(role)
        key.grant_sign(role)
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["dynamodb:GetItem", "dynamodb:PutItem"], resources=[memory.table_arn]
            )
        )
        function = lambda_.Function(
            self,
            "Function",
            function_name=witness_function_name(config.env_name),
            description="Cosigns checkpoints of an audit log that only ever grows",
            code=code.of(_HANDLER),
            handler=f"{_HANDLER}.handler",
            runtime=code.runtime,
            architecture=code.architecture,
            role=role,
            log_group=log_group,
            timeout=cdk.Duration.seconds(30),
            memory_size=512,
            environment={
                **WitnessSettings(
                    env_name=config.env_name,
                    memory_table=memory.table_name,
                    signing_key_arn=key.key.key_arn,
                ).to_env(),
                "LOG_LEVEL": "INFO",
                "POWERTOOLS_METRICS_NAMESPACE": METRIC_NAMESPACE,
                "POWERTOOLS_SERVICE_NAME": "pam-witness-log",
            },
        )
        lambda_.CfnPermission(
            self,
            "TheLogAsks",
            action="lambda:InvokeFunction",
            function_name=function.function_arn,
            # The log's account says which of its roles may: one.
            principal=log.account,
        )
        acknowledge_nist(self, _REASONS)
        if config.bundle_platform is BundlePlatform.HOST:
            acknowledge(self, "AwsSolutions-L1", "The function runs on this machine's interpreter.")
        # By name, and not by reference: the two stacks belong to different accounts.
        self.arn = log.format_arn(
            account=config.witness_account,
            service="lambda",
            resource="function",
            resource_name=witness_function_name(config.env_name),
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
