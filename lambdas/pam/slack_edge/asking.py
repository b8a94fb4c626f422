"""Asking for access from Slack: the form, the one line, and what comes of them."""

from datetime import timedelta
from typing import Any

from pam.domain import durations, timestamps
from pam.domain.circumstances import Circumstances
from pam.domain.errors import IdempotencyMismatch
from pam.domain.lifecycle import Status
from pam.domain.resource import Resource
from pam.domain.session import Session
from pam.edge.bodies import RequestBody
from pam.edge.reading import read_body
from pam.operations.read_sessions import list_resources
from pam.operations.request_access import request_access
from pam.slack import modal
from pam.slack.deliveries import Incoming, Submission
from pam.slack.modal import Offer
from pam.slack_edge.front import Answer, Asker, Handling
from pam.slack_edge.telling import in_modal, told


def filled(
    handling: Handling, asker: Asker, *, resource: str = "", duration: timedelta | None = None
) -> Answer:
    """The form, with what this person may ask for."""
    resources = list_resources(asker.call)
    offer = Offer(
        resources=resources,
        break_glass=any(_in_an_emergency(each, asker) for each in resources),
        resource=resource,
        duration=duration,
    )
    return in_modal(handling, asker.clicker.user, modal.request_form(offer))


def _in_an_emergency(resource: Resource, asker: Asker) -> bool:
    call = asker.call
    asked = Circumstances(surface=call.caller.surface, auth=call.caller.auth, break_glass=True)
    return call.policy.may_request(asker.person, resource, asked).allowed


def submitted(sent: Submission, handling: Handling, asker: Asker) -> Answer:
    """One form opens one session, however often it is sent off. Raises a Refusal."""
    form = modal.read_form(sent)
    fields = {
        "resource": form.resource,
        "reason": form.reason,
        "ticket": form.ticket,
        "break_glass": form.break_glass,
        **_seconds(form.duration),
    }
    try:
        return asked(sent, handling, asker, fields, once=sent.view_id)
    except IdempotencyMismatch as sent_before:
        sentence = f"This form was sent off before, as session {sent_before.session_id}."
        return told(sent, handling, sentence)


def asked(
    incoming: Incoming, handling: Handling, asker: Asker, fields: dict[str, Any], *, once: str
) -> Answer:
    """`once`: by which the same request is known again. Raises a Refusal."""
    front = handling.front
    session = request_access(
        read_body(RequestBody, fields).access_request(),
        asker.call,
        idempotency_key=f"slack:{once}",
        workflow=front.workflow,
        signer=handling.signer,
        home=front.home,
        # Slack repeats no command and no form, and a person's next one is another.
        comes_back=False,
    )
    return told(incoming, handling, what_became_of_it(session))


def what_became_of_it(session: Session) -> str:
    """For whoever asked just now."""
    length = durations.render(session.duration)
    begun = f"You asked for {session.resource} for {length}: session {session.session_id}."
    if session.closed:
        return f"{begun} It is over: {session.status.value}. If you still need it, ask anew."
    if session.held_until_confirmed:
        until = timestamps.render(session.approval_expires_at)
        return (
            f"{begun} Nothing is granted before you run `pam confirm {session.session_id}`, until "
            f"{until} at the latest."
        )
    if session.status is Status.PENDING_APPROVAL:
        needed = session.needed.total
        votes = "one approval" if needed == 1 else f"{needed} approvals"
        return f"{begun} It waits for {votes}; you will hear of it."
    return f"{begun} It needs no approval; you will hear when the access is there."


def _seconds(length: timedelta | None) -> dict[str, int]:
    return {} if length is None else {"duration_seconds": int(length.total_seconds())}


def of_line(resource: str, duration: timedelta, reason: str) -> dict[str, Any]:
    """What stands in one line, as the fields of a request."""
    return {"resource": resource, "reason": reason, **_seconds(duration)}
