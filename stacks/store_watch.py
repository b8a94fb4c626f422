"""Watches sessions, records, blocks and the log's head, and reports what PAM did not do."""

import json
from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from pam.aws import block_items, table_keys
from pam.domain.proofs import Maker
from pam.names import Table
from pam.settings import WatchSettings
from stacks.dead_letters import DeadLetters
from stacks.pam_function import FunctionPlatform, PamFunction
from stacks.proof_keys import ProofKeys
from stacks.session_store import SessionStore

# By its keys, which nobody can change: what an item says that it is may be another's word.
_SESSIONS_AND_RECORDS = {
    "sk": {"S": [table_keys.SESSION_PLACE, {"prefix": table_keys.RECORD_PLACE}]}
}
_BLOCKS = {"pk": {"S": [block_items.PARTITION]}}
_LOG_HEAD = {"pk": {"S": [table_keys.HEAD_KEY["pk"]]}}


class StoreWatch(Construct):
    """A function of its own: it can put a finding, and can neither change what it watches nor say
    that something is proven.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        session_store: SessionStore,
        proof_keys: ProofKeys,
        dead_letters: DeadLetters,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = PamFunction(
            self,
            "WatchStore",
            platform=platform,
            handler="watch_store",
            description="Tells of sessions, records and blocks that were changed around PAM",
            settings=WatchSettings(
                env_name=platform.env_name,
                table_name=session_store.table.table_name,
                door_key_arn=proof_keys.arn(Maker.DOOR),
                admission_key_arn=proof_keys.arn(Maker.ADMISSION),
                activation_key_arn=proof_keys.arn(Maker.ACTIVATION),
            ),
            timeout=Duration.seconds(60),
        )
        role = self.function.role
        session_store.grant_add_findings(role)
        session_store.grant_follow(role)
        session_store.grant_follow(role, Table.BLOCKS, Table.LOG_HEAD)
        proof_keys.grant_tell(role)
        dead_letters.grant_bury(role)
        for name, stream, keys in (
            ("Sessions", session_store.stream_arn, _SESSIONS_AND_RECORDS),
            ("Blocks", session_store.stream_arn_of(Table.BLOCKS), _BLOCKS),
            ("LogHead", session_store.stream_arn_of(Table.LOG_HEAD), _LOG_HEAD),
        ):
            self._follow(name, stream, keys, dead_letters)

    def _follow(
        self, name: str, stream: str, keys: Mapping[str, object], dead_letters: DeadLetters
    ) -> None:
        mapping = lambda_.CfnEventSourceMapping(
            self,
            name,
            function_name=self.function.function.function_name,
            event_source_arn=stream,
            starting_position="TRIM_HORIZON",
            filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
                filters=[
                    lambda_.CfnEventSourceMapping.FilterProperty(
                        pattern=json.dumps({"dynamodb": {"Keys": keys}})
                    )
                ]
            ),
            batch_size=100,
            maximum_batching_window_in_seconds=1,
            bisect_batch_on_function_error=True,
            function_response_types=["ReportBatchItemFailures"],
            maximum_retry_attempts=100,
            maximum_record_age_in_seconds=int(Duration.hours(12).to_seconds()),
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(
                    destination=dead_letters.queue.queue_arn
                )
            ),
        )
        # Lambda checks the right to read when the mapping is made.
        mapping.node.add_dependency(self.function.role)
