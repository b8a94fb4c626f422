"""Taking access back: at its time, early, or because something failed.

Triggers: the approval workflow, the tick, a grant that the table itself let run out, the searches
(drift at targets, denies that are gone, what the blocked have), and the request API's revoke and
end calls. May touch: the session table; the revoker roles beside the target roles (write a deny,
read it back; read the role's boundary); the databases and secrets of the catalogue; the workflow
(stop it). The only function that can end access. Every call may be repeated.
"""

import json
from dataclasses import asdict
from functools import cache, partial
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body

from pam import clock, wiring
from pam.domain import timestamps
from pam.domain.errors import IssuerUnavailable, NotFound, NotYet, code_of
from pam.domain.session import Session
from pam.edge import views
from pam.edge.api import Front, answers, current_call, logger, resolver, serve
from pam.edge.bodies import BlockScope, EndBody, RevokeBody
from pam.ids import id_of_execution
from pam.metrics import count
from pam.names import (
    ACCESS_MISSING,
    BOUNDARY_MISSING,
    DENY_MISSING,
    ORPHAN_REMOVED,
    TRACES_LEFT,
)
from pam.operations import block_person, close_session, end_access
from pam.operations.check_bounds import check_bounds
from pam.operations.keep_ends import keep_ends
from pam.operations.search_targets import search_targets
from pam.settings import RevokeSettings

_LONGEST_CAUSE = 500
_TIME_FOR_A_TARGET_MS = 12_000
"""A database that does not answer is given up for sooner than that."""


@cache
def settings() -> RevokeSettings:
    return RevokeSettings.from_env()


def front() -> Front:
    return Front(
        store=wiring.sessions(settings().table_name), policy=wiring.policy(), clock=clock.now
    )


app = resolver()


@app.post("/pam/revoke", responses=answers("The session"))
def revoke(body: Annotated[RevokeBody, Body()]) -> views.SessionView:
    """An operator takes access back, now, and blocks the person if asked to."""
    if body.block_seconds is not None:
        return _blocked(body)
    return _ended(body.session_id, end_access.REVOKED_BY_OPERATOR, body.reason)


@app.post("/pam/end", responses=answers("The session"))
def end(body: Annotated[EndBody, Body()]) -> views.SessionView:
    """The requester gives the access back, or withdraws the request."""
    return _ended(body.session_id, end_access.GIVEN_BACK, "given back by the requester")


def _ended(session_id: str, way_out: end_access.WayOut, reason: str) -> views.SessionView:
    call = current_call(app)
    session = end_access.end_access(
        session_id,
        way_out,
        reason,
        caller=call.caller,
        now=call.now,
        store=front().store,
        policy=front().policy,
        issuers=wiring.issuers(settings()),
        workflow=wiring.workflow(),
    )
    return views.session_view(session)


def _blocked(body: RevokeBody) -> views.SessionView:
    """Blocks, then ends all that the block covers: the session at hand among it."""
    call = current_call(app)
    session = block_person.block_requester(
        body.session_id,
        block_person.Wish(
            length=body.block,
            one_resource=body.block_scope is BlockScope.RESOURCE,
            reason=body.reason,
        ),
        caller=call.caller,
        now=call.now,
        store=front().store,
        policy=front().policy,
        issuers=wiring.issuers(settings()),
        workflow=wiring.workflow(),
    )
    return views.session_view(session)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    if "requestContext" in event:
        return serve(app, front(), event, context)
    if "search" in event:
        return _SEARCHES[event["search"]](context)
    if "Records" in event:
        return _grants_run_out(event["Records"])
    if event.get("by") == "tick":
        return _tried(event["session_id"])
    return _driven(event)


def _tried(session_id: str) -> dict[str, str]:
    """On behalf of the tick, which tries again in a minute and counts what has waited too long. So
    a try that fails is said in the log, and is no dead letter.
    """
    try:
        return _swept(session_id)
    except Exception as error:  # noqa: BLE001 - whatever it was, the next tick tries again
        logger.exception("not ended yet", extra={"session_id": session_id})
        stored = front().store.get(session_id)
        if stored is not None and stored.closed:
            count(TRACES_LEFT, settings().env_name)
        return {"status": "", "error": type(error).__name__, "cause": "see the log"}


def _driven(event: dict[str, Any]) -> dict[str, str]:
    """On behalf of the workflow, which tries again after an error."""
    failure = event.get("failure")
    if failure is None:
        return _told(
            close_session.look_at(
                event["session_id"],
                now=clock.now(),
                store=front().store,
                issuers=wiring.issuers(settings()),
            )
        )
    return _failed(event, failure)


def _swept(session_id: str) -> dict[str, str]:
    try:
        session = close_session.sweep_session(
            session_id,
            now=clock.now(),
            store=front().store,
            issuers=wiring.issuers(settings()),
            workflow=wiring.workflow(),
        )
    except NotYet as early:
        # The index may lag behind the session; the next tick looks again.
        return {"status": "NOT_YET", "error": "", "cause": str(early)}
    return _told(session)


