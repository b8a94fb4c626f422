"""Hands out credentials of an active session: the one door that has a power.

Trigger: the request API's credentials call, and nothing else. May touch: the session table; the
target roles (assume them) and the databases of the catalogue; the auditor (have it write); the
calls that it notes. The only function that a credential leaves, and it keeps none. A retry is safe:
a repeated lease is another lease with a record of its own.
"""

from functools import cache
from typing import Annotated, Any

from pam import clock, wiring
from pam.domain.handled_call import Door
from pam.edge import views
from pam.edge.api import Front, logger, serve
from pam.edge.reading import PATH
from pam.edge.routes import Routes
from pam.edge.text import SessionId
from pam.operations.call import Call
from pam.operations.lease_credentials import lease_credentials
from pam.settings import IssueSettings


@cache
def settings() -> IssueSettings:
    return IssueSettings.from_env()


def front() -> Front:
    return Front(
        door=Door.ISSUE_CREDENTIALS,
        store=wiring.sessions(settings().tables),
        policy=wiring.policy(),
        clock=clock.now,
        calls=wiring.calls(settings().calls_table),
        noted=wiring.noted_acts(),
    )


routes = Routes()


@routes.post("/pam/sessions/{session_id}/credentials", "The lease")
def credentials(call: Call, session_id: Annotated[SessionId, PATH]) -> views.LeaseView:
    """One set of credentials of your own active session."""
    lease = lease_credentials(
        session_id,
        call,
        issuers=wiring.lenders(settings()),
        audit_log=wiring.auditor(settings().auditor_function),
        verifier=wiring.verifier(settings()),
    )
    return views.lease_view(lease)


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, Any]:
    return serve(routes, front(), event)
