"""Carries every audit record from the table's stream to the audit log group and the event bus."""

import json

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from pam.domain.messages import KeepPolicySet, event_of
from pam.settings import AuditSettings
from stacks.audit_archive import AuditArchive
from stacks.audit_log import AuditLog
from stacks.dead_letters import DeadLetters
from stacks.notifications import Notifications
from stacks.pam_function import FunctionPlatform, PamFunction
from stacks.session_store import SessionStore


class SessionAuditor(Construct):
    """The only writer of the audit log group and the only publisher on the bus."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        session_store: SessionStore,
        audit_log: AuditLog,
        archive: AuditArchive,
        notifications: Notifications,
        dead_letters: DeadLetters,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = PamFunction(
            self,
            "AuditSession",
            platform=platform,
            handler="audit_session",
            description="Writes audit records to the audit log and announces them",
            settings=AuditSettings(
                env_name=platform.env_name,
                table_name=session_store.table.table_name,
                log_group_name=audit_log.log_group.log_group_name,
                bus_name=notifications.bus.event_bus_name,
                archive_bucket=archive.bucket.bucket_name,
            ),
            # A full batch while the log group throttles.
            timeout=Duration.seconds(60),
        )
        role = self.function.role
        session_store.grant_mark_delivered(role)
        session_store.grant_follow(role)
        audit_log.grant_append(role)
        archive.grant_keep_records(role)
        archive.grant_keep_policy_sets(role)
        notifications.grant_announce(role)
        dead_letters.grant_bury(role)
        self._follow(session_store, dead_letters)
        # So that a policy set is kept soon after its deployment, whether or not it decides anything
        # before the next one takes its place.
        events.Rule(
            self,
            "PolicySet",
            description=f"PAM {platform.env_name}: the policy set of this deployment is archived",
            schedule=events.Schedule.rate(Duration.minutes(5)),
            targets=[
                targets.LambdaFunction(
                    self.function.function,
                    event=events.RuleTargetInput.from_object(event_of(KeepPolicySet())),
                    retry_attempts=0,
                    max_event_age=Duration.minutes(5),
                )
            ],
        )

    def precede(self, *others: PamFunction) -> None:
        """Has these functions updated after this one: a policy set decides nothing before it can be
        archived.
        """
        for other in others:
            other.function.node.add_dependency(self.function.function)

    def _follow(self, session_store: SessionStore, dead_letters: DeadLetters) -> None:
        new_records = {
            "eventName": ["INSERT"],
            "dynamodb": {"NewImage": {"kind": {"S": ["RECORD"]}}},
        }
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Stream",
            function_name=self.function.function.function_name,
            event_source_arn=session_store.stream_arn,
            # Nothing may be skipped that was written before the mapping existed.
            starting_position="TRIM_HORIZON",
            filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
                filters=[
                    lambda_.CfnEventSourceMapping.FilterProperty(pattern=json.dumps(new_records))
                ]
            ),
            batch_size=100,
            # A record is on its way at once: a credential waits for its issue record.
            maximum_batching_window_in_seconds=0,
            # One batch of a shard at a time keeps the records of a session in order.
            parallelization_factor=1,
            bisect_batch_on_function_error=True,
            function_response_types=["ReportBatchItemFailures"],
            # Bounded well within the 24 hours that the stream keeps; then the record waits as a
            # dead letter (it stays in the table as well) and the records behind it go on.
            maximum_retry_attempts=100,
            maximum_record_age_in_seconds=int(Duration.hours(12).to_seconds()),
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(
                    destination=dead_letters.queue.queue_arn
                )
            ),
        )
        # Lambda checks the right to read when the mapping is made.
        mapping.node.add_dependency(self.function.role)
