"""Hears what is done with lent access, and puts it into the trail of the session that did it."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from pam.domain.permission_sets import PERSON
from pam.names import activity_rule_prefix
from pam.settings import ActivitySettings
from stacks.activity_pattern import API_CALL, patterns, rule_state
from stacks.activity_queue import ActivityQueue
from stacks.config import DeployConfig
from stacks.escape_hatch import resource_of
from stacks.function_platform import FunctionPlatform
from stacks.lent_targets import LentTargets
from stacks.pam_function import PamFunction

_TIMEOUT = Duration.seconds(60)
"""For a batch: a few writes of each session in it."""
_LINES_OF_SESSIONS = "%pam_[0-9a-z]{26}%"
"""Wherever in the line it stands: a server that begins its lines otherwise must show, too."""


def _user_name_at_identity_center(config: DeployConfig) -> str:
    """A template, as that of those functions that look people up there."""
    return config.identity_center.user_name if config.identity_center else PERSON


class ActivityRecorder(Construct):
    """Listens on the account's default bus, where CloudTrail speaks, and to databases' logs.

    Only in this account and region: ActivityForwarder sends here what is told elsewhere.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        lent: LentTargets,
        lending_accounts: Sequence[str],
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
                identity_center_user_name=_user_name_at_identity_center(platform.config),
            ),
            timeout=_TIMEOUT,
        )
        store.grant_take_steps(self.function.role)
        if lent.permission_sets:
            # What is done with these names a person, and no session.
            store.grant_find_of_person(self.function.role)
        # Twice more: what was recorded is known, so that a retry only adds what is missing.
        self.function.bury_failures(retries=2)
        waiting = ActivityQueue(
            self,
            "Queue",
            function=self.function,
            timeout=_TIMEOUT,
            undelivered=platform.undelivered,
        )
        self.queue = waiting.queue
        all_heard = patterns(lent.roles.lent, lent.permission_sets, stack.region)
        for number, pattern in enumerate(all_heard):
            self._hear_cloudtrail(number, pattern, waiting, platform.config)
        if lending_accounts:
            self._let_speak(lending_accounts, platform.env_name)
        for number, log_group in enumerate(lent.databases.statement_logs):
            self._read_log(number, log_group)

    def _hear_cloudtrail(
        self,
        number: int,
        pattern: events.EventPattern,
        waiting: ActivityQueue,
        config: DeployConfig,
    ) -> None:
        rule = events.Rule(
            self,
            f"Calls{number or ''}",
            description=f"PAM {config.env_name}: what is done with lent roles",
            event_pattern=pattern,
        )
        waiting.take_from(rule)
        resource_of(rule, events.CfnRule).state = rule_state(config)

    def _let_speak(self, accounts: Sequence[str], env_name: str) -> None:
        """What the forwarders' rules in these accounts send, and no call of PutEvents: only AWS can
        give an event such a source, so nobody there can make one up.
        """
        stack = Stack.of(self)
        statement = {
            "Effect": "Allow",
            # As AWS keeps them, so that what is measured is what counts.
            "Principal": {
                "AWS": [f"arn:{stack.partition}:iam::{account}:root" for account in accounts]
            },
            "Action": "events:PutEvents",
            "Resource": stack.format_arn(
                service="events", resource="event-bus", resource_name="default"
            ),
            "Condition": {
                # Of whichever of these accounts, in whichever region.
                "ArnLike": {
                    "aws:SourceArn": f"arn:{stack.partition}:events:*:*:rule/"
                    f"{activity_rule_prefix(env_name)}*"
                },
                "StringEquals": {"events:detail-type": API_CALL},
                "StringLike": {"events:source": "aws.*"},
            },
        }
        events.CfnEventBusPolicy(
            self,
            "LendersMaySpeak",
            statement_id=f"pam-{env_name}-activity",
            event_bus_name="default",
            statement=statement,
        )

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
