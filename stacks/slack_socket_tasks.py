"""The tasks of ECS in which the host of Slack's socket runs. They go out, and let nobody in."""

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from pam.names import METRIC_NAMESPACE
from stacks.acknowledgments import acknowledge
from stacks.function_platform import FunctionPlatform
from stacks.operational_log import OperationalLog

TASKS = 2
"""One connection each, in two zones where the subnets are in two. Slack takes ten connections of an
app: a deployment has four for a while, and eight if all are refreshed meanwhile. Two connections in
one task would be lost together, and would be as many again."""
PERIOD = Duration.minutes(5)
LINES_A_PERIOD = TASKS * 5
"""A healthy task says so once a minute."""
_UID = "65532"
_RUN = "/run/pam"
_START = 120
"""Seconds until the check counts: the host tries for 90, and is started by then."""


class SlackSocketTasks(Construct):
    """An image by its digest, as a user of no rights, on a file system that it can only read. No
    address of its own, no port, no shell from outside, and out of the network by 443 alone.

    A deployment starts new tasks first, and stops the old ones when those are connected. One that
    does not come up is rolled back.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        socket_url: str,
        role: iam.Role,
        execution_role: iam.Role,
    ) -> None:
        super().__init__(scope, construct_id)
        self._platform, self._config = platform, platform.config
        self.name = f"pam-{platform.env_name}-slack-socket"
        self.log = OperationalLog(
            self,
            "Log",
            name=f"/pam/{platform.env_name}/slack-socket",
            key=platform.key,
            retention_days=self._config.operational_retention_days,
        )
        self._allow_start(execution_role)
        task = self._task(socket_url, role, execution_role)
        cluster = ecs.CfnCluster(
            self,
            "Cluster",
            cluster_name=self.name,
            cluster_settings=[
                ecs.CfnCluster.ClusterSettingsProperty(name="containerInsights", value="disabled")
            ],
        )
        acknowledge(
            cluster,
            "AwsSolutions-ECS4",
            "Its 25 metrics cost half as much as the tasks; that tasks run and are connected, "
            "they say themselves, and an alarm hears it.",
        )
        service = self._service(cluster, task)
        # A task that starts before its rights are there fails, and counts against a deployment.
        service.node.add_dependency(role, execution_role)

    def healthy(self) -> cloudwatch.IMetric:
        """How often tasks said in a period that they run and are connected."""
        return self._counted("Healthy", "SlackConnectionsHealthy", "healthy")

    def unanswered(self) -> cloudwatch.IMetric:
        """What people did in Slack and was not answered, of which Slack told them."""
        return self._counted(
            "Unanswered",
            "SlackUnanswered",
            "not acknowledged",
            "not forwarded",
            "not taken",
        )

    def _counted(self, construct_id: str, name: str, *messages: str) -> cloudwatch.IMetric:
        namespace = f"{METRIC_NAMESPACE}/{self._platform.env_name}"
        logs.MetricFilter(
            self,
            construct_id,
            log_group=self.log,
            filter_pattern=logs.FilterPattern.any(
                *(logs.FilterPattern.string_value("$.message", "=", each) for each in messages)
            ),
            metric_namespace=namespace,
            metric_name=name,
            metric_value="1",
        )
        return cloudwatch.Metric(
            namespace=namespace, metric_name=name, statistic="Sum", period=PERIOD
        )

    def _allow_start(self, role: iam.Role) -> None:
        """What ECS does before the host runs: fetch the image, fill in the token, open the log."""
        stack, source = Stack.of(self), self._config.slack.image_source
        self.log.grant_write(role)
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["secretsmanager:GetSecretValue"],
                resources=[self._config.slack.socket_token_arn],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                resources=[
                    stack.format_arn(
                        account=source.account,
                        region=source.region,
                        service="ecr",
                        resource="repository",
                        resource_name=source.repository,
                        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
                    )
                ],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"])
        )
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "AWS knows no resource for ECR's GetAuthorizationToken; what the token opens, the "
            "rights on the one repository say.",
        )

    def _task(self, socket_url: str, role: iam.Role, starting: iam.Role) -> ecs.CfnTaskDefinition:
        task = ecs.CfnTaskDefinition(
            self,
            "Task",
            family=self.name,
            cpu="256",
            memory="512",
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform=ecs.CfnTaskDefinition.RuntimePlatformProperty(
                cpu_architecture="ARM64", operating_system_family="LINUX"
            ),
            task_role_arn=role.role_arn,
            execution_role_arn=starting.role_arn,
            volumes=[ecs.CfnTaskDefinition.VolumeProperty(name="run")],
            container_definitions=[self._container(socket_url)],
        )
        acknowledge(
            task,
            "AwsSolutions-ECS2",
            "Two addresses, a region, a file and a number; the one secret is filled in by ECS.",
        )
        return task

    def _container(self, socket_url: str) -> ecs.CfnTaskDefinition.ContainerDefinitionProperty:
        of = ecs.CfnTaskDefinition
        region, slack = Stack.of(self).region, self._config.slack
        env = {
            "AWS_REGION": region,
            "PAM_SLACK_API_URL": slack.api_url,
            "PAM_SLACK_CONNECTIONS": "1",
            "PAM_SLACK_HEALTH_FILE": f"{_RUN}/healthy",
            "PAM_SLACK_SOCKET_URL": socket_url,
        }
        return of.ContainerDefinitionProperty(
            name="host",
            image=slack.socket_image,
            essential=True,
            user=f"{_UID}:{_UID}",
            readonly_root_filesystem=True,
            linux_parameters=of.LinuxParametersProperty(
                capabilities=of.KernelCapabilitiesProperty(drop=["ALL"])
            ),
            mount_points=[
                of.MountPointProperty(container_path=_RUN, source_volume="run", read_only=False)
            ],
            environment=[
                of.KeyValuePairProperty(name=name, value=value) for name, value in env.items()
            ],
            secrets=[
                of.SecretProperty(name="PAM_SLACK_APP_TOKEN", value_from=slack.socket_token_arn)
            ],
            log_configuration=of.LogConfigurationProperty(
                log_driver="awslogs",
                options={
                    "awslogs-group": self.log.log_group_name,
                    "awslogs-region": region,
                    "awslogs-stream-prefix": "task",
                    # A log that does not answer holds up no click.
                    "mode": "non-blocking",
                },
            ),
            health_check=of.HealthCheckProperty(
                command=["CMD", "python", "-m", "slack_socket.health"],
                interval=10,
                timeout=5,
                retries=3,
                start_period=_START,
            ),
            stop_timeout=15,
        )

    def _service(self, cluster: ecs.CfnCluster, task: ecs.CfnTaskDefinition) -> ecs.CfnService:
        of, config = ecs.CfnService, self._config
        outward = ec2.CfnSecurityGroup(
            self,
            "Outward",
            group_description=f"PAM {config.env_name}: host of the socket of Slack, outward only",
            vpc_id=config.slack.socket_vpc_id,
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="tcp",
                    from_port=443,
                    to_port=443,
                    cidr_ip="0.0.0.0/0",
                    description="Slack, which names no addresses, and AWS",
                )
            ],
        )
        return ecs.CfnService(
            self,
            "Service",
            service_name=self.name,
            cluster=cluster.ref,
            task_definition=task.ref,
            desired_count=TASKS,
            launch_type="FARGATE",
            platform_version="LATEST",
            availability_zone_rebalancing="ENABLED",
            deployment_configuration=of.DeploymentConfigurationProperty(
                minimum_healthy_percent=100,
                maximum_percent=200,
                deployment_circuit_breaker=of.DeploymentCircuitBreakerProperty(
                    enable=True, rollback=True
                ),
            ),
            network_configuration=of.NetworkConfigurationProperty(
                awsvpc_configuration=of.AwsVpcConfigurationProperty(
                    subnets=list(config.vpc_subnet_ids),
                    security_groups=[outward.attr_group_id],
                    assign_public_ip="DISABLED",
                )
            ),
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
        )
