"""The minute hand drives every session past its deadline to its end, workflow or no workflow."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from pam.domain import messages
from pam.settings import TickSettings
from stacks.dead_letters import DeadLetters
from stacks.notices import Notices
from stacks.pam_function import FunctionPlatform, PamFunction
from stacks.revocation import Revocation
from stacks.session_store import SessionStore


class DeadlineSweep(Construct):
    """Finds sessions whose time has come; ending them and telling people is the work of others."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        session_store: SessionStore,
        revocation: Revocation,
        notices: Notices,
        dead_letters: DeadLetters,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = PamFunction(
            self,
            "Tick",
            platform=platform,
            handler="tick",
            description="Every minute: hands on what is overdue, to be ended or told",
            settings=TickSettings(
                env_name=platform.env_name,
                table_name=session_store.table.table_name,
                revoke_function=revocation.function.function.function_name,
                notice_function=notices.function.function.function_name,
            ),
            # Just under the rate, so that two sweeps do not pile up.
            timeout=Duration.seconds(55),
        )
        session_store.grant_find_overdue(self.function.role)
        revocation.function.grant_invoke(self.function.role)
        notices.function.grant_invoke(self.function.role)
        # No retry: the next minute's sweep finds the same and more.
        dead_letters.receive_from(self.function, retries=0)
        events.Rule(
            self,
            "EveryMinute",
            description=f"PAM {platform.env_name}: drives overdue sessions to their end",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            targets=[
                targets.LambdaFunction(
                    self.function.function,
                    event=events.RuleTargetInput.from_object(messages.event_of(messages.Tick())),
                    retry_attempts=0,
                    max_event_age=Duration.minutes(1),
                )
            ],
        )
