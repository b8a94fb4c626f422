"""Functions that are called with what changes in a table of the session store."""

import json
from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.dead_letters import DeadLetters
from stacks.pam_function import PamFunction

_HALF_A_DAY = Duration.hours(12)
"""Well within the day for which a stream keeps a change."""


def follow_stream(
    scope: Construct,
    construct_id: str,
    *,
    function: PamFunction,
    dead_letters: DeadLetters,
    stream_arn: str,
    pattern: Mapping[str, object],
    batch_size: int = 100,
    window_seconds: int | None = None,
    one_batch_at_a_time: bool = False,
    retries: int = 100,
    give_up_after: Duration = _HALF_A_DAY,
) -> None:
    """Calls the function with the changes that match `pattern`. The mapping begins with the oldest
    change in the stream, so that it skips nothing that was written before it existed.

    The function answers which changes of a batch it could not handle. Lambda tries these again, at
    most `retries` times and until they are as old as `give_up_after`. Then they become dead letters
    (what changed stands in the table as well), and Lambda goes on with the changes behind them.
    `window_seconds` is how long Lambda gathers a batch. `one_batch_at_a_time`, of each shard, keeps
    the changes of an item in order.

    The function's role needs `SessionStore.grant_follow` and `DeadLetters.grant_bury`.
    """
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
        maximum_record_age_in_seconds=int(give_up_after.to_seconds()),
        destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
            on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(
                destination=dead_letters.queue.queue_arn
            )
        ),
    )
    # Lambda checks the right to read when the mapping is made.
    mapping.node.add_dependency(function.role)
