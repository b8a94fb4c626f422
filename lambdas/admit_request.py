"""The first state of the workflow: the gates that every door passes.

Trigger: the approval workflow. May touch: the session table, the Tier-1 topic. A retry is safe: the
session id follows from the execution.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain import timestamps
from pam.domain.ids import is_ulid
from pam.domain.proofs import Maker
from pam.edge.bodies import parse_start
from pam.operations.admit_request import Execution, admit_request
from pam.operations.request_access import Home
from pam.settings import AdmitSettings

logger = Logger()


@cache
def settings() -> AdmitSettings:
    return AdmitSettings.from_env()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """`{input, execution: {id, started_at}}` -> `{session_id, outcome, error, cause}`."""
    raw = event["input"]
    named = raw.get("session_id") if isinstance(raw, dict) else None
    execution = event["execution"]
    admission = admit_request(
        Execution(arn=execution["id"], started_at=timestamps.parse(execution["started_at"])),
        named if isinstance(named, str) and is_ulid(named) else None,
        lambda: parse_start(raw),
        now=clock.now(),
        store=wiring.sessions(settings().tables),
        policy=wiring.policy(),
        notifier=wiring.notifier(settings().tier1_topic_arn),
        signer=wiring.signer(Maker.ADMISSION, settings().admission_key_arn),
        home=Home(account=settings().account, region=settings().region),
    )
    logger.info("admitted", extra={"session": admission.session_id, "outcome": admission.outcome})
    return {
        "session_id": admission.session_id,
        "outcome": admission.outcome.value,
        "error": admission.error,
        "cause": admission.cause,
    }
