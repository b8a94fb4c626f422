"""Which session is meant: by an id, a beginning of one, a resource, `last`, or a choice.

What is one's own may be named by what it is; what is others' only by its id, and whoever acts on it
before a terminal is shown it and asked. Off a terminal nobody is asked, and an id costs no call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from cli import about, clock, pages, terminal, typed_ids
from cli.arguments import session_path
from cli.next_command import yours
from cli.problems import ApiProblem
from cli.session import Session
from cli.text import clean
from cli.wording import near_resource
from pam.domain import timestamps
from pam.domain.errors import Code
from pam.domain.lifecycle import Status

if TYPE_CHECKING:
    from cli.api import Api

_MOST_SHOWN = 30
_WAITING = {Status.PENDING_APPROVAL, Status.APPROVED, Status.ACTIVATING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What is to be done with the session. `fits`: in which states it can be, for one's own;
    `inbox`: which part of the inbox lists those it can be done with, for others'.
    """

    name: str
    question: str
    fits: frozenset[Status] = frozenset()
    inbox: str = ""


_USABLE = frozenset({Status.ACTIVE})
_OPEN = frozenset({Status.ACTIVE, *_WAITING})
SHOW = Act(name="show", question="Show it?", fits=_OPEN)
EXEC = Act(name="exec", question="Use it?", fits=_USABLE)
CREDENTIALS = Act(name="credentials", question="Use it?", fits=_USABLE)
CONSOLE = Act(name="console", question="Use it?", fits=_USABLE)
END = Act(name="end", question="End it?", fits=_OPEN)
APPROVE = Act(name="approve", question="Approve it?", inbox="votes")
DENY = Act(name="deny", question="Deny it?", inbox="votes")
REVIEW = Act(name="review", question="Record that?", inbox="reviews")
CONFIRM = Act(name="confirm", question="Stand by it?", inbox="confirmations")
REVOKE = Act(name="revoke", question="Take it away?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`document` is the API's session, where it was read on the way."""

    session_id: str
    document: dict[str, Any] | None = None


def own(
    api: "Api", typed: str | None, act: Act, *, yes: bool = False, of_several: bool = True
) -> Found:
    """What the caller uses or ends of their own. Raises Failure, and BadParameter where nothing was
    typed and nobody can be asked. `of_several`: whether one may be chosen of several that a
    resource names, at a terminal.
    """
    if typed is None:
        return _picked(_fitting(api, act), act, yes=yes, choice_is_enough=True)
    if typed == typed_ids.LAST:
        return _last(api)
    if typed_ids.is_name(typed):
        return _of_resource(api, typed, act, yes=yes, of_several=of_several)
    found = by_id(api, typed)
    if act is SHOW or not terminal.is_terminal():
        return found
    document = found.document or api.get(session_path(found.session_id))
    session = Session.parse(document)
    if _foreign(session):
        terminal.say("a runbook opened this in your name, and you have not confirmed it:")
        _show_and_ask(session, act.question, yes=yes)
    return Found(session_id=session.session_id, document=document)


def others(
    api: "Api", typed: str | None, act: Act, *, yes: bool = False, question: str = ""
) -> Found:
    """What the caller decides about others' sessions; shown and asked about before a terminal.
    Raises as `own`.
    """
    if typed is None:
        return _picked(_waiting(api, act), act, yes=yes, question=question)
    found = by_id(api, typed)
    if not terminal.is_terminal():
        return found
    document = found.document or api.get(session_path(found.session_id))
    session = Session.parse(document)
    # No vote on what is over is taken: the API says so, and nobody is asked in vain.
    in_vain = act.inbox == APPROVE.inbox and session.over
    _show_and_ask(session, question or act.question, yes=yes or in_vain)
    return Found(session_id=found.session_id, document=document)


def by_id(api: "Api", typed: str) -> Found:
    """A session by its id or a beginning of it, whosever it is; nothing is shown or asked."""
    if typed == typed_ids.LAST:
        message = "'last' is your own newest session, which is not meant here: give an id"
        raise _unclear(message)
    beginning = typed_ids.digits(typed)
    if beginning is None:
        message = (
            f"{typed!r} is none: a session id is 26 letters and digits, as `pam list` shows them"
        )
        raise _unclear(message)
    if len(beginning) == typed_ids.WHOLE:
        return Found(session_id=beginning)
    if len(beginning) < typed_ids.SHORTEST:
        message = f"{typed!r} is too short: give {typed_ids.SHORTEST} characters of the id or more"
        raise _unclear(message)
    matching = _beginning(api, beginning)
    if not matching:
        message = f"no session that you may see begins with {clean(typed)}"
        raise _none(message)
    if len(matching) > 1:
        known = about.named([Session.parse(each) for each in matching])
        message = f"{len(matching)} sessions begin with {clean(typed)}: give more of one: {known}"
        raise _unclear(message)
    return Found(session_id=str(matching[0]["session_id"]), document=matching[0])


def _beginning(api: "Api", beginning: str) -> list[dict[str, Any]]:
    """The first ten characters are a millisecond: what was asked for in it is a range of keys."""
    at = typed_ids.opened_at(beginning)
    if at is None:
        return []
    when = timestamps.render(at)
    return [
        each
        for each in pages.sessions(api, since=when, until=when)
        if Session.parse(each).session_id.startswith(beginning)
    ]


def _last(api: "Api") -> Found:
    for session in pages.own(api):
        if not _foreign(session):
            return Found(session_id=session.session_id)
    message = "you have asked for nothing yet"
    raise _none(message)


def _of_resource(api: "Api", resource: str, act: Act, *, yes: bool, of_several: bool) -> Found:
    recent = pages.own_recent(api, resource)
    there = [session for session in recent if not session.lost]
    meant = [session for session in there if not _foreign(session)]
    if len(meant) == 1:
        return Found(session_id=meant[0].session_id)
    fitting = [session for session in meant if session.status in act.fits]
    if fitting and of_several and terminal.is_terminal():
        return _picked(fitting, act, yes=yes, choice_is_enough=True)
    if meant:
        message = f"you have {len(meant)} open sessions of {resource}: say which: "
        raise _unclear(message + about.named(meant))
    message = f"you have no open session of {resource}"
    if there:
        message += f"; a runbook opened this in your name, name it by its id: {about.named(there)}"
    elif recent:
        message += f"; the newest is {about.named(recent[:1])}"
    elif near := near_resource(resource, lambda: api):
        # Asking for what is misspelt would be the next failure.
        message += f"; did you mean {near}?"
        raise _none(message)
    if act.fits == _USABLE and not there:
        wanted = f"--like {clean(recent[0].session_id)}" if recent else f"{resource} --reason TEXT"
        message += f"; to ask for one: {yours(f'request {wanted}')}"
    raise _none(message)


def _fitting(api: "Api", act: Act) -> list[Session] | None:
    """None: nobody can be asked."""
    if not terminal.is_terminal():
        return None
    return [s for s in pages.own_recent(api) if s.status in act.fits and not _foreign(s)]


def _waiting(api: "Api", act: Act) -> list[Session] | None:
    if not terminal.is_terminal():
        return None
    if not act.inbox:
        return [Session.parse(each) for each in pages.to_come(api)]
    listed = api.get("/pam/inbox").get(act.inbox)
    return [Session.parse(each) for each in listed] if isinstance(listed, list) else []


def _picked(
    candidates: Sequence[Session] | None,
    act: Act,
    *,
    yes: bool,
    question: str = "",
    choice_is_enough: bool = False,
) -> Found:
    """A single one is shown and asked about; of several one is chosen."""
    if candidates is None:
        message = "say which session"
        raise typer.BadParameter(message, param_hint="ID")
    if not candidates:
        message = f"there is no session to {act.name}"
        raise _none(message)
    only = candidates[0]
    if len(candidates) > 1:
        shown = candidates[:_MOST_SHOWN]
        terminal.say(about.numbered(shown, now=clock.now(), width=terminal.columns_asked()))
        if len(candidates) > len(shown):
            terminal.say(f"and {len(candidates) - len(shown)} more: {yours('list')} has them")
        only = shown[terminal.chosen(len(shown))]
        if choice_is_enough:
            return Found(session_id=only.session_id)
    _show_and_ask(only, question or act.question, yes=yes)
    return Found(session_id=only.session_id)


def _show_and_ask(session: Session, question: str, *, yes: bool) -> None:
    terminal.say(about.block(session, now=clock.now()))
    terminal.must_agree(question, yes=yes)


def _foreign(session: Session) -> bool:
    """Whether a runbook opened it in somebody's name who has not stood by it."""
    return session.needs_confirmation and not session.requester_verified


def _none(message: str) -> ApiProblem:
    return ApiProblem(code=Code.NOT_FOUND, detail=message)


def _unclear(message: str) -> ApiProblem:
    return ApiProblem(code=Code.VALIDATION, detail=f"session_id: {message}")
