"""Modals. The first that opens says only that it loads: Slack waits three seconds for it, and what
a person may ask for is found out afterwards.

Their inputs have the names of the API's fields, so that its faults come back to the input they are
about. `private_metadata` holds a session's id and no more: every client can read it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pam.domain import durations, pictures
from pam.domain.errors import FieldError, Invalid
from pam.domain.resource import Resource
from pam.domain.session import Session
from pam.slack import actions, blocks, inputs, wording
from pam.slack.blocks import Json, View
from pam.slack.card import Shown, acts, facts
from pam.slack.deliveries import Submission
from pam.slack.inputs import Option
from pam.slack.text import plain, truncate

_TITLE = "Privileged access"
_LONGEST_ERROR = 300
_YES = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What this person may ask for, and what they have chosen already, if anything."""

    resources: Sequence[Resource]
    break_glass: bool
    """Whether break-glass is offered for any of them."""
    resource: str = ""
    reason: str = ""
    duration: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form that came back: as it was filled in, and not yet looked at by any rule."""

    resource: str
    reason: str
    ticket: str
    duration: timedelta | None
    break_glass: bool


def loading(callback_id: str, session_id: str = "") -> View:
    return blocks.modal(
        _TITLE, [blocks.row("Loading…")], callback_id=callback_id, session_id=session_id
    )


def message(text: str, callback_id: str) -> View:
    """One that only says something: a refusal, in place of what was to be loaded."""
    return blocks.modal(_TITLE, [blocks.row(text)], callback_id=callback_id)


def request_form(offer: Offer) -> View:
    if not offer.resources:
        return message("Policy gives you nothing to ask for.", actions.REQUEST)
    longest = max(each.max_duration for each in offer.resources)
    hint = f"For example 30m or 1h30m; at most {durations.render(longest)}, less for some."
    initial = durations.render(offer.duration) if offer.duration else ""
    asked = [
        inputs.chosen(
            actions.RESOURCE, "What for", options(offer.resources), initial=offer.resource
        ),
        inputs.typed(
            actions.REASON,
            "Why",
            hint="Approvers read it as your words. At least ten characters.",
            initial=offer.reason,
            multiline=True,
        ),
        inputs.typed(actions.DURATION, "For how long", hint=hint, initial=initial, optional=True),
        inputs.typed(actions.TICKET, "Ticket", optional=True),
    ]
    if offer.break_glass:
        asked.append(_break_glass())
    return blocks.modal(_TITLE, asked, callback_id=actions.REQUEST, submit="Ask")


def options(resources: Iterable[Resource]) -> list[Option]:
    """As many as there are; a select shows a hundred, and asks for others while one types."""
    return [
        Option(
            value=each.resource_id,
            text=each.title,
            description=f"{each.resource_id}, {each.environment.value}, {each.domain}, at most "
            f"{durations.render(each.max_duration)}",
        )
        for each in resources
    ]


def suggested(resources: Iterable[Resource], typed: str) -> Json:
    """The answer to a select that asks for options: those that have what was typed."""
    wanted = plain(typed).casefold() if typed else ""
    fitting = [
        each for each in resources if wanted in f"{each.resource_id} {each.title}".casefold()
    ]
    return {"options": [inputs.option(each) for each in options(fitting[: inputs.MOST_OPTIONS])]}


def deny_form(session: Session, shown: Shown) -> View:
    return _about(
        session,
        shown,
        "Deny",
        actions.DENY,
        inputs.typed(
            actions.COMMENT, "Why", hint="The requester reads it.", optional=True, multiline=True
        ),
    )


def shorter_form(session: Session, shown: Shown) -> View:
    longest = durations.render(session.duration)
    hint = f"For example 15m; at most {longest}. The shortest that an approver sets stands."
    return _about(
        session,
        shown,
        "Approve shorter",
        actions.SHORTER,
        inputs.typed(actions.DURATION, "For how long at most", hint=hint, initial=longest),
    )


def _about(session: Session, shown: Shown, act: str, callback_id: str, asked: blocks.Block) -> View:
    """What is decided stands above what is asked: from the store, as of now."""
    return blocks.modal(
        act,
        [
            blocks.facts(facts(session, shown)),
            blocks.row(pictures.whose_words(session)),
            *blocks.quoted(session.reason),
            asked,
        ],
        callback_id=callback_id,
        session_id=session.session_id,
        submit=act,
    )


def session_shown(session: Session, now: datetime, shown: Shown, *, decides: bool = False) -> View:
    """One session, with nothing to send off. `decides`: the person may vote on it, so it has the
    card's buttons.
    """
    return blocks.modal(
        _TITLE,
        [
            blocks.facts(facts(session, shown)),
            blocks.row(pictures.whose_words(session)),
            *blocks.quoted(session.reason),
            blocks.row(*wording.state(session, now), *wording.review(session)),
            *(acts(session, now, shown) if decides else ()),
            blocks.small(f"session {session.session_id}"),
        ],
        callback_id=actions.SHOW,
        session_id=session.session_id,
    )


def read_form(sent: Submission) -> Form:
    """Raises Invalid for a duration that is none; what else is wrong, the operation says."""
    return Form(
        resource=_one(sent, actions.RESOURCE),
        reason=_one(sent, actions.REASON),
        ticket=_one(sent, actions.TICKET),
        duration=read_duration(sent),
        break_glass=_one(sent, actions.BREAK_GLASS) == _YES,
    )


def read_duration(sent: Submission) -> timedelta | None:
    """None where the input was left empty. Raises Invalid."""
    text = _one(sent, actions.DURATION).strip()
    if not text:
        return None
    try:
        return durations.parse(text)
    except ValueError:
        example = "write for example 30s, 15m or 1h30m"
        raise Invalid.field(actions.DURATION, example) from None


def read_comment(sent: Submission) -> str:
    return _one(sent, actions.COMMENT)


def errors(faults: Iterable[FieldError], sent: Submission) -> Json:
    """The answer that keeps a modal open: each fault under its input. One about an input that this
    modal has not stands under the first, because Slack takes no other.
    """
    told: dict[str, str] = {}
    known = list(sent.values)
    for fault in faults:
        here = fault.field in known
        name = fault.field if here else (known[0] if known else actions.REASON)
        text = fault.message if here else f"{fault.field}: {fault.message}"
        told[name] = truncate(
            plain("; ".join(filter(None, [told.get(name), text]))), _LONGEST_ERROR
        )
    return {"response_action": "errors", "errors": told}


def replaced_by(view: View) -> Json:
    """The answer that shows another view in the place of the one that was sent off."""
    return {"response_action": "update", "view": view.body}


def _break_glass() -> blocks.Block:
    choice = Option(
        value=_YES,
        text="This is an emergency (break-glass)",
        description="Tier-1 hears of it; you confirm it by pam confirm; it is reviewed.",
    )
    return inputs.ticked(actions.BREAK_GLASS, "Emergency", choice)


def _one(sent: Submission, name: str) -> str:
    given = sent.values.get(name, ())
    return given[0] if len(given) == 1 else ""
