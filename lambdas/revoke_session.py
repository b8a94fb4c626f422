"""Taking access back: at its time, when that is decided, or because something failed.

Triggers: the approval workflow, the tick, the doors (a session id, once the end is decided), a
grant that the table itself let run out, and the searches (drift at targets and at vendors, denies
that are gone, what the blocked have).
Knows no callers: it does what stands decided in the store or what the clock says is due, and
believes that a workflow failed from Step Functions alone. May touch: the session table; the revoker
roles beside the target roles (write a deny, read it back; read the role's boundary); the databases
and secrets of the catalogue; the functions that take access at vendors; the workflow (stop it, look
at its executions). The only function that can end access. Every call may be repeated.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain import messages
from pam.domain.errors import IssuerUnavailable, NotYet
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.metrics import count
from pam.names import (
    ACCESS_MISSING,
    ACCESS_UNEXPLAINED,
    BOUNDARY_MISSING,
    DENY_MISSING,
    ECHO_MISSING,
    ORPHAN_REMOVED,
    TRACES_LEFT,
)
from pam.operations import block_person, count_open
from pam.operations.check_bounds import check_bounds
from pam.operations.check_echoes import check_echoes
from pam.operations.close_unfinished import close_unfinished
from pam.operations.end_decided import EndsHere
from pam.operations.end_due import end_due
from pam.operations.keep_ends import keep_ends
from pam.operations.search_standing import search_standing
from pam.operations.search_targets import search_targets
from pam.operations.sweep_session import sweep_session
from pam.settings import RevokeSettings

_TIME_FOR_A_TARGET_MS = 12_000
"""A database that does not answer is given up for sooner than that."""

_METRICS = {
    "undone": DENY_MISSING,
    "strangers": ACCESS_UNEXPLAINED,
    "removed": ORPHAN_REMOVED,
    "missing": ACCESS_MISSING,
    "unbounded": BOUNDARY_MISSING,
}
"""Of what a search finds, by the name of its list."""

logger = Logger()


@cache
def settings() -> RevokeSettings:
    return RevokeSettings.from_env()


def _closing() -> dict[str, Any]:
    """What every end needs."""
    return {
        "now": clock.now(),
        "store": wiring.sessions(settings().tables),
        "issuers": wiring.issuers(settings()),
    }


def _workflow() -> Any:
    return wiring.workflow(settings().state_machine_arn)


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, Any]:
    answer: dict[str, Any]
    match messages.read(
        event,
        messages.EndDue,
        messages.EndDecided,
        messages.Sweep,
        messages.CloseUnfinished,
        messages.AdmissionFailed,
        messages.SearchTargets,
        messages.SearchStanding,
        messages.SearchDenies,
        messages.SearchBlocked,
        messages.StreamRecords,
    ):
        case messages.EndDue(session_id=session_id):
            answer = _status_of(end_due(session_id, **_closing()))
        case messages.EndDecided(session_id=session_id):
            answer = _decided(session_id)
        case messages.Sweep(session_id=session_id):
            answer = _sweep_for_tick(session_id)
        case messages.CloseUnfinished(execution_arn=execution, session_id=session_id):
            answer = _unfinished(execution, session_id)
        case messages.AdmissionFailed(execution_arn=execution):
            answer = _unfinished(execution, None)
        case messages.SearchTargets() | messages.SearchStanding() | messages.SearchDenies() as what:
            answer = _SEARCHES[type(what)](context)
        case messages.SearchBlocked():
            answer = _blocked_ended()
        case messages.StreamRecords(records=records):
            answer = _grants_run_out(records)
    return answer


def _decided(session_id: str) -> dict[str, str]:
    """For a door, whose caller waits: it looks at the store for what came of this."""
    _ends_here().end_decided(session_id)
    return {}


def _ends_here() -> EndsHere:
    closing = _closing()
    return EndsHere(
        clock=clock.now,
        store=closing["store"],
        issuers=closing["issuers"],
        workflow=_workflow(),
    )


def _sweep_for_tick(session_id: str) -> dict[str, str]:
    """On behalf of the tick, which tries again in a minute and counts what has waited too long. So
    a try that fails is said in the log, and is no dead letter.
    """
    try:
        return _sweep(session_id)
    except Exception as error:
        logger.exception("not ended yet", extra={"session_id": session_id})
        stored = wiring.sessions(settings().tables).get(session_id)
        if stored is not None and stored.closed:
            count(TRACES_LEFT, settings().env_name)
        return {"status": "", "error": type(error).__name__, "cause": "see the log"}


def _sweep(session_id: str) -> dict[str, str]:
    try:
        session = sweep_session(session_id, workflow=_workflow(), **_closing())
    except NotYet as early:
        # The index may lag behind the session; the next tick looks again.
        return {"status": "NOT_YET", "error": "", "cause": str(early)}
    return _status_of(session)


def _unfinished(execution: str, session_id: str | None) -> dict[str, str]:
    """The workflow could not go on. Whatever was half-made is unmade."""
    closed = close_unfinished(execution, session_id, executions=_workflow(), **_closing())
    status = "NONE" if closed.session is None else closed.session.status.value
    return {"status": status, "error": closed.error, "cause": closed.cause}


def _grants_run_out(removals: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """The table's own clock: the grant of a session that nobody ended has outlived its time.

    Answers which removals to bring again.
    """
    failed = []
    for removal in removals:
        try:
            _sweep(removal["dynamodb"]["Keys"]["sk"]["S"])
        except IssuerUnavailable:
            logger.exception("not ended", extra={"grant": removal["dynamodb"]["Keys"]})
            failed.append({"itemIdentifier": removal["dynamodb"]["SequenceNumber"]})
            # A stream goes on from the first that failed.
            break
    return {"batchItemFailures": failed}


def _blocked_ended() -> dict[str, Any]:
    """What somebody who is blocked still has open, because a call died over its end."""
    ended = block_person.end_all_blocked(
        now=clock.now(),
        store=wiring.sessions(settings().tables),
        policy=wiring.policy(),
        closer=_ends_here(),
    )
    session_ids = [session.session_id for session in ended]
    counted = count_open.recount_open(store=wiring.sessions(settings().tables))
    logger.info("looked for the blocked", extra={"ended": session_ids, "counted": counted})
    return {"ended": session_ids}


def _ends_kept(context: Any) -> dict[str, Any]:
    """Raises if a role could not be asked, or an end not be made again: the next minute tries."""
    kept = asdict(
        keep_ends(
            now=clock.now(),
            store=wiring.sessions(settings().tables),
            keepers=wiring.keepers(settings()),
            has_time=partial(_has_time, context),
            tell=_tell,
        )
    )
    logger.info("looked for ends that were undone", extra=kept)
    _raise_unreached([*kept["unreached"], *kept["unshut"]])
    return kept


def _standing_searched(context: Any) -> dict[str, Any]:
    """Raises if a vendor could not be asked about a target: the next minute tries."""
    found = asdict(
        search_standing(
            _targets(),
            now=clock.now(),
            store=wiring.sessions(settings().tables),
            issuers=wiring.standing_issuers(settings()),
            has_time=partial(_has_time, context),
            tell=_tell,
        )
    )
    logger.info("searched the targets of vendors", extra=found)
    _raise_unreached(found["unreached"])
    return found


def _targets() -> dict[str, Target]:
    """What the catalogue lends, by resource id."""
    home = settings()
    return {
        resource.resource_id: resource.target(account=home.account, region=home.region)
        for resource in wiring.policy().resources()
    }


def _searched(context: Any) -> dict[str, Any]:
    """Raises if something could not be searched or removed: then a person should look."""
    home, targets = settings(), _targets()
    has_time = partial(_has_time, context)
    unheard = _unheard() if home.cloudtrail else []
    found = asdict(
        search_targets(
            targets.values(),
            now=clock.now(),
            store=wiring.sessions(home.tables),
            issuers=wiring.issuers(home),
            has_time=has_time,
            tell=_tell,
        )
    )
    bounds = check_bounds(
        targets,
        now=clock.now(),
        store=wiring.sessions(home.tables),
        keepers=wiring.keepers(home),
        has_time=has_time,
        tell=_tell,
    )
    found["unbounded"] = bounds.unbounded
    found["unreached"] += bounds.unreached
    found["postponed"] += bounds.postponed
    found["unheard"] = unheard
    logger.info("searched", extra=found)
    _raise_unreached(found["unreached"])
    return found


def _unheard() -> list[str]:
    """First of all, so that no target which does not answer keeps it from being told."""
    unheard = check_echoes(now=clock.now(), store=wiring.sessions(settings().tables))
    if unheard:
        lease_ids = [each.lease_id for each in unheard]
        logger.warning("CloudTrail has not told of these leases", extra={"leases": lease_ids})
        count(ECHO_MISSING, settings().env_name, len(unheard))
    return [each.session_id for each in unheard]


def _has_time(context: Any) -> bool:
    return bool(context.get_remaining_time_in_millis() >= _TIME_FOR_A_TARGET_MS)


def _tell(what: str) -> None:
    count(_METRICS[what], settings().env_name)


def _raise_unreached(unreached: list[str]) -> None:
    if unreached:
        message = f"not reached: {', '.join(sorted(set(unreached)))}"
        raise IssuerUnavailable(message)


def _status_of(session: Session) -> dict[str, str]:
    return {"status": session.status.value, "error": "", "cause": ""}


_SEARCHES: Mapping[type[object], Callable[[Any], dict[str, Any]]] = {
    messages.SearchTargets: _searched,
    messages.SearchStanding: _standing_searched,
    messages.SearchDenies: _ends_kept,
}
