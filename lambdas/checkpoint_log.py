"""Makes the next checkpoint of the audit log, at a fixed interval.

Trigger: a schedule. May touch: the queue of unsealed records and the log's head in the session
table; the archive (add a checkpoint, read checkpoints); the signing key; the witness. It can change
no record. A retry is safe: a checkpoint that stands in the archive is taken up, not made again.
"""

from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain import messages
from pam.metrics import count
from pam.names import LOG_UNWITNESSED, log_origin
from pam.operations.seal_records import Notary, have_witnessed, seal_records
from pam.settings import CheckpointSettings

_MOST_PER_RUN = 3
"""What is left then waits for the next run; each takes up to 20,000 records."""

logger = Logger()


@cache
def settings() -> CheckpointSettings:
    return CheckpointSettings.from_env()


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, int]:
    messages.read(event, messages.SealRecords)
    items = wiring.checkpoints(settings().tables)
    archive = wiring.archive(settings().archive_bucket)
    notary = Notary(
        origin=log_origin(settings().env_name),
        signer=wiring.log_signer(settings().signing_key_arn),
        interval=timedelta(minutes=int(settings().interval_minutes)),
    )
    for _ in range(_MOST_PER_RUN):
        sealed = seal_records(
            now=clock.now(), unsealed=items, log=items, archive=archive, notary=notary
        )
        if not sealed.more:
            break
    witnessed = 0
    if settings().witness_function:
        try:
            witnessed = have_witnessed(
                sealed.head,
                log=items,
                archive=archive,
                notary=notary,
                witness=wiring.witness(settings().witness_function),
            )
        except Exception:
            # The checkpoint stands; the error tells the reason to the person whom the alarm calls.
            count(LOG_UNWITNESSED, settings().env_name)
            raise
    result = {
        "number": sealed.head.number,
        "size": sealed.head.frontier.size,
        "witnessed": witnessed,
    }
    logger.info("checkpoint", extra=result)
    return result
