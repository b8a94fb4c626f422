"""Now and then: what closed sessions left at their targets is looked for and removed."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.revocation import Revocation


class OrphanSearch(Construct):
    def __init__(
        self, scope: Construct, construct_id: str, *, env_name: str, revocation: Revocation
    ) -> None:
        super().__init__(scope, construct_id)
        events.Rule(
            self,
            "Rule",
            description=f"PAM {env_name}: removes what sessions left behind at their targets",
            schedule=events.Schedule.rate(Duration.minutes(15)),
            targets=[
                targets.LambdaFunction(
                    revocation.function.function,
                    event=events.RuleTargetInput.from_object({"search": "orphans"}),
                    retry_attempts=0,
                    max_event_age=Duration.minutes(15),
                )
            ],
        )
