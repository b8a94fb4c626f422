"""Makes the access of an approved session. It hands out none of it: no answer holds a credential.

Trigger: the approval workflow. May touch: the session table; the links of whoever asked and voted
(read); the target roles (see that they can be assumed) and the databases of the catalogue; the
functions that have a vendor's power. Knows no callers: whether there is access to be made is read
from the store. A retry is safe: activation happens once.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain import messages, timestamps
from pam.domain.proofs import Maker
from pam.operations.activate_session import activate_session
from pam.settings import GateSettings

logger = Logger()


@cache
def settings() -> GateSettings:
    return GateSettings.from_env()


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, str]:
    """`Activate` -> `{status, hold_until}`. Raises what activation raises: the workflow then closes
    the session.
    """
    message = messages.read(event, messages.Activate)
    now, links = clock.now(), wiring.proven_links(settings().tables, settings().door_key_arn)
    session = activate_session(
        message.session_id,
        now=now,
        store=wiring.sessions(settings().tables),
        policy=wiring.policy().knowing(links, now),
        issuers=wiring.issuers(settings()),
        verifier=wiring.verifier(settings()),
        signer=wiring.signer(Maker.ACTIVATION, settings().activation_key_arn),
    )
    if session.expires_at is None:
        text = f"session {session.session_id} is {session.status.value} without an end"
        raise RuntimeError(text)
    return {
        "status": session.status.value,
        "hold_until": timestamps.whole_second_at_or_after(session.expires_at),
    }
