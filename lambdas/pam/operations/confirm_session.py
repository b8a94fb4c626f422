"""Somebody stands by a session that was opened in their name; an emergency begins only then."""

from dataclasses import replace
from datetime import datetime

from pam.domain import notice_texts, proofs
from pam.domain.audit_record import Entry, PolicyTrace, RecordType
from pam.domain.errors import Conflict, IssuerUnavailable, NotEligible
from pam.domain.lifecycle import Status
from pam.domain.people import Person
from pam.domain.session import Confirmation, Session
from pam.domain.standing import earlier_than
from pam.operations.answer_workflow import answer_workflow
from pam.operations.call import Call
from pam.operations.count_open import room_for
from pam.operations.open_session import check_reviewed
from pam.operations.particulars import particulars_of
from pam.operations.refuse_blocked import kept_out, refuse
from pam.operations.transition import Step, load, transition
from pam.operations.vote import concerned_by, grant_decision
from pam.policy.cedar import Action, Decision
from pam.ports.people import Notifier, Workflow
from pam.ports.proofs import Signer


def confirm_session(
    session_id: str, call: Call, *, notifier: Notifier, workflow: Workflow, signer: Signer
) -> Session:
    """Notes the person's word, once; what waited for nothing else becomes APPROVED with it.

    An emergency is alerted before that is written: access that nobody hears of must not be made.
    A session that is confirmed counts in the person's limits. Raises NotFound, NotEligible,
    Blocked, LimitReached, Conflict, and IssuerUnavailable if Tier-1 could not be told.
    """

    def decide(session: Session) -> Step:
        person = _person(session, call)
        concerned = {person.name, *concerned_by(session)}
        blocked = kept_out(concerned, session.resource, now=call.now, store=call.store)
        refuse(blocked.get(person.name), session_id=session_id)
        _check_waiting(session, call.now)
        word = word_of(call)
        confirmed, entries = confirmed_by(word, session, call)
        if session.circumstances.break_glass:
            check_reviewed(person, call.now, call.store)
        held = room_for(confirmed, store=call.store, policy=call.policy)
        word = replace(word, waits_for=earlier_than(confirmed, held))
        signed = replace(word, proof=signer.sign(proofs.of_confirmation(session_id, word)))
        confirmed = replace(confirmed, confirmation=signed)
        if confirmed.status is not Status.PENDING_APPROVAL:
            return Step(confirmed, entries, held)
        lawful = grant_decision(confirmed, call.policy, blocked=blocked)
        if not lawful.allowed:
            return Step(confirmed, entries, held)
        approved = confirmed.advance(Status.APPROVED, approved_at=call.now)
        entry = _entry(RecordType.APPROVED, approved, call, lawful)
        return Step(approved, (*entries, entry), held)

    session = load(call.store, session_id)
    try:
        step = decide(session)
        if session.circumstances.break_glass:
            _alert(step.after, notifier, call)
        session = transition(call.store, session_id, decide, now=call.now)
    except Conflict:
        # A call that was cut short after its word stood may not have told the workflow.
        answer_workflow(load(call.store, session_id), store=call.store, workflow=workflow)
        raise
    answer_workflow(session, store=call.store, workflow=workflow)
    return session


def word_of(call: Call) -> Confirmation:
    """Without a proof: no access can be made by it (`domain.proofs.confirmation_due`)."""
    return Confirmation(
        principal=call.caller.principal,
        at=call.now,
        surface=call.caller.surface,
        auth=call.caller.auth,
    )


def confirmed_by(
    word: Confirmation, session: Session, call: Call
) -> tuple[Session, tuple[Entry, ...]]:
    """The session with the caller's word to it, and what is recorded of that. The review that an
    emergency owes is counted from here.
    """
    resource = call.policy.resource(session.resource)
    confirmed = replace(session, confirmation=word)
    entries = [_entry(RecordType.CONFIRMED, confirmed, call)]
    held_back = session.circumstances.break_glass and session.held_until_confirmed
    if held_back and session.status is Status.PENDING_APPROVAL:
        if resource is not None:
            review = call.policy.review_for(resource, session.circumstances, now=call.now)
            confirmed = replace(confirmed, review=review)
        entries.append(_entry(RecordType.BREAK_GLASS, confirmed, call))
    return confirmed, tuple(entries)


def _person(session: Session, call: Call) -> Person:
    person = call.may(Action.CONFIRM, session)
    if person is None:
        message = "only the person in whose name it was opened confirms a session"
        raise NotEligible(message, session_id=session.session_id)
    return person


def _check_waiting(session: Session, now: datetime) -> None:
    if session.closed or session.status is Status.REVOKING:
        message = f"the session is {session.status.value}; there is nothing to confirm any more"
    elif not session.unconfirmed:
        message = "nothing waits to be confirmed: it was asked for in person, or is confirmed"
    elif session.status is Status.PENDING_APPROVAL and now >= session.approval_expires_at:
        message = "the time to confirm this session is over"
    else:
        return
    raise Conflict(message, session_id=session.session_id)


def _alert(session: Session, notifier: Notifier, call: Call) -> None:
    about = particulars_of(session, call.policy)
    try:
        notifier.show(notice_texts.break_glass(session, about, call.now))
    except Exception as fault:
        message = "Tier-1 could not be told of this emergency; nothing was granted, try again"
        raise IssuerUnavailable(message, session_id=session.session_id) from fault


def _entry(
    kind: RecordType, session: Session, call: Call, decision: Decision | None = None
) -> Entry:
    trace = PolicyTrace(
        policy_ids=decision.policy_ids if decision else (),
        required=session.needed.total,
        received=session.gathered.total,
    )
    return call.entry(kind, trace=trace)
