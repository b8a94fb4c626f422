"""Watches that the stored items stay as PAM wrote them.

Triggers: the streams of sessions, blocks and the log's head, with what stood there before. May
touch: the session table (read; put a finding), and the keys of proofs (tell, not make). A retry is
safe: each change has an id, and is on record once.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.aws.stream_changes import change_of
from pam.domain import messages
from pam.operations.watch_store import watch_store
from pam.settings import WatchSettings

logger = Logger()


@cache
def settings() -> WatchSettings:
    return WatchSettings.from_env()


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, Any]:
    """Answers which change to begin again from, if one could not be judged."""
    for stream_record in messages.read(event, messages.StreamRecords).records:
        try:
            _watch(stream_record)
        except Exception:
            number = stream_record["dynamodb"]["SequenceNumber"]
            logger.exception("not judged", extra={"change": number})
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    return {"batchItemFailures": []}


def _watch(stream_record: dict[str, Any]) -> None:
    change = change_of(stream_record)
    if change is None:
        return
    wrong = watch_store(
        change,
        now=clock.now(),
        store=wiring.sessions(settings().tables),
        verifier=wiring.verifier(settings()),
    )
    if wrong is not None:
        logger.error("tampered", extra={"place": change.place, "wrong": wrong})
