"""What is done by a button, a form that is sent off, a reaction, and by opening Home."""

from collections.abc import Mapping

from pam.domain import pictures
from pam.domain.approval import Ballot
from pam.domain.errors import NotFound
from pam.domain.ids import is_ulid
from pam.domain.session import Session
from pam.operations.read_inbox import read_inbox
from pam.operations.read_sessions import list_resources, read_session
from pam.policy.cedar import Action
from pam.side_by_side import side_by_side
from pam.slack import actions, card, home, modal
from pam.slack.blocks import View
from pam.slack.clicker import refuse_channel
from pam.slack.deliveries import Click, HomeOpened, Reaction, Shortcut, Submission, Suggestion
from pam.slack.home import Agenda
from pam.slack_edge import asking, votes
from pam.slack_edge.front import Answer, Asker, Handling
from pam.slack_edge.gates import Unheard, ask_in, known_person
from pam.slack_edge.modals import open_and_ask
from pam.slack_edge.telling import beside, in_home, in_modal
from pam.slack_edge.typed import end, own_sessions, titles

_MODALS: Mapping[str, str] = {
    actions.DENY: actions.DENY,
    actions.SHORTER: actions.SHORTER,
    actions.SHOW: actions.SHOW,
    actions.REQUEST: actions.REQUEST,
}
"""Buttons that open one, or paint the one that is open anew; with its callback."""
_ASKS_TO_DECIDE = frozenset({"white_check_mark", "x"})


def click(pressed: Click, handling: Handling) -> Answer:
    """Raises a Refusal."""
    channel = _where(pressed)
    if pressed.action_id in _MODALS:
        return _modal(pressed, handling, channel)
    if pressed.action_id == actions.APPROVE:
        asker = _asker(pressed, handling, channel)
        answer = votes.cast(pressed, handling, asker, _named(pressed.value), Ballot.APPROVE)
        return _and_view(answer, pressed, handling, "You approved it.")
    if pressed.action_id == actions.END:
        asker = _asker(pressed, handling, channel)
        answer = end(pressed, handling, asker, _named(pressed.value))
        return _home(handling, asker) if pressed.view_type == "home" else answer
    # A select that was chosen in, or a button of a card that was painted before this release.
    return Answer()


def _where(pressed: Click) -> str:
    """The channel whose members see the message that was pressed; empty for a view. Raises Unheard
    for a message in no channel that Slack names.
    """
    if not pressed.message_ts:
        return ""
    refused = None if pressed.channel else refuse_channel(None, "")
    if refused:
        raise Unheard(refused)
    return pressed.channel


def _if_any(value: str) -> str:
    """The session that a button or a form holds; empty for anything else."""
    return value if is_ulid(value) else ""


def _named(value: str) -> str:
    """Of a button or a form. Raises NotFound for what PAM has not put there."""
    if not is_ulid(value):
        message = "there is no such session"
        raise NotFound(message)
    return value


def _asker(pressed: Click, handling: Handling, channel: str) -> Asker:
    return known_person(
        ask_in(pressed.clicker, handling, channel=channel, session_id=_if_any(pressed.value))
    )


def _and_view(answer: Answer, pressed: Click, handling: Handling, sentence: str) -> Answer:
    """Pressed in a modal, that modal says so; a card in a channel is painted by the painter."""
    if pressed.view_type != "modal" or answer.jobs:
        return answer
    handling.view_id = pressed.view_id
    return in_modal(handling, pressed.clicker.user, modal.message(sentence, actions.SHOW))


def _modal(pressed: Click, handling: Handling, channel: str) -> Answer:
    callback_id = _MODALS[pressed.action_id]
    if pressed.view_type == "modal":
        handling.view_id = pressed.view_id
        asker = ask_in(pressed.clicker, handling, session_id=_if_any(pressed.value))
    else:
        asker = open_and_ask(
            pressed.clicker,
            handling,
            pressed.trigger_id,
            callback_id,
            channel=channel,
            session_id=_if_any(pressed.value),
        )
    known_person(asker)
    if callback_id == actions.REQUEST:
        return asking.filled(handling, asker)
    session = read_session(_named(pressed.value), asker.call)
    return in_modal(handling, pressed.clicker.user, _about(callback_id, session, handling, asker))


