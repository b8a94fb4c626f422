"""The alarms that call a person. Each has a section in docs/runbook.md that says what to do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from constructs import Construct

from pam.domain.audit_record import RecordType
from pam.names import (
    AUDIT_NOT_WRITTEN,
    DARK_ACCESS,
    DARK_CALL,
    DOOR_OPENED,
    ECHO_MISSING,
    END_STUCK,
    LINE_NOT_UNDERSTOOD,
    LOG_UNWITNESSED,
    METRIC_NAMESPACE,
    OF_TARGETS,
    SLACK_CHANNEL_LOST,
    SLACK_NOT_PAINTED,
    SLACK_WAITING,
    TARGET_DRIFTED,
    metric_dimensions,
)
from stacks.activity_recorder import ActivityRecorder
from stacks.approval_workflow import ApprovalWorkflow
from stacks.dark_calls import DarkCalls
from stacks.deadline_sweep import DeadlineSweep
from stacks.foundation_stack import FoundationStack
from stacks.function_platform import FunctionPlatform
from stacks.log_checkpoints import LogCheckpoints
from stacks.pam_function import PamFunction
from stacks.session_auditor import SessionAuditor
from stacks.session_store import SessionStore
from stacks.slack import Slack
from stacks.slack_socket_tasks import LINES_A_PERIOD, TASKS, SlackSocketTasks
from stacks.store_watch import StoreWatch

_MINUTE = Duration.minutes(1)
_LATE_SECONDS = 300
"""What is recorded is carried within a second, as a rule, and activities within ten."""
_WIDTH, _DAY = 8, Duration.days(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is measured, and for how many of its periods in a row, minutes as a rule, it must be bad
    to be worth a call.
    """

    metric: cloudwatch.IMetric
    minutes: int
    threshold: float = 1
    when: cloudwatch.ComparisonOperator = (
        cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
    )
    silence_is_bad: bool = False
    of: int = 0
    """Periods of which it must be bad in `minutes`, in a row or not; 0: in a row."""


def _throttled(store: SessionStore, operation: str) -> cloudwatch.IMetric:
    """Of the table of sessions. A call counts if any part of it was throttled, and each of the
    table's indexes is a part.
    """
    return cloudwatch.Metric(
        namespace="AWS/DynamoDB",
        metric_name="ThrottledRequests",
        dimensions_map={"TableName": store.table.table_name, "Operation": operation},
        statistic="Sum",
        period=_MINUTE,
    )


def _behind(
    auditor: PamFunction, watch: PamFunction, recorder: ActivityRecorder
) -> cloudwatch.IMetric:
    """Seconds: how old is what has waited longest to be carried, watched or recorded."""

    def age(function: PamFunction) -> cloudwatch.IMetric:
        return function.function.metric("IteratorAge", period=_MINUTE, statistic="Maximum")

    return cloudwatch.MathExpression(
        label="seconds",
        expression="MAX([audited / 1000, watched / 1000, activities])",
        period=_MINUTE,
        using_metrics={
            "audited": age(auditor),
            "watched": age(watch),
            "activities": recorder.queue.metric_approximate_age_of_oldest_message(
                period=_MINUTE, statistic="Maximum"
            ),
        },
    )


def _sum(metrics: Iterable[cloudwatch.IMetric]) -> cloudwatch.IMetric:
    return cloudwatch.MathExpression(
        expression="SUM(METRICS())",
        period=_MINUTE,
        using_metrics={f"part{number}": metric for number, metric in enumerate(metrics)},
    )


def _of_slack(slack: Slack, own: Callable[[str], cloudwatch.Metric]) -> dict[str, Watched]:
    # SQS leaves out what was taken three times and is still there: the painter says that itself.
    age = cloudwatch.MathExpression(
        label="seconds",
        expression="MAX([FILL(untried, 0), FILL(tried, 0)])",
        period=_MINUTE,
        using_metrics={
            "untried": slack.queue.queue.metric_approximate_age_of_oldest_message(
                period=_MINUTE, statistic="Maximum"
            ),
            "tried": own(SLACK_WAITING).with_(statistic="Maximum"),
        },
    )
    found = {
        # What Slack fails at again and again is tried, and told, every five minutes or six.
        "slack-waiting": Watched(metric=age, minutes=1, of=10, threshold=_LATE_SECONDS),
        "slack-channel-lost": Watched(metric=own(SLACK_CHANNEL_LOST), minutes=1),
        "slack-not-painted": Watched(metric=own(SLACK_NOT_PAINTED), minutes=1),
    }
    if slack.socket is None or slack.socket.tasks is None:
        return found
    return found | _of_slacks_socket(slack.socket.tasks)


