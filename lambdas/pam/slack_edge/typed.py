"""What is done by the words behind the command, for whoever typed it."""

from functools import partial

from pam.domain.errors import Conflict, NotEligible
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.operations import end_access, show_link_code
from pam.operations.call import Call
from pam.operations.read_sessions import list_sessions, list_stuck, read_session
from pam.operations.transition import load
from pam.ports.sessions import SessionQuery
from pam.side_by_side import in_order, side_by_side
from pam.slack import actions, answers, commands
from pam.slack.deliveries import Command, Incoming
from pam.slack_edge import asking
from pam.slack_edge.front import Answer, Asker, Handling
from pam.slack_edge.gates import ask_in, known_person
from pam.slack_edge.modals import open_and_ask
from pam.slack_edge.telling import ephemeral, told

_OPEN = (
    Status.PENDING_APPROVAL,
    Status.APPROVED,
    Status.ACTIVATING,
    Status.ACTIVE,
    Status.REVOKING,
)
_MOST_READ = 100


def command(typed: Command, handling: Handling) -> Answer:
    """Raises a Refusal. What another app's command would be is none of PAM's."""
    if typed.command not in handling.front.commands:
        return Answer()
    words = commands.parse(typed.text)
    if isinstance(words, commands.OpenForm):
        asker = open_and_ask(typed.clicker, handling, typed.trigger_id, actions.REQUEST)
        return asking.filled(
            handling, known_person(asker), resource=words.resource, duration=words.duration
        )
    asker = ask_in(typed.clicker, handling)
    if isinstance(words, commands.Link):
        return _link(typed, handling, asker)
    if isinstance(words, commands.Help):
        return Answer(payload=ephemeral(answers.help_text(typed.command)))
    if isinstance(words, commands.Misunderstood):
        return told(typed, handling, f"{words.sentence} Nothing was done.")
    return _by_a_person(typed, words, handling, known_person(asker))


def _by_a_person(typed: Command, words: commands.Words, handling: Handling, asker: Asker) -> Answer:
    match words:
        case commands.Ask(resource=resource, duration=duration, reason=reason):
            fields = asking.of_line(resource, duration, reason)
            return asking.asked(typed, handling, asker, fields, once=typed.key)
        case commands.ShowSession(session_id=session_id):
            return _listed([read_session(session_id, asker.call)], handling, asker)
        case commands.ListMine():
            return _listed(own_sessions(asker), handling, asker)
        case commands.End(session_id=session_id):
            return end(typed, handling, asker, session_id)
        case commands.AdminStatus():
            return _admin_status(handling, asker)
    return Answer()


def _listed(sessions: list[Session], handling: Handling, asker: Asker) -> Answer:
    message = answers.listed(sessions, handling.now, titles(asker.call))
    return Answer(payload=ephemeral(message))


def titles(call: Call) -> dict[str, str]:
    return {each.resource_id: each.title for each in call.policy.resources()}


def own_sessions(asker: Asker) -> list[Session]:
    """The newest, those first that are not closed."""
    query = SessionQuery(requester_name=asker.person.name, limit=_MOST_READ)
    found = list_sessions(query, None, asker.call).sessions
    return sorted(found, key=lambda session: session.closed)


def end(incoming: Incoming, handling: Handling, asker: Asker, session_id: str) -> Answer:
    """Raises a Refusal. Whoever presses again is told that it is over."""
    front, call = handling.front, asker.call
    try:
        session = end_access.end_access(
            session_id,
            end_access.GIVEN_BACK,
            "given back by the requester",
            call,
            closer=front.closer,
            workflow=front.workflow,
        )
    except Conflict:
        session = load(call.store, session_id)
        if not session.closed or session.requester_name != asker.person.name:
            raise
    return told(incoming, handling, _ended(session))


def _ended(session: Session) -> str:
    name = f"Session {session.session_id} on {session.resource}"
    if session.closed:
        return f"{name} is over: {session.status.value}."
    return f"{name} ends: the access is being taken away, and no credentials are given any more."


def _link(typed: Command, handling: Handling, asker: Asker) -> Answer:
    """Twice the same command shows one code: a second would void the first, which the person may
    be reading.
    """
    call, clicker = asker.call, asker.clicker
    listed = call.policy.identities.listed_as(clicker.principal)
    if listed is not None:
        return told(
            typed, handling, f"This Slack account is known as {listed}'s; it needs no link."
        )
    if not handling.front.deliveries.handled(handling.key, handling.now):
        return Answer()
    code = show_link_code.show_link_code(
        clicker.principal,
        display=asker.display,
        team=clicker.team or clicker.enterprise,
        basis=asker.basis,
        now=handling.now,
        keeper=handling.front.codes,
    )
    return Answer(payload=ephemeral(answers.link_code(code)))


def _admin_status(handling: Handling, asker: Asker) -> Answer:
    call, person = asker.call, asker.person
    if not call.policy.may_administer(person).allowed:
        message = f"no policy lets {person.name} look at what operators look after"
        raise NotEligible(message)
    of_status, stuck = side_by_side(
        partial(in_order, partial(_in_status, call), _OPEN), partial(list_stuck, call)
    )
    open_now = [session for some in of_status for session in some]
    return Answer(payload=ephemeral(answers.admin_status(open_now, stuck, handling.now)))


def _in_status(call: Call, status: Status) -> tuple[Session, ...]:
    return list_sessions(SessionQuery(status=status, limit=_MOST_READ), None, call).sessions