def _about(callback_id: str, session: Session, handling: Handling, asker: Asker) -> View:
    """From the store, as of now; never from what the button holds."""
    shown = handling.front.shown(session, asker.call.policy)
    if callback_id == actions.SHOW or not pictures.undecided(session, handling.now):
        decides = _decides(session, asker)
        return modal.session_shown(session, handling.now, shown, decides=decides)
    if callback_id == actions.DENY:
        return modal.deny_form(session, shown)
    return modal.shorter_form(session, shown)


def _decides(session: Session, asker: Asker) -> bool:
    """Whether this person may vote on it and has not; whether a vote counts, the vote says."""
    voted = any(each.name == asker.person.name for each in session.votes)
    return not voted and asker.call.may(Action.APPROVE, session) is not None


def submission(sent: Submission, handling: Handling) -> Answer:
    """Raises a Refusal."""
    if sent.callback_id not in {actions.REQUEST, actions.DENY, actions.SHORTER}:
        return Answer()
    session_id = sent.private_metadata
    asker = known_person(ask_in(sent.clicker, handling, session_id=_if_any(session_id)))
    if sent.callback_id == actions.REQUEST:
        return asking.submitted(sent, handling, asker)
    _named(session_id)
    if sent.callback_id == actions.DENY:
        comment = modal.read_comment(sent)
        return votes.cast(sent, handling, asker, session_id, Ballot.DENY, comment=comment)
    length = modal.read_duration(sent)
    seconds = None if length is None else int(length.total_seconds())
    return votes.cast(sent, handling, asker, session_id, Ballot.APPROVE, seconds=seconds)


def shortcut(chosen: Shortcut, handling: Handling) -> Answer:
    """Raises a Refusal."""
    if chosen.callback_id != actions.REQUEST:
        return Answer()
    asker = open_and_ask(chosen.clicker, handling, chosen.trigger_id, actions.REQUEST)
    return asking.filled(handling, known_person(asker))


def suggestion(asked: Suggestion, handling: Handling) -> Answer:
    """Raises a Refusal."""
    asker = known_person(ask_in(asked.clicker, handling))
    return Answer(payload=modal.suggested(list_resources(asker.call), asked.typed))


def home_opened(opened: HomeOpened, handling: Handling) -> Answer:
    """Raises a Refusal."""
    return _home(handling, known_person(ask_in(opened.clicker, handling)))


def _home(handling: Handling, asker: Asker) -> Answer:
    call = asker.call
    mine, inbox = side_by_side(lambda: own_sessions(asker), lambda: read_inbox(call))
    agenda = Agenda(
        mine=mine, votes=inbox.votes, reviews=inbox.reviews, confirmations=inbox.confirmations
    )
    view = home.home(agenda, handling.now, titles(call))
    return in_home(handling, asker.clicker.user, view)


def reaction(added: Reaction, handling: Handling) -> Answer:
    """Never a vote: it brings the buttons, to whoever may vote. Raises a Refusal.

    Most reactions are to other messages, or mean nothing; nobody is asked about those.
    """
    front = handling.front
    if not front.reactions or added.reaction not in _ASKS_TO_DECIDE or not added.message_ts:
        return Answer()
    session_id = front.cards.session_at(added.channel, added.message_ts)
    if session_id is None:
        return Answer()
    asker = known_person(
        ask_in(added.clicker, handling, channel=added.channel, session_id=session_id)
    )
    session = read_session(session_id, asker.call)
    if not pictures.undecided(session, handling.now) or not _decides(session, asker):
        return Answer()
    shown = front.shown(session, asker.call.policy)
    painted = card.card(session, handling.now, shown)
    return Answer(jobs=(beside(handling, added.channel, added.clicker.user, painted),))
