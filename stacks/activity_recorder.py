"""Hears what is done with lent access, and puts it into the trail of the session that did it."""

from collections.abc import Iterator

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from pam.settings import ActivitySettings
from stacks.aws_quotas import Quota
from stacks.config import DeployConfig
from stacks.escape_hatch import resource_of
from stacks.function_platform import FunctionPlatform
from stacks.lent_targets import LentTargets
from stacks.pam_function import PamFunction
from stacks.place import event_sources
from stacks.wide_rights import packed

_AROUND = 400
"""Characters of a pattern besides its roles, each of which stands in it twice."""
_WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
"""A rule that is only ENABLED does not see calls that list, get or describe."""
_LINES_OF_SESSIONS = "%:pam_[0-9a-z]{26}@%"


class ActivityRecorder(Construct):
    """Listens on the account's default bus, where CloudTrail speaks, and to databases' logs.

    Only this account and this region: what a lent role does elsewhere has to be forwarded here.
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
        store = platform.session_store
        stack = Stack.of(self)
        self.function = PamFunction(
            self,
            "RecordActivity",
            platform=platform,
            handler="record_activity",
            description="Records what sessions did, and what no session may have done",
            settings=ActivitySettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                account=stack.account,
                region=stack.region,
            ),
            # A batch of lines, one record each.
            timeout=Duration.seconds(60),
        )
        store.grant_take_steps(self.function.role)
        # Twice more: what was recorded is known, so that a retry only adds what is missing.
        self.function.bury_failures(retries=2)
        for number, roles in enumerate(_chunks(lent.roles.lent)):
            self._hear_cloudtrail(number, roles, platform.config)
        for number, log_group in enumerate(lent.databases.statement_logs):
            self._read_log(number, log_group)

    def _hear_cloudtrail(self, number: int, roles: list[str], config: DeployConfig) -> None:
        by_a_role = {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": roles}}}}
        of_a_role = {
            "eventSource": event_sources("sts", Stack.of(self).region),
            "requestParameters": {"roleArn": roles},
        }
        rule = events.Rule(
            self,
            f"Calls{number or ''}",
            description=f"PAM {config.env_name}: what is done with lent roles",
            event_pattern=events.EventPattern(
                # Only AWS itself may put events with such a source on the bus.
                source=events.Match.prefix("aws."),
                detail_type=["AWS API Call via CloudTrail"],
                detail={"$or": [by_a_role, of_a_role]},
            ),
            targets=[
                targets.LambdaFunction(
                    self.function.function, retry_attempts=185, max_event_age=Duration.hours(24)
                )
            ],
        )
        self.function.undelivered.catch_of_target(rule)
        if config.activity_reads:
            resource_of(rule, events.CfnRule).state = _WITH_READS

    def _read_log(self, number: int, log_group: str) -> None:
        stack = Stack.of(self)
        function_arn = self.function.function.function_arn
        permission = lambda_.CfnPermission(
            self,
            f"Log{number or ''}MayInvoke",
            action="lambda:InvokeFunction",
            function_name=function_arn,
            principal="logs.amazonaws.com",
            source_account=stack.account,
            source_arn=stack.format_arn(
                service="logs",
                resource="log-group",
                resource_name=f"{log_group}:*",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
        )
        subscription = logs.CfnSubscriptionFilter(
            self,
            f"Log{number or ''}",
            log_group_name=log_group,
            filter_pattern=_LINES_OF_SESSIONS,
            destination_arn=function_arn,
        )
        # CloudWatch Logs tries the function when the subscription is made.
        subscription.node.add_dependency(permission)


def _chunks(roles: tuple[str, ...]) -> Iterator[list[str]]:
    """As many roles as a rule's pattern has room for."""
    room = (Quota.EVENT_PATTERN.most - _AROUND) // 2
    return packed(roles, room)
