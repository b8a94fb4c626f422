"""Finds calls that came past the gateway, and calls that somebody made by hand."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.domain import messages
from pam.settings import DarkCallSettings
from stacks.door_calls import DoorCalls
from stacks.function_platform import FunctionPlatform
from stacks.operational_log import OperationalLog
from stacks.pam_function import PamFunction
from stacks.place import event_sources
from stacks.schedule import call_every


class DarkCalls(Construct):
    """A function that compares what doors noted with what their gateways logged, every minute.

    CloudTrail's Invoke events name the caller at once, where a trail has Lambda's data events.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        calls: DoorCalls,
        access_logs: Sequence[OperationalLog],
        own_roles: Sequence[iam.IRole],
    ) -> None:
        super().__init__(scope, construct_id)
        store = platform.session_store
        stack = Stack.of(self)
        own_functions = stack.format_arn(
            service="lambda",
            resource="function",
            # CloudFormation begins the name of what it makes with the stack's.
            resource_name=f"{stack.stack_name}-",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.function = PamFunction(
            self,
            "FindDarkCalls",
            platform=platform,
            handler="find_dark_calls",
            description="Finds calls of functions that came past their door",
            settings=DarkCallSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                calls_table=calls.table.table_name,
                access_log=",".join(log.log_group_name for log in access_logs),
                own_roles=",".join(role.role_arn for role in own_roles),
                functions=own_functions,
                after_minutes=str(platform.config.dark_call_after),
            ),
            timeout=Duration.seconds(55),
            clocked=True,
        )
        role = self.function.role
        store.grant_add_findings(role)
        calls.grant_settle(role)
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["logs:FilterLogEvents"],
                # AWS has both spellings of a log group.
                resources=[
                    arn for log in access_logs for arn in (log.log_group_arn, _plain_arn(self, log))
                ],
            )
        )
        # No retry: the next minute looks at the same calls and more.
        self.function.bury_failures(retries=0)
        call_every(
            self,
            "EveryMinute",
            every=Duration.minutes(1),
            function=self.function,
            message=messages.MatchCalls(),
            description=f"PAM {platform.env_name}: looks for calls that came past their door",
        )
        rule = events.Rule(
            self,
            "Invoked",
            description=(
                f"PAM {platform.env_name}: calls of its functions, as CloudTrail tells them"
            ),
            event_pattern=events.EventPattern(
                # Only AWS itself may put events with such a source on the bus.
                source=events.Match.prefix("aws."),
                detail_type=["AWS API Call via CloudTrail"],
                detail={
                    "eventSource": event_sources("lambda", Stack.of(self).region),
                    "eventName": [{"prefix": "Invoke"}],
                    "resources": {"ARN": [{"prefix": own_functions}]},
                    # Services call by the permission that a function gives them.
                    "userIdentity": {"type": [{"anything-but": ["AWSService"]}]},
                },
            ),
            targets=[
                targets.LambdaFunction(
                    self.function.function, retry_attempts=185, max_event_age=Duration.hours(24)
                )
            ],
        )
        platform.undelivered.catch_of_target(rule)


def _plain_arn(scope: Construct, log_group: OperationalLog) -> str:
    return Stack.of(scope).format_arn(
        service="logs",
        resource="log-group",
        resource_name=log_group.log_group_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
