"""Sees what happens to sessions, records, blocks and the log's head, and tells what may not."""

import json
from collections.abc import Iterable

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from pam.domain.proofs import Maker
from pam.domain.store_change import Item
from pam.names import Table
from pam.settings import WatchSettings
from stacks.dead_letters import DeadLetters
from stacks.pam_function import FunctionPlatform, PamFunction
from stacks.proof_keys import ProofKeys
from stacks.session_store import SessionStore


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
        for name, stream, items in (
            ("Sessions", session_store.stream_arn, (Item.RECORD, Item.SESSION)),
            ("Blocks", session_store.stream_arn_of(Table.BLOCKS), (Item.BLOCK, Item.BLOCKS)),
            ("LogHead", session_store.stream_arn_of(Table.LOG_HEAD), (Item.LOG_HEAD,)),
        ):
            self._follow(name, stream, items, dead_letters)

    def _follow(
        self, name: str, stream: str, items: Iterable[Item], dead_letters: DeadLetters
    ) -> None:
        kinds = {"kind": {"S": sorted(items)}}
        mapping = lambda_.CfnEventSourceMapping(
            self,
            name,
            function_name=self.function.function.function_name,
            event_source_arn=stream,
            starting_position="TRIM_HORIZON",
            filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
                # What is there now or was there before: what lost its kind was changed as well.
                filters=[
                    lambda_.CfnEventSourceMapping.FilterProperty(
                        pattern=json.dumps({"dynamodb": {image: kinds}})
                    )
                    for image in ("NewImage", "OldImage")
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
