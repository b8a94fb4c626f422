"""Sends what people did not ask for: reminders, warnings of an end, an overdue review."""

from aws_cdk import Duration
from constructs import Construct

from pam.settings import NoticeSettings
from stacks.function_platform import FunctionPlatform
from stacks.notifications import Notifications
from stacks.pam_function import PamFunction


class Notices(Construct):
    """The function that looks at every deadline can tell nobody; this one, which tells people, can
    end nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, construct_id)
        store = platform.session_store
        self.function = PamFunction(
            self,
            "SendNotices",
            platform=platform,
            handler="send_notices",
            description="Reminds approvers, warns requesters, escalates overdue reviews",
            settings=NoticeSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                approver_topic_arn=notifications.approver_topic.topic_arn,
                requester_topic_arn=notifications.requester_topic.topic_arn,
                tier1_topic_arn=notifications.tier1_topic.topic_arn,
            ),
            # Well under the minute for which a notice is claimed.
            timeout=Duration.seconds(15),
        )
        role = self.function.role
        store.grant_take_steps(role)
        notifications.grant_ask_approvers(role)
        notifications.grant_warn_requesters(role)
        notifications.grant_alert_tier1(role)
        # No retry: what was not sent is due again at a later tick.
        self.function.bury_failures(retries=0)
