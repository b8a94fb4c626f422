"""The searches by schedule: drift at the targets, ends that were undone there, and what blocked
people still have open.
"""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from pam.domain import messages
from stacks.revocation import Revocation

_MINUTES: Mapping[str, tuple[object, int]] = {
    "targets": (messages.SearchTargets(), 15),
    "denies": (messages.SearchDenies(), 1),
    "blocked": (messages.SearchBlocked(), 1),
}
"""What the revocation function is asked to search, and how often."""


class Searches(Construct):
    """Each in a call of its own, so that neither can keep the other from its turn."""

    def __init__(
        self, scope: Construct, construct_id: str, *, env_name: str, revocation: Revocation
    ) -> None:
        super().__init__(scope, construct_id)
        for wanted, (message, minutes) in _MINUTES.items():
            every = Duration.minutes(minutes)
            events.Rule(
                self,
                wanted.capitalize(),
                description=f"PAM {env_name}: searches the {wanted}",
                schedule=events.Schedule.rate(every),
                targets=[
                    targets.LambdaFunction(
                        revocation.function.function,
                        event=events.RuleTargetInput.from_object(messages.event_of(message)),
                        retry_attempts=0,
                        max_event_age=every,
                    )
                ],
            )
