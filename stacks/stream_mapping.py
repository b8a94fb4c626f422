"""Functions that are called with what changes in a table of the session store."""

import json
from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.function_platform import FunctionPlatform
from stacks.pam_function import PamFunction


def follow_stream(
    scope: Construct,
    construct_id: str,
    *,
    platform: FunctionPlatform,
    function: PamFunction,
    stream_arn: str,
    pattern: Mapping[str, object],
    batch_size: int = 100,
    window_seconds: int | None = None,
    one_batch_at_a_time: bool = False,
    retries: int = 100,
    longest: Duration | None = None,
) -> None:
    """Only changes that match `pattern` reach the function, from the oldest in the stream on, so
    that nothing is skipped that was written before the mapping existed.

    The function answers which changes of a batch it could not handle. Those are tried again,
    `retries` times and for `longest` (12 hours, well within the 24 that a stream keeps); then they
    go to the dead letters, and the changes behind them go on. `window_seconds` is how long Lambda
    gathers a batch. `one_batch_at_a_time` keeps the changes of a shard in order.

    The function's role needs `SessionStore.grant_follow` and `DeadLetters.grant_bury`.
    """
    longest = longest or Duration.hours(12)
    mapping = lambda_.CfnEventSourceMapping(
        scope,
        construct_id,
        function_name=function.function.function_name,
        event_source_arn=stream_arn,
        starting_position="TRIM_HORIZON",
        filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
            filters=[
                lambda_.CfnEventSourceMapping.FilterProperty(pattern=json.dumps(dict(pattern)))
            ]
        ),
        batch_size=batch_size,
        maximum_batching_window_in_seconds=window_seconds,
        parallelization_factor=1 if one_batch_at_a_time else None,
        bisect_batch_on_function_error=True,
        function_response_types=["ReportBatchItemFailures"],
        maximum_retry_attempts=retries,
        maximum_record_age_in_seconds=int(longest.to_seconds()),
        destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
            on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(
                destination=platform.dead_letters.queue.queue_arn
            )
        ),
    )
    # Lambda checks the right to read when the mapping is made.
    mapping.node.add_dependency(function.role)
