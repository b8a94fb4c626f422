"""The first state of the workflow: the gates that every door passes.

Trigger: the approval workflow. May touch: the session table, the Tier-1 topic, and executions of
the workflow (look at them). A retry is safe: the session id follows from the execution.
"""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain import messages
from pam.domain.proofs import Maker
from pam.edge.bodies import parse_start
from pam.operations.admit_request import admit_request
from pam.operations.close_unfinished import own_session_id
from pam.operations.open_session import Home
from pam.settings import AdmitSettings

logger = Logger()


@cache
def settings() -> AdmitSettings:
    return AdmitSettings.from_env()


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, str]:
    """`Admit` -> `{session_id, outcome, error, cause}`.

    Step Functions says what the execution was started with, and when. An execution that does not
    run opens nothing.
    """
    message = messages.read(event, messages.Admit)
    started = wiring.workflow(settings().state_machine_arn).describe(message.execution_arn)
    if not started.running:
        over = f"{started.arn} does not run"
        raise messages.UnknownEvent(over)
    admission = admit_request(
        started,
        own_session_id(started.input),
        lambda: parse_start(_parsed(started.input)),
        now=clock.now(),
        store=wiring.sessions(settings().tables),
        policy=wiring.policy(),
        notifier=wiring.notifier(settings().tier1_topic_arn, settings().env_name),
        signer=wiring.signer(Maker.ADMISSION, settings().admission_key_arn),
        home=Home(account=settings().account, region=settings().region),
    )
    logger.info(
        "admitted", extra={"session": admission.session_id, "outcome": admission.next_state}
    )
    return {
        "session_id": admission.session_id,
        "outcome": admission.next_state.value,
        "error": admission.error,
        "cause": admission.cause,
    }


def _parsed(started_with: str) -> Any:
    """Step Functions takes JSON only."""
    return json.loads(started_with)
