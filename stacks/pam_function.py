"""A deployed function of PAM: its code, its role, its log, and no right that it was not handed."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from pam.names import METRIC_NAMESPACE
from pam.settings import Settings
from stacks.acknowledgments import INLINE_POLICY, acknowledge, acknowledge_nist
from stacks.concurrency import RESERVED
from stacks.config import DeployConfig
from stacks.escape_hatch import resource_of
from stacks.function_platform import FunctionPlatform
from stacks.operational_log import OperationalLog
from stacks.wide_rights import allow_on_each

API_TIMEOUT = Duration.seconds(28)
"""API Gateway gives up after 29 s; a function that outlives its caller would finish unseen."""

_MEMORY = 1024
"""MB. CPU comes with memory, and a cold start is CPU: people wait for these functions."""

WORKFLOW_MARGIN = Duration.seconds(60)
"""How long a workflow state waits for one invocation: any function's time and its cold start."""

FUNCTION_REASONS = INLINE_POLICY | {
    "LambdaConcurrency": (
        "Reserved concurrency is taken out of the account's quota, which its owner divides "
        "(reserved_concurrency). What calls a function is bounded: the API is throttled, streams "
        "and the queue of activities have few pollers, a clock and the workflow call one by one, "
        "CloudWatch Logs sends the lines of a lent database in batches."
    ),
    "LambdaDLQ": (
        "Whoever calls and waits hears of a failure and repeats; what nobody waits for has the "
        "dead-letter queue as its failure destination (DeadLetters)."
    ),
    "LambdaInsideVPC": (
        "Calls AWS's public endpoints only. A function that reaches databases joins the network "
        "that the deployment names (vpc_subnet_ids)."
    ),
}


class PamFunction(Construct):
    """`handler` is the file under `lambdas/`. The role starts with its own log and traces only.

    `trusted_role` names a role of the foundation for a function that target roles trust; any other
    function gets a role of its own here. `clocked`: a clock calls it again and again, and traces of
    that would be paid for and say nothing. What is traced before it goes on being traced. `name`
    None: CloudFormation gives it one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        handler: str,
        description: str,
        settings: Settings,
        timeout: Duration,
        trusted_role: str | None = None,
        reaches_databases: bool = False,
        clocked: bool = False,
        memory: int = _MEMORY,
        name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        service = handler.replace("_", "-")
        self.role: iam.IRole = (
            iam.Role.from_role_name(self, "Role", trusted_role)
            if trusted_role
            else lambda_role(self, "Role", f"PAM {platform.env_name}: {description}")
        )
        log_group = OperationalLog(
            self,
            "Log",
            name=f"/pam/{platform.env_name}/{service}",
            key=platform.key,
            retention_days=platform.config.operational_retention_days,
        )
        log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=description,
            code=platform.code.of(handler),
            handler=f"{handler}.handler",
            runtime=platform.code.runtime,
            architecture=platform.code.architecture,
            role=self.role,
            log_group=log_group,
            timeout=timeout,
            reserved_concurrent_executions=(
                RESERVED.get(handler) if platform.config.reserved_concurrency else None
            ),
            memory_size=memory,
            tracing=(
                lambda_.Tracing.ACTIVE
                if platform.config.traces and not clocked
                else lambda_.Tracing.PASS_THROUGH
            ),
            environment={
                **settings.to_env(),
                "LOG_LEVEL": "INFO",
                "POWERTOOLS_METRICS_NAMESPACE": METRIC_NAMESPACE,
                "POWERTOOLS_SERVICE_NAME": f"pam-{service}",
            },
        )
        acknowledge(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            "X-Ray's PutTraceSegments and PutTelemetryRecords, and a function's network interfaces,"
            " know no resource.",
        )
        acknowledge_nist(self, FUNCTION_REASONS)
        if reaches_databases and platform.config.vpc_subnet_ids:
            self._join_network(platform.config)
        self._dead_letters = platform.dead_letters
        self.undelivered = platform.undelivered

    def _join_network(self, config: DeployConfig) -> None:
        resource = resource_of(self.function, lambda_.CfnFunction)
        resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=list(config.vpc_subnet_ids),
            security_group_ids=list(config.vpc_security_group_ids),
        )
        self.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[
                    "ec2:AssignPrivateIpAddresses",
                    "ec2:CreateNetworkInterface",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSubnets",
                    "ec2:UnassignPrivateIpAddresses",
                ],
                # AWS: Lambda makes the interfaces by the function's role, and knows none before.
                resources=["*"],
            )
        )

    def bury_failures(self, *, retries: int) -> None:
        """An asynchronous invocation becomes a dead letter if it still fails after `retries` more
        tries by Lambda.
        """
        self._dead_letters.grant_bury(self.role)
        # The construct library's `on_failure` would grant wildcard actions on the key.
        config = lambda_.CfnEventInvokeConfig(
            self,
            "AsyncInvocation",
            function_name=self.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=retries,
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(
                    destination=self._dead_letters.queue.queue_arn
                )
            ),
        )
        # Lambda checks the right to send when the configuration is made.
        config.node.add_dependency(self.role)

    def allow_only_here(self, *actions: str, on: Sequence[str]) -> None:
        """Rights of this function rather than of its role: AWS adds the function's ARN to what its
        code calls, and to nothing that others call in the role. A policy of its own, because the
        role's comes before the function.
        """
        allow_on_each(
            self.role,
            "OnlyHere",
            actions=actions,
            resources=on,
            conditions={"ArnEquals": {"lambda:SourceFunctionArn": self.function.function_arn}},
            inline=self,
        )

    def grant_invoke(self, role: iam.IRole) -> None:
        """This function, not its versions: the construct library's grant would add those."""
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"], resources=[self.function.function_arn]
            )
        )


def lambda_role(
    scope: Construct, construct_id: str, description: str, *, role_name: str | None = None
) -> iam.Role:
    """A function's role with no rights yet: none of the managed policies for functions."""
    return iam.Role(
        scope,
        construct_id,
        role_name=role_name,
        description=description,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
    )
