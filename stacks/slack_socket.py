"""The host of Slack's socket: the role in which it calls PAM, and the tasks that run it."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.names import slack_socket_role_name
from stacks.acknowledgments import INLINE_POLICY, acknowledge_nist
from stacks.api_stage import STAGE
from stacks.function_platform import FunctionPlatform
from stacks.slack_api import SOCKET, SlackApi
from stacks.slack_socket_tasks import SlackSocketTasks


class SlackSocket(Construct):
    """The role may call one route. It has no right on a table, a function, a key or a secret: what
    whoever rules the host could do, the door of that route bounds (docs/threat-model.md).
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, platform: FunctionPlatform, api: SlackApi
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = task_role(
            self,
            "Role",
            f"PAM {platform.env_name}: host of Slack's socket",
            # The policy of the API names it.
            role_name=slack_socket_role_name(platform.env_name),
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["execute-api:Invoke"],
                resources=[api.api.arn_for_execute_api("POST", SOCKET, STAGE)],
            )
        )
        acknowledge_nist(self, INLINE_POLICY)
        self.tasks: SlackSocketTasks | None = None
        # Without a network to run in, somebody else runs it in this role: the local stack does.
        if platform.config.vpc_subnet_ids:
            self.tasks = SlackSocketTasks(
                self,
                "Tasks",
                platform=platform,
                socket_url=api.socket_url,
                role=self.role,
                execution_role=task_role(
                    self, "Starting", f"PAM {platform.env_name}: starts the host of Slack's socket"
                ),
            )


def task_role(
    scope: Construct, construct_id: str, description: str, *, role_name: str | None = None
) -> iam.Role:
    """With no rights yet. ECS may assume it for tasks of this account and region, and for no
    others: it would otherwise do so for whoever names it.
    """
    stack = Stack.of(scope)
    return iam.Role(
        scope,
        construct_id,
        role_name=role_name,
        description=description,
        assumed_by=iam.ServicePrincipal(
            "ecs-tasks.amazonaws.com",
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {
                    "aws:SourceArn": stack.format_arn(
                        service="ecs", resource="*", resource_name=None
                    )
                },
            },
        ),
    )
