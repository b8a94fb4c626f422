"""Brings what CloudTrail tells elsewhere to where PAM listens: a stack for each account and region.

EventBridge rules see the events of their own region and account. IAM and STS's global endpoint
speak in one region of the partition, whichever PAM is in; what a lent role of another account does
is told in that account.
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from pam.domain.partitions import global_region_of
from pam.names import activity_rule_prefix, activity_stack_name
from pam.policy.compiled import CompiledPolicy
from stacks.acknowledgments import INLINE_POLICY, acknowledge, acknowledge_nist
from stacks.activity_pattern import patterns, rule_state
from stacks.config import ConfigError, DeployConfig
from stacks.escape_hatch import resource_of
from stacks.lent_permission_sets import lent_permission_sets, set_roles
from stacks.rules_to_queues import catch_of_target, open_to_rules
from stacks.synthesizers import synthesizer_of
from stacks.target_roles import lent_roles, role_arn

_REASONS = INLINE_POLICY | {
    "SNSEncryptedKMS": "An alarm of this topic says that a queue is not empty, and nothing more.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where calls of lent roles are told, and PAM does not listen. `account` None: PAM's own."""

    account: str | None
    region: str


def lending_accounts(config: DeployConfig, policy: CompiledPolicy) -> list[str]:
    """Those that lend roles or permission sets, beside PAM's own."""
    accounts = {account for account, _ in [*lent_roles(policy), *lent_permission_sets(policy)]}
    return sorted(account for account in accounts - {config.account} if account)


def check_origins(config: DeployConfig, policy: CompiledPolicy) -> None:
    """Raises ConfigError where what is told elsewhere could not find its way here."""
    where = f"cdk.json: environments.{config.env_name}"
    lending = lending_accounts(config, policy)
    if lending and config.account is None:
        message = (
            f"{where}: name account, too: roles of {lending[0]} are lent, and what is done with "
            "them is forwarded from there to PAM's account"
        )
        raise ConfigError(message)


def origins(config: DeployConfig, policy: CompiledPolicy) -> list[Origin]:
    """Everywhere but where PAM listens itself: its own account and region. The region that speaks
    for global services is one of them, whether or not somebody names it.
    """
    if not lent_roles(policy) and not lent_permission_sets(policy):
        return []
    regions = {config.region, global_region_of(config.region), *config.activity_regions}
    if config.identity_center and config.identity_center.region:
        # Where people sign in to permission sets.
        regions.add(config.identity_center.region)
    accounts = [None, *lending_accounts(config, policy)]
    return [
        Origin(account=account, region=region)
        for account in accounts
        for region in sorted(regions)
        if (account, region) != (None, config.region)
    ]


class ActivityForwarder(cdk.Stack):
    """Rules, the one role that they send in, and a queue for what cannot be sent.

    It needs no code and no other stack. In an account that lends roles it hears of that account's
    own; in PAM's it hears of all, because PAM's account tells who assumed another's role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: DeployConfig,
        policy: CompiledPolicy,
        origin: Origin,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=activity_stack_name(config.env_name, origin.region, origin.account),
            description=f"PAM (MOD-046) {config.env_name}: forwards what is done with lent roles",
            env=cdk.Environment(account=origin.account or config.account, region=origin.region),
            synthesizer=synthesizer_of(config),
        )
        self._env_name = config.env_name
        roles = [
            role_arn(self, account, name)
            for account, name in lent_roles(policy)
            if origin.account in (None, account)
        ]
        home = self.format_arn(
            service="events",
            region=config.region,
            account=config.account if origin.account else None,
            resource="event-bus",
            resource_name="default",
        )
        bus = events.EventBus.from_event_bus_arn(self, "Home", home)
        sender = iam.Role(
            self,
            "Sender",
            description=f"PAM {config.env_name}: puts activity on the bus where PAM listens",
            assumed_by=iam.ServicePrincipal(
                "events.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            ),
        )
        unsent = self._unsent()
        sets = set_roles(self, policy, [origin.account] if origin.account else None)
        for number, pattern in enumerate(patterns(roles, sets, config.region)):
            rule = events.Rule(
                self,
                f"Calls{number or ''}",
                # By this the bus of another account knows what may speak to it.
                rule_name=f"{activity_rule_prefix(config.env_name)}{number}",
                description=f"PAM {config.env_name}: what is done with lent roles",
                event_pattern=pattern,
                # For as long as EventBridge can: a day.
                targets=[targets.EventBus(bus, role=sender)],
            )
            catch_of_target(unsent, rule)
            resource_of(rule, events.CfnRule).state = rule_state(config)
        acknowledge_nist(self, _REASONS)

    def _unsent(self) -> sqs.Queue:
        """Where activity stays that could not be sent, and who hears of it. An alarm can tell
        nobody in another region, so whoever is on call subscribes to this topic as well.
        """
        queue = sqs.Queue(
            self,
            "Unsent",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        acknowledge(queue, "AwsSolutions-SQS3", "This is a dead-letter queue; it has none itself.")
        topic = sns.Topic(
            self,
            "Alarms",
            display_name=f"PAM {self._env_name}: activity is not forwarded",
            enforce_ssl=True,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        alarm = cloudwatch.Alarm(
            self,
            "NotForwarded",
            alarm_name=f"{activity_rule_prefix(self._env_name)}not-forwarded",
            alarm_description="What to do: docs/dark-access.md, Other regions and accounts",
            metric=queue.metric_approximate_number_of_messages_visible(
                period=cdk.Duration.minutes(1), statistic="Maximum"
            ),
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))
        open_to_rules(queue, f"{activity_rule_prefix(self._env_name)}*")
        return queue
