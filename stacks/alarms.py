"""What wakes somebody: each alarm has a section in docs/runbook.md that says what to do."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from pam.names import (
    AUDIT_NOT_WRITTEN,
    DARK_ACCESS,
    END_UNCONFIRMED,
    LOG_UNWITNESSED,
    METRIC_NAMESPACE,
    ORPHAN_REMOVED,
    ROLE_FULL,
)
from stacks.dead_letters import DeadLetters
from stacks.notifications import Notifications
from stacks.pam_function import PamFunction

_MINUTE = Duration.minutes(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is measured, and for how many minutes in a row it must be bad to be worth a call."""

    metric: cloudwatch.IMetric
    minutes: int
    threshold: float = 1
    when: cloudwatch.ComparisonOperator = (
        cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
    )
    silence_is_bad: bool = False


class Alarms(Construct):
    """All of them tell the Tier-1 topic, which the team on call subscribes to."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        env_name: str,
        functions: Mapping[str, PamFunction],
        dead_letters: DeadLetters,
        notifications: Notifications,
        checkpoint_minutes: int,
    ) -> None:
        super().__init__(scope, construct_id)

        def own(name: str) -> cloudwatch.IMetric:
            return cloudwatch.Metric(
                namespace=METRIC_NAMESPACE,
                metric_name=name,
                dimensions_map={"environment": env_name},
                statistic="Sum",
                period=_MINUTE,
            )

        def errors(handler: str) -> cloudwatch.IMetric:
            return functions[handler].function.metric_errors(period=_MINUTE, statistic="Sum")

        less = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
        ticks = functions["tick"].function.metric_invocations(period=_MINUTE, statistic="Sum")
        checkpoints = functions["checkpoint_log"].function.metric_invocations(
            period=Duration.minutes(2 * checkpoint_minutes), statistic="Sum"
        )
        waiting = dead_letters.queue.metric_approximate_number_of_messages_visible(
            period=_MINUTE, statistic="Maximum"
        )
        self.watched = {
            "revocation-stuck": Watched(metric=own(END_UNCONFIRMED), minutes=2),
            "audit-not-written": Watched(metric=own(AUDIT_NOT_WRITTEN), minutes=1),
            "log-unwitnessed": Watched(metric=own(LOG_UNWITNESSED), minutes=1),
            "role-full": Watched(metric=own(ROLE_FULL), minutes=1),
            "orphans-found": Watched(metric=own(ORPHAN_REMOVED), minutes=1),
            "dark-access": Watched(metric=own(DARK_ACCESS), minutes=1),
            "dead-letters": Watched(metric=waiting, minutes=1),
            "tick-not-running": Watched(metric=ticks, minutes=3, when=less, silence_is_bad=True),
            "tick-failing": Watched(metric=errors("tick"), minutes=2),
            "checkpoints-not-running": Watched(
                metric=checkpoints, minutes=1, when=less, silence_is_bad=True
            ),
            "checkpoints-failing": Watched(metric=errors("checkpoint_log"), minutes=1),
        }
        notifications.allow_alarms()
        for name, watched in self.watched.items():
            alarm = cloudwatch.Alarm(
                self,
                name,
                alarm_name=f"pam-{env_name}-{name}",
                alarm_description=f"What to do: docs/runbook.md, {name}",
                metric=watched.metric,
                threshold=watched.threshold,
                comparison_operator=watched.when,
                evaluation_periods=watched.minutes,
                treat_missing_data=cloudwatch.TreatMissingData.BREACHING
                if watched.silence_is_bad
                else cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            alarm.add_alarm_action(actions.SnsAction(notifications.tier1_topic))
