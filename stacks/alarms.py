"""The alarms that call a person. Each has a section in docs/runbook.md that says what to do."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from constructs import Construct

from pam.domain.audit_record import RecordType
from pam.names import (
    ACCESS_MISSING,
    AUDIT_NOT_WRITTEN,
    BOUNDARY_MISSING,
    DARK_ACCESS,
    DARK_CALL,
    DENY_MISSING,
    DOOR_OPENED,
    ECHO_MISSING,
    END_STUCK,
    LINE_NOT_UNDERSTOOD,
    LOG_UNWITNESSED,
    METRIC_NAMESPACE,
    ORPHAN_REMOVED,
    ROLE_FULL,
    TRACES_LEFT,
    Index,
    metric_dimensions,
)
from stacks.approval_workflow import ApprovalWorkflow
from stacks.dark_calls import DarkCalls
from stacks.deadline_sweep import DeadlineSweep
from stacks.foundation_stack import FoundationStack
from stacks.function_platform import FunctionPlatform
from stacks.log_checkpoints import LogCheckpoints
from stacks.pam_function import PamFunction

_MINUTE = Duration.minutes(1)
_WIDTH, _DAY = 8, Duration.days(1)


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
        platform: FunctionPlatform,
        sweep: DeadlineSweep,
        checkpoints: LogCheckpoints,
        dark_calls: DarkCalls,
        workflow: ApprovalWorkflow,
        foundation: FoundationStack,
    ) -> None:
        super().__init__(scope, construct_id)
        env_name = platform.env_name
        audit_log, notifications = foundation.audit_log, foundation.notifications

        # A metric filter can only count by what stands in the line, and that has no environment.
        of_env = f"{METRIC_NAMESPACE}/{env_name}"

        def own(name: str) -> cloudwatch.IMetric:
            return cloudwatch.Metric(
                namespace=METRIC_NAMESPACE,
                metric_name=name,
                dimensions_map=metric_dimensions(env_name),
                statistic="Sum",
                period=_MINUTE,
            )

        def recorded(kind: str) -> cloudwatch.IMetric:
            """Counted from the audit log itself: what stands there happened."""
            logs.MetricFilter(
                self,
                f"Recorded{kind}",
                log_group=audit_log.log_group,
                filter_pattern=logs.FilterPattern.string_value("$.type", "=", kind),
                metric_namespace=of_env,
                metric_name=f"Recorded{kind}",
                metric_value="1",
            )
            return cloudwatch.Metric(
                namespace=of_env,
                metric_name=f"Recorded{kind}",
                statistic="Sum",
                period=_MINUTE,
            )

        def drifted(*kinds: str) -> cloudwatch.IMetric:
            """Counted from the audit log, by how such records begin."""
            name = "EvidenceBroken"
            logs.MetricFilter(
                self,
                name,
                log_group=audit_log.log_group,
                filter_pattern=logs.FilterPattern.all(
                    logs.FilterPattern.string_value("$.type", "=", RecordType.DRIFT),
                    logs.FilterPattern.any(
                        *(
                            logs.FilterPattern.string_value("$.detail", "=", f"{kind}:*")
                            for kind in kinds
                        )
                    ),
                ),
                metric_namespace=of_env,
                metric_name=name,
                metric_value="1",
            )
            return cloudwatch.Metric(
                namespace=of_env, metric_name=name, statistic="Sum", period=_MINUTE
            )

        def throttled(direction: str) -> cloudwatch.IMetric:
            """Of the table and of its indexes, which are counted apart: the likeliest to throttle
            are the single partitions of the latter.
            """
            places = [{}, *({"GlobalSecondaryIndexName": index.value} for index in Index)]
            table = {"TableName": platform.session_store.table.table_name}
            return cloudwatch.MathExpression(
                expression="SUM(METRICS())",
                period=_MINUTE,
                using_metrics={
                    f"place{number}": cloudwatch.Metric(
                        namespace="AWS/DynamoDB",
                        metric_name=f"{direction}ThrottleEvents",
                        dimensions_map=table | place,
                        statistic="Sum",
                        period=_MINUTE,
                    )
                    for number, place in enumerate(places)
                },
            )

        def calls(function: PamFunction, period: Duration = _MINUTE) -> cloudwatch.IMetric:
            return function.function.metric_invocations(period=period, statistic="Sum")

        def errors(function: PamFunction) -> cloudwatch.IMetric:
            return function.function.metric_errors(period=_MINUTE, statistic="Sum")

        less = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
        ticks = calls(sweep.function)
        sought = calls(dark_calls.function)
        sealed = calls(checkpoints.function, Duration.minutes(2 * checkpoints.every_minutes))
        waiting = cloudwatch.MathExpression(
            expression="SUM(METRICS())",
            period=_MINUTE,
            using_metrics={
                name: queue.metric_approximate_number_of_messages_visible(
                    period=_MINUTE, statistic="Maximum"
                )
                for name, queue in (
                    ("failed", platform.dead_letters.queue),
                    ("undelivered", platform.undelivered.queue),
                )
            },
        )
        self.watched = {
            "revocation-stuck": Watched(metric=own(END_STUCK), minutes=1),
            "traces-left": Watched(metric=own(TRACES_LEFT), minutes=1),
            "audit-not-written": Watched(metric=own(AUDIT_NOT_WRITTEN), minutes=1),
            "log-unwitnessed": Watched(metric=own(LOG_UNWITNESSED), minutes=1),
            "failed-grant": Watched(metric=recorded("Failed"), minutes=1),
            "break-glass-used": Watched(metric=recorded("BreakGlass"), minutes=1),
            "table-writes-throttled": Watched(metric=throttled("Write"), minutes=2),
            "table-reads-throttled": Watched(metric=throttled("Read"), minutes=2),
            "workflow-throttled": Watched(
                metric=workflow.state_machine.metric_throttled(period=_MINUTE), minutes=2
            ),
            "role-full": Watched(metric=own(ROLE_FULL), minutes=1),
            "orphans-found": Watched(metric=own(ORPHAN_REMOVED), minutes=1),
            "access-missing": Watched(metric=own(ACCESS_MISSING), minutes=1),
            "evidence-broken": Watched(metric=drifted("unproven", "tampered"), minutes=1),
            "dark-access": Watched(metric=own(DARK_ACCESS), minutes=1),
            "statements-not-read": Watched(metric=own(LINE_NOT_UNDERSTOOD), minutes=1),
            "deny-missing": Watched(metric=own(DENY_MISSING), minutes=1),
            "boundary-missing": Watched(metric=own(BOUNDARY_MISSING), minutes=1),
            "dark-call": Watched(metric=own(DARK_CALL), minutes=1),
            # One that fails leaves a dead letter.
            "dark-call-search-not-running": Watched(
                metric=sought, minutes=5, when=less, silence_is_bad=True
            ),
            "dead-letters": Watched(metric=waiting, minutes=1),
            "tick-not-running": Watched(metric=ticks, minutes=3, when=less, silence_is_bad=True),
            "tick-failing": Watched(metric=errors(sweep.function), minutes=2),
            "checkpoints-not-running": Watched(
                metric=sealed, minutes=1, when=less, silence_is_bad=True
            ),
            "checkpoints-failing": Watched(metric=errors(checkpoints.function), minutes=1),
        }
        if platform.config.cloudtrail is not None:
            # As often as the search looks.
            unheard = Watched(metric=own(ECHO_MISSING), minutes=1)
            self.watched["lease-echo-missing"] = unheard
        notifications.allow_alarms()
        graphs: list[cloudwatch.IWidget] = []
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
                treat_missing_data=cloudwatch.TreatMissingData.MISSING
                if watched.silence_is_bad
                else cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            tell = actions.SnsAction(notifications.tier1_topic)
            alarm.add_alarm_action(tell)
            if watched.silence_is_bad:
                # An alarm begins without data, and that is no change that would be told: a first
                # deployment calls nobody. Data that stop are told. What never began leaves its
                # events with UndeliveredEvents.
                alarm.add_insufficient_data_action(tell)
            graphs.append(
                cloudwatch.GraphWidget(title=name, left=[watched.metric], width=_WIDTH, height=4)
            )
        # No alarm: what a role is lent for may be just that. Each is an event on the bus.
        graphs.append(
            cloudwatch.GraphWidget(
                title="doors-opened", left=[own(DOOR_OPENED)], width=_WIDTH, height=4
            )
        )
        dashboard = cloudwatch.Dashboard(
            self, "Dashboard", dashboard_name=f"pam-{env_name}", default_interval=_DAY
        )
        dashboard.add_widgets(*graphs)
