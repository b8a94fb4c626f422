"""Making access, and handing out credentials of it.

Triggers: the approval workflow (`{session_id}`), and the request API's credentials call. May touch:
the session table; the target roles (assume them); the auditor (have it write). The only function
that can obtain a credential, and it keeps none. A retry is safe: activation happens once, and a
repeated lease is another lease with a record of its own.
"""

from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path

from pam import clock, wiring
from pam.domain import timestamps
from pam.domain.proofs import Maker
from pam.edge import views
from pam.edge.api import Front, answers, current_call, logger, resolver, serve
from pam.edge.text import SessionId
from pam.operations.activate_session import activate_session
from pam.operations.lease_credentials import lease_credentials
from pam.settings import IssueSettings


@cache
def settings() -> IssueSettings:
    return IssueSettings.from_env()


def front() -> Front:
    return Front(store=wiring.sessions(settings().tables), policy=wiring.policy(), clock=clock.now)


app = resolver()


@app.post("/pam/sessions/<session_id>/credentials", responses=answers("The lease"))
def credentials(session_id: Annotated[SessionId, Path()]) -> views.LeaseView:
    """One set of credentials of your own active session."""
    call = current_call(app)
    lease = lease_credentials(
        session_id,
        caller=call.caller,
        now=call.now,
        store=front().store,
        policy=front().policy,
        issuers=wiring.issuers(settings()),
        audit_log=wiring.auditor(settings().auditor_function),
        verifier=wiring.verifier(settings()),
    )
    return views.lease_view(lease)


def activate(session_id: str) -> dict[str, str]:
    """For the workflow. Raises what activation raises: the workflow then closes the session."""
    session = activate_session(
        session_id,
        now=clock.now(),
        store=front().store,
        policy=front().policy,
        issuers=wiring.issuers(settings()),
        verifier=wiring.verifier(settings()),
        signer=wiring.signer(Maker.ACTIVATION, settings().activation_key_arn),
    )
    if session.expires_at is None:
        message = f"session {session_id} is {session.status.value} without an end"
        raise RuntimeError(message)
    return {
        "status": session.status.value,
        "hold_until": timestamps.whole_second_at_or_after(session.expires_at),
    }


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    if "requestContext" in event:
        return serve(app, front(), event, context)
    return activate(event["session_id"])
