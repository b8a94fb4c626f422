"""Makes what stands in Slack right: woken by the bus, and every minute by the sessions."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from pam.domain import messages
from pam.domain.proofs import Maker
from pam.names import EVENT_SOURCE, SlackSecret, slack_secret_name
from pam.settings import SlackPaintSettings, SlackRouteSettings
from stacks.function_platform import FunctionPlatform
from stacks.notifications import Notifications
from stacks.pam_function import PamFunction
from stacks.proof_keys import ProofKeys
from stacks.schedule import call_every
from stacks.slack_queue import TIMEOUT, SlackQueue
from stacks.slack_secrets import grant_read_secret
from stacks.slack_table import SlackTable

WAKING = (
    "PAM Break Glass",
    "PAM Drift",
    "PAM Review Overdue",
    "PAM Session Activated",
    "PAM Session Approved",
    "PAM Session Confirmed",
    "PAM Session Denied",
    "PAM Session Ended",
    "PAM Session Erased",
    "PAM Session Expired",
    "PAM Session Failed",
    "PAM Session Requested",
    "PAM Session Reviewed",
    "PAM Session Revoked",
    "PAM Session Unanswered",
    "PAM Session Voted",
    "PAM Session Withdrawn",
)
"""The events that change what Slack shows. What borrowers can cause without end is not among them.
"""
TOLD = ("PAM Linked",)
"""The events of no session of which somebody hears in Slack."""
_TRIED_FOR = Duration.hours(1)
"""By then the sweep has found the session long ago."""


class SlackPainting(Construct):
    """Two functions: the one that hears of everything holds no token, and the one that has it
    writes nothing of PAM's. Nothing of PAM calls either.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        table: SlackTable,
        queue: SlackQueue,
        notifications: Notifications,
        proof_keys: ProofKeys,
    ) -> None:
        super().__init__(scope, construct_id)
        self.queue = queue
        self.painter = self._painter(platform, table, queue, proof_keys)
        self.router = self._router(platform, table, queue)
        rule = events.Rule(
            self,
            "Changed",
            event_bus=notifications.bus,
            description=f"PAM {platform.env_name}: what changes what stands in Slack",
            event_pattern=events.EventPattern(source=[EVENT_SOURCE], detail_type=[*WAKING, *TOLD]),
            targets=[
                targets.LambdaFunction(
                    self.router.function, retry_attempts=185, max_event_age=_TRIED_FOR
                )
            ],
        )
        platform.undelivered.catch_of_target(rule)
        call_every(
            self,
            "EveryMinute",
            every=Duration.minutes(1),
            function=self.router,
            message=messages.FindUnpainted(),
            description=f"PAM {platform.env_name}: finds what Slack does not show yet",
        )

    def _painter(
        self,
        platform: FunctionPlatform,
        table: SlackTable,
        queue: SlackQueue,
        proof_keys: ProofKeys,
    ) -> PamFunction:
        slack, store = platform.config.slack, platform.session_store
        token = slack_secret_name(platform.env_name, SlackSecret.BOT_TOKEN)
        painter = PamFunction(
            self,
            "PaintSlack",
            platform=platform,
            handler="paint_slack",
            description="Paints cards, threads and direct messages in Slack",
            settings=SlackPaintSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                slack_table=table.table.table_name,
                slack_queue_url=queue.queue.queue_url,
                slack_api_url=slack.api_url,
                slack_bot_token=token,
                slack_team_ids=",".join(slack.team_ids),
                slack_enterprise_ids=",".join(slack.enterprise_ids),
                door_key_arn=proof_keys.arn(Maker.DOOR),
            ),
            timeout=TIMEOUT,
        )
        role = painter.role
        store.grant_read_sessions(role)
        store.grant_find_links(role)
        proof_keys.grant_tell(role, Maker.DOOR)
        table.grant_keep_cards(role)
        grant_read_secret(role, token)
        queue.grant_send(role)
        queue.feed(painter)
        return painter

    def _router(
        self, platform: FunctionPlatform, table: SlackTable, queue: SlackQueue
    ) -> PamFunction:
        store = platform.session_store
        router = PamFunction(
            self,
            "RouteSlack",
            platform=platform,
            handler="route_slack",
            description="Wakes the painter of Slack for what it does not show yet",
            settings=SlackRouteSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                slack_table=table.table.table_name,
                slack_queue_url=queue.queue.queue_url,
            ),
            # Just under the rate, so that two sweeps do not pile up.
            timeout=Duration.seconds(55),
            clocked=True,
        )
        store.grant_find_recent(router.role)
        table.grant_see_cards(router.role)
        queue.grant_send(router.role)
        queue.grant_count(router.role)
        # Twice more: an event comes once, though the sweep finds its session in any case.
        router.bury_failures(retries=2)
        return router