def _of_slacks_socket(tasks: SlackSocketTasks) -> dict[str, Watched]:
    """In periods of five minutes. A first one that was not whole calls nobody."""
    return {
        "slack-socket-not-running": Watched(
            metric=tasks.healthy(),
            minutes=2,
            threshold=LINES_A_PERIOD - TASKS,
            when=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            silence_is_bad=True,
        ),
        "slack-socket-unanswered": Watched(metric=tasks.unanswered(), minutes=1, threshold=3),
    }


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
        auditor: SessionAuditor,
        store_watch: StoreWatch,
        recorder: ActivityRecorder,
        foundation: FoundationStack,
        slack: Slack | None,
    ) -> None:
        super().__init__(scope, construct_id)
        env_name = platform.env_name
        audit_log, notifications = foundation.audit_log, foundation.notifications

        # A metric filter can only count by what stands in the line, and that has no environment.
        of_env = f"{METRIC_NAMESPACE}/{env_name}"

        def own(name: str) -> cloudwatch.Metric:
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

        throttled = partial(_throttled, platform.session_store)

        def calls(function: PamFunction, period: Duration = _MINUTE) -> cloudwatch.IMetric:
            return function.function.metric_invocations(period=period, statistic="Sum")

        def errors(function: PamFunction) -> cloudwatch.IMetric:
            return function.function.metric_errors(period=_MINUTE, statistic="Sum")

        less = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
        ticks = calls(sweep.function)
        sought = calls(dark_calls.function)
        sealed = calls(checkpoints.function, Duration.minutes(2 * checkpoints.every_minutes))
        dead = [platform.dead_letters.queue, platform.undelivered.queue]
        dead += [slack.queue.dead] if slack else []
        waiting = _sum(
            queue.metric_approximate_number_of_messages_visible(period=_MINUTE, statistic="Maximum")
            for queue in dead
        )
        # Without a dimension: of all functions of the account, because they share one quota.
        starved = cloudwatch.Metric(
            namespace="AWS/Lambda", metric_name="Throttles", statistic="Sum", period=_MINUTE
        )
        self.watched = {
            "revocation-stuck": Watched(metric=own(END_STUCK), minutes=1),
            "audit-not-written": Watched(metric=own(AUDIT_NOT_WRITTEN), minutes=1),
            "failed-grant": Watched(metric=recorded("Failed"), minutes=1),
            "break-glass-used": Watched(metric=recorded("BreakGlass"), minutes=1),
            "table-writes-throttled": Watched(metric=throttled("TransactWriteItems"), minutes=2),
            "table-reads-throttled": Watched(metric=throttled("Query"), minutes=2),
            "functions-starved": Watched(metric=starved, minutes=2),
            "records-waiting": Watched(
                metric=_behind(auditor.function, store_watch.function, recorder),
                minutes=1,
                threshold=_LATE_SECONDS,
            ),
            "target-drifted": Watched(metric=own(TARGET_DRIFTED), minutes=1),
            "evidence-broken": Watched(metric=drifted("unproven", "tampered"), minutes=1),
            "dark-access": Watched(metric=own(DARK_ACCESS), minutes=1),
            "statements-not-read": Watched(metric=own(LINE_NOT_UNDERSTOOD), minutes=1),
            "dark-call": Watched(metric=own(DARK_CALL), minutes=1),
            "dark-call-search-not-running": Watched(
                metric=sought, minutes=5, when=less, silence_is_bad=True
            ),
            # One that fails leaves a dead letter, a tick, a search and a checkpoint as well.
            "dead-letters": Watched(metric=waiting, minutes=1),
            "tick-not-running": Watched(metric=ticks, minutes=3, when=less, silence_is_bad=True),
            "checkpoints-not-running": Watched(
                metric=sealed, minutes=1, when=less, silence_is_bad=True
            ),
        }
        if platform.config.witness_account is not None:
            self.watched["log-unwitnessed"] = Watched(metric=own(LOG_UNWITNESSED), minutes=1)
        if platform.config.cloudtrail is not None:
            # As often as the search looks.
            unheard = Watched(metric=own(ECHO_MISSING), minutes=1)
            self.watched["lease-echo-missing"] = unheard
        self.watched |= _of_slack(slack, own) if slack else {}
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
                evaluation_periods=watched.of or watched.minutes,
                datapoints_to_alarm=watched.minutes if watched.of else None,
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
        # No alarms of their own. What a role is lent for may be just what opens doors, and is an
        # event on the bus; what is found at targets has one alarm for all; what the workflow does
        # late, the tick does.
        untold = {
            "doors-opened": own(DOOR_OPENED),
            **{name: own(name) for name in sorted(OF_TARGETS)},
            "workflow-throttled": workflow.state_machine.metric_throttled(period=_MINUTE),
            "tick-failing": errors(sweep.function),
            "checkpoints-failing": errors(checkpoints.function),
        }
        graphs += [
            cloudwatch.GraphWidget(title=title, left=[metric], width=_WIDTH, height=4)
            for title, metric in untold.items()
        ]
        dashboard = cloudwatch.Dashboard(
            self, "Dashboard", dashboard_name=f"pam-{env_name}", default_interval=_DAY
        )
        dashboard.add_widgets(*graphs)
