"""Closes the session of a workflow that cannot go on, if Step Functions itself says so.

That a workflow failed, and why, is never taken from whoever calls: it is read from the execution's
own history, and the execution must be the one that the session names.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from pam.domain.errors import NotFound, NotYet, code_of
from pam.domain.free_text import LONGEST_CAUSE, cut
from pam.domain.ids import is_ulid
from pam.domain.session import Session
from pam.ids import id_of_execution
from pam.operations.fail_session import fail_unfinished
from pam.operations.transition import load
from pam.ports.people import Execution, Executions, Failure
from pam.ports.sessions import SessionStore
from pam.ports.targets import Issuers


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What became of it: the session's status, and what the execution itself is to fail with.

    `session` is None where admission died before there was one.
    """

    session: Session | None
    error: str
    cause: str


def close_unfinished(
    execution_arn: str,
    session_id: str | None = None,
    *,
    now: datetime,
    store: SessionStore,
    issuers: Issuers,
    executions: Executions,
) -> Closed:
    """`session_id` is the session that the execution carries; without it, it is looked for.

    Raises NotYet while Step Functions does not say that the execution is in a closing state,
    NotFound if the session is of another execution, and whatever an end raises. Safe to repeat.
    """
    failure = executions.failure(execution_arn)
    if failure is None:
        message = f"Step Functions does not say that {execution_arn} cannot go on"
        raise NotYet(message)
    if session_id is None:
        session = _session_of(executions.describe(execution_arn), store)
    else:
        session = load(store, session_id)
        if session.execution_arn != execution_arn:
            message = f"session {session_id} is of another execution"
            raise NotFound(message)
    error, cause, reason = _explain(failure)
    if session is None:
        return Closed(session=None, error=error, cause=cause)
    closed = fail_unfinished(
        session.session_id,
        reason,
        timed_out=failure.error == "States.Timeout",
        now=now,
        store=store,
        issuers=issuers,
    )
    return Closed(session=closed, error=error, cause=cause)


def _session_of(execution: Execution, store: SessionStore) -> Session | None:
    """By its name (the API's), by its input (a runbook's own), or as it follows from the execution;
    of these the one that says that it belongs to this very execution.
    """
    name = execution.arn.rpartition(":")[2]
    derived = id_of_execution(execution.arn, execution.started_at)
    for candidate in (name, own_session_id(execution.input), derived):
        stored = store.get(candidate) if candidate and is_ulid(candidate) else None
        if stored is not None and stored.execution_arn == execution.arn:
            return stored
    return None


def own_session_id(started_with: str) -> str | None:
    """The `session_id` that an execution was started with, if that is a ULID."""
    try:
        named = json.loads(started_with)["session_id"]
    except (ValueError, LookupError, TypeError):
        return None
    return named if isinstance(named, str) and is_ulid(named) else None


def _explain(failure: Failure) -> tuple[str, str, str]:
    """Error and cause for the execution, and the reason that the session shows.

    A refusal is explained by its code and its sentence; anything else only by its name, because
    nobody wrote its text for the people who read why a session failed.
    """
    error = failure.error or "Unknown"
    cause = cut(failure.cause, LONGEST_CAUSE)
    code = code_of(error)
    if code is None:
        return error, cause, f"the workflow failed: {error}"
    try:
        sentence = cut(str(json.loads(failure.cause)["errorMessage"]), LONGEST_CAUSE)
    except (ValueError, LookupError, TypeError):
        sentence = "see the execution"
    return code.value, sentence, f"{code.value}: {sentence}"
