"""Watches sessions, records, blocks and the log's head, and reports what PAM did not do."""

from aws_cdk import Duration
from constructs import Construct

from pam.names import (
    BLOCKS_PARTITION,
    LOG_PARTITION,
    RECORD_PLACE,
    SESSION_PLACE,
    Table,
)
from pam.settings import WatchSettings
from stacks.function_platform import FunctionPlatform
from stacks.pam_function import PamFunction
from stacks.proof_keys import ProofKeys
from stacks.stream_mapping import follow_stream

# An item is known by its keys, which nobody can change. What it says of itself may be forged.
_SESSIONS_AND_RECORDS = {"sk": {"S": [SESSION_PLACE, {"prefix": RECORD_PLACE}]}}
_BLOCKS = {"pk": {"S": [BLOCKS_PARTITION]}}
_LOG_HEAD = {"pk": {"S": [LOG_PARTITION]}}


class StoreWatch(Construct):
    """It may put a finding. It can neither change what it watches nor make a proof."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        proof_keys: ProofKeys,
    ) -> None:
        super().__init__(scope, construct_id)
        store = platform.session_store
        self.function = PamFunction(
            self,
            "WatchStore",
            platform=platform,
            handler="watch_store",
            description="Tells of sessions, records and blocks that were changed around PAM",
            settings=WatchSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                **proof_keys.settings(),
            ),
            timeout=Duration.seconds(60),
        )
        role = self.function.role
        store.grant_add_findings(role)
        store.grant_follow(role)
        store.grant_follow(role, Table.BLOCKS, Table.LOG_HEAD)
        proof_keys.grant_tell(role)
        platform.dead_letters.grant_bury(role)
        for name, stream, keys in (
            ("Sessions", store.stream_arn, _SESSIONS_AND_RECORDS),
            ("Blocks", store.stream_arn_of(Table.BLOCKS), _BLOCKS),
            ("LogHead", store.stream_arn_of(Table.LOG_HEAD), _LOG_HEAD),
        ):
            follow_stream(
                self,
                name,
                function=self.function,
                dead_letters=platform.dead_letters,
                stream_arn=stream,
                pattern={"dynamodb": {"Keys": keys}},
                window_seconds=1,
            )
