"""Functions that a clock starts."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from pam.domain.messages import event_of
from stacks.pam_function import PamFunction


def call_every(
    scope: Construct,
    construct_id: str,
    *,
    every: Duration,
    function: PamFunction,
    message: object,
    description: str,
) -> None:
    """Sends `message`, one of `pam.domain.messages`, to the function. EventBridge does not send it
    again: the next turn does the same work and more. A turn that it could not deliver is kept.
    """
    rule = events.Rule(
        scope,
        construct_id,
        description=description,
        schedule=events.Schedule.rate(every),
        targets=[
            targets.LambdaFunction(
                function.function,
                event=events.RuleTargetInput.from_object(event_of(message)),
                retry_attempts=0,
                max_event_age=every,
            )
        ],
    )
    function.undelivered.catch_of_target(rule)