def _grants_run_out(removals: list[dict[str, Any]]) -> dict[str, Any]:
    """The table's own clock: the grant of a session that nobody ended has outlived its time.

    Answers which removals to bring again.
    """
    failed = []
    for removal in removals:
        try:
            _swept(removal["dynamodb"]["Keys"]["sk"]["S"])
        except IssuerUnavailable:
            logger.exception("not ended", extra={"grant": removal["dynamodb"]["Keys"]})
            failed.append({"itemIdentifier": removal["dynamodb"]["SequenceNumber"]})
            # A stream goes on from the first that failed.
            break
    return {"batchItemFailures": failed}


def _blocked_ended(_: Any) -> dict[str, Any]:
    """What somebody who is blocked still has open, because a call died over its end."""
    ended = block_person.end_all_blocked(
        now=clock.now(),
        store=front().store,
        policy=front().policy,
        issuers=wiring.issuers(settings()),
        workflow=wiring.workflow(),
    )
    session_ids = [session.session_id for session in ended]
    logger.info("looked for the blocked", extra={"ended": session_ids})
    return {"ended": session_ids}


def _ends_kept(context: Any) -> dict[str, Any]:
    """Raises if a role could not be asked, or an end not be made again: the next minute tries."""
    kept = asdict(
        keep_ends(
            now=clock.now(),
            store=front().store,
            keeper=wiring.role_issuer(settings()),
            has_time=partial(_has_time, context),
        )
    )
    logger.info("looked for ends that were undone", extra=kept)
    _count(kept, {DENY_MISSING: "undone"})
    _raise_unreached([*kept["unreached"], *kept["unshut"]])
    return kept


def _searched(context: Any) -> dict[str, Any]:
    """Raises if something could not be searched or removed: then a person should look."""
    home = settings()
    targets = {
        resource.resource_id: resource.target(account=home.account, region=home.region)
        for resource in wiring.policy().resources()
    }
    has_time = partial(_has_time, context)
    found = asdict(
        search_targets(
            targets.values(),
            now=clock.now(),
            store=front().store,
            issuers=wiring.issuers(home),
            has_time=has_time,
        )
    )
    bounds = check_bounds(
        targets,
        now=clock.now(),
        store=front().store,
        keeper=wiring.role_issuer(home),
        has_time=has_time,
    )
    found["unbounded"] = bounds.unbounded
    found["unreached"] += bounds.unreached
    found["postponed"] += bounds.postponed
    logger.info("searched", extra=found)
    _count(
        found,
        {ORPHAN_REMOVED: "removed", ACCESS_MISSING: "missing", BOUNDARY_MISSING: "unbounded"},
    )
    _raise_unreached(found["unreached"])
    return found


_SEARCHES = {"targets": _searched, "denies": _ends_kept, "blocked": _blocked_ended}


def _has_time(context: Any) -> bool:
    return bool(context.get_remaining_time_in_millis() >= _TIME_FOR_A_TARGET_MS)


def _count(found: dict[str, Any], metrics: dict[str, str]) -> None:
    for name, what in metrics.items():
        if found[what]:
            count(name, settings().env_name, len(found[what]))


def _raise_unreached(unreached: list[str]) -> None:
    if unreached:
        message = f"not reached: {', '.join(sorted(set(unreached)))}"
        raise IssuerUnavailable(message)


def _failed(event: dict[str, Any], failure: dict[str, Any]) -> dict[str, str]:
    """The workflow could not go on. Whatever was half-made is unmade."""
    error, cause, reason = _told_by(failure)
    session_id = event.get("session_id") or _session_of(event["execution"])
    try:
        session = close_session.close_failed(
            session_id,
            reason,
            timed_out=error == "States.Timeout",
            now=clock.now(),
            store=front().store,
            issuers=wiring.issuers(settings()),
        )
    except NotFound:
        # Admission died before there was a session: nothing to close, and the execution says why.
        return {"status": "NONE", "error": error, "cause": cause}
    return {"status": session.status.value, "error": error, "cause": cause}


def _told_by(failure: dict[str, Any]) -> tuple[str, str, str]:
    """Error and cause for the execution, and the reason that the session shows.

    A refusal is told by its code and its sentence; of anything else only the name, because nobody
    wrote its text for the people who read why a session failed.
    """
    error = str(failure.get("error") or "Unknown")
    cause = str(failure.get("cause") or "")[:_LONGEST_CAUSE]
    code = code_of(error)
    if code is None:
        return error, cause, f"the workflow failed: {error}"
    try:
        sentence = str(json.loads(cause)["errorMessage"])
    except (ValueError, LookupError, TypeError):
        sentence = "see the execution"
    return code.value, sentence, f"{code.value}: {sentence}"


def _session_of(execution: dict[str, str]) -> str:
    name = execution["name"]
    stored = front().store.get(name)
    if stored is not None and stored.execution_arn == execution["id"]:
        return name
    return id_of_execution(execution["id"], timestamps.parse(execution["started_at"]))


def _told(session: Session) -> dict[str, str]:
    return {"status": session.status.value, "error": "", "cause": ""}
