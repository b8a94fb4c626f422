"""Now and then: what sessions left at their targets, or lost there, and what the blocked have."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.revocation import Revocation


class TargetSearch(Construct):
    def __init__(
        self, scope: Construct, construct_id: str, *, env_name: str, revocation: Revocation
    ) -> None:
        super().__init__(scope, construct_id)
        every = Duration.minutes(15)
        events.Rule(
            self,
            "Rule",
            description=f"PAM {env_name}: compares the targets with the sessions",
            schedule=events.Schedule.rate(every),
            targets=[
                # Each in a call of its own, so that neither can keep the other from its turn.
                targets.LambdaFunction(
                    revocation.function.function,
                    event=events.RuleTargetInput.from_object({"search": wanted}),
                    retry_attempts=0,
                    max_event_age=every,
                )
                for wanted in ("targets", "blocked")
            ],
        )
