"""Carries every audit record from the table's stream to the audit log group and the event bus."""

from aws_cdk import Duration
from constructs import Construct

from pam.domain.messages import KeepPolicySet
from pam.names import RECORD
from pam.settings import AuditSettings
from stacks.audit_archive import AuditArchive
from stacks.audit_log import AuditLog
from stacks.function_platform import FunctionPlatform
from stacks.notifications import Notifications
from stacks.pam_function import PamFunction
from stacks.schedule import call_every
from stacks.stream_mapping import follow_stream

_NEW_RECORDS = {
    "eventName": ["INSERT"],
    "dynamodb": {"NewImage": {"kind": {"S": [RECORD]}}},
}


class SessionAuditor(Construct):
    """The only writer of the audit log group and the only publisher on the bus."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        audit_log: AuditLog,
        archive: AuditArchive,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, construct_id)
        store = platform.session_store
        self.function = PamFunction(
            self,
            "AuditSession",
            platform=platform,
            handler="audit_session",
            description="Writes audit records to the audit log and announces them",
            settings=AuditSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                log_group_name=audit_log.log_group.log_group_name,
                bus_name=notifications.bus.event_bus_name,
                archive_bucket=archive.bucket.bucket_name,
            ),
            # A full batch while the log group throttles.
            timeout=Duration.seconds(60),
            clocked=True,
        )
        role = self.function.role
        store.grant_mark_delivered(role)
        store.grant_follow(role)
        audit_log.grant_append(role)
        archive.grant_keep_records(role)
        archive.grant_keep_policy_sets(role)
        notifications.grant_announce(role)
        platform.dead_letters.grant_bury(role)
        follow_stream(
            self,
            "Stream",
            function=self.function,
            dead_letters=platform.dead_letters,
            stream_arn=store.stream_arn,
            pattern=_NEW_RECORDS,
            # A record is on its way at once: a credential waits for its issue record.
            window_seconds=0,
            # That keeps the records of a session in order.
            one_batch_at_a_time=True,
        )
        # So that a policy set is archived soon after its deployment, even if it decides nothing
        # before the next one takes its place.
        call_every(
            self,
            "PolicySet",
            every=Duration.minutes(5),
            function=self.function,
            message=KeepPolicySet(),
            description=f"PAM {platform.env_name}: the policy set of this deployment is archived",
        )

    def precede(self, *others: PamFunction) -> None:
        """Has these functions updated after this one: a policy set decides nothing before it can be
        archived.
        """
        for other in others:
            other.function.node.add_dependency(self.function.function)
