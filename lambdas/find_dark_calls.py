"""Finds calls of PAM's functions that came past their door.

Triggers: a schedule (`MatchCalls`), and CloudTrail's Invoke events on the account's default bus,
where a trail has Lambda's data events. May touch: the calls that doors noted (read, settle), the
gateways' access logs (read), and findings in the session table (put). A retry is safe: a finding is
recorded once.
"""

from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain import messages
from pam.domain.invocation import Own, of_cloudtrail
from pam.metrics import count
from pam.names import DARK_CALL
from pam.operations.match_calls import match_calls
from pam.operations.record_invocation import record_invocation
from pam.settings import DarkCallSettings

_TIME_FOR_A_CALL_MS = 3_000

logger = Logger()


@cache
def settings() -> DarkCallSettings:
    return DarkCallSettings.from_env()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    if {"source", "detail-type", "detail"} <= set(event):
        return {"dark": _invoked(event)}
    messages.read(event, messages.MatchCalls)
    home = settings()
    found = match_calls(
        now=clock.now(),
        after=timedelta(minutes=int(home.after_minutes)),
        calls=wiring.calls(home.calls_table),
        log=wiring.access_log(home.access_log),
        store=wiring.sessions(home.tables),
        policy_version=wiring.policy().version,
        has_time=lambda: context.get_remaining_time_in_millis() >= _TIME_FOR_A_CALL_MS,
        tell=lambda request_id: _tell(request_id=request_id),
    )
    logger.info("matched", extra={"matched": found.matched, "waiting": found.waiting})
    return {"dark": len(found.dark), "matched": found.matched, "waiting": found.waiting}


def _invoked(event: dict[str, Any]) -> int:
    home = settings()
    own = Own(roles=frozenset(home.own_roles.split(",")), functions=home.functions)
    invocation = of_cloudtrail(event, own)
    if invocation is None or not record_invocation(
        invocation,
        now=clock.now(),
        store=wiring.sessions(home.tables),
        policy_version=wiring.policy().version,
        tell=lambda: _tell(event=invocation.event_id),
    ):
        return 0
    return 1


def _tell(**what: str) -> None:
    logger.warning("dark call", extra=what)
    count(DARK_CALL, settings().env_name)
