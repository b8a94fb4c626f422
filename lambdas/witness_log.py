"""The witness: cosigns checkpoints of a log that only ever grows.

Trigger: the log's checkpoint function, which may be another account's. May touch: its own memory
(one item a log) and its own key. A retry is safe: the last checkpoint may be cosigned again.
"""

import base64
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, signatures, wiring
from pam.domain.errors import StaleHead, WitnessRefused
from pam.names import witness_name
from pam.operations.witness_checkpoint import witness_checkpoint
from pam.settings import WitnessSettings

logger = Logger()


@cache
def settings() -> WitnessSettings:
    return WitnessSettings.from_env()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{seen: origin}` -> `{number}`; `{note, consistency, public_key}` -> `{line}|{refused}`."""
    memory = wiring.witness_memory(settings().memory_table)
    if "seen" in event:
        seen = memory.recall(event["seen"])
        return {"number": seen.number if seen else 0}
    try:
        line = witness_checkpoint(
            event["note"],
            [base64.b64decode(node) for node in event["consistency"]],
            base64.b64decode(event["public_key"]),
            name=witness_name(settings().env_name),
            now=clock.now(),
            memory=memory,
            verify=signatures.log_signed,
            cosigner=wiring.cosigner(settings().signing_key_arn),
        )
    except (WitnessRefused, StaleHead) as refusal:
        reason = str(refusal) or "another checkpoint came first"
        logger.exception("refused", extra={"reason": reason})
        return {"refused": reason}
    return {"line": line}
