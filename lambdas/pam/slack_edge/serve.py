"""One delivery of Slack's, from the gateway's event to the gateway's answer.

The order is fixed. How large it is and whether Slack signed it, before anything is read; whose team
it names, before anything is asked; that it is noted, before anything is done. Then who it is, what
they want, and the answer.

A delivery is marked as handled after what it does, never before. So one that died on its way is
done when it comes again, and one whose acknowledgement was lost can be pressed again. That two of
one kind may be on their way at once is borne by what they do: a person has one vote on a session, a
form opens one session, and what is over stays over. Only the code of a link is marked first: a
second one would void it, and whoever sees none types the command again.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from aws_lambda_powertools import Logger

from pam.domain.errors import Code, Invalid, Refusal, StaleSession, TryAgain
from pam.domain.handled_call import Door
from pam.domain.messages import UnknownEvent
from pam.domain.people import Actor, ActorKind, Auth, Surface
from pam.domain.principals import scheme_of
from pam.edge.gateway import stranger
from pam.ids import new_id
from pam.operations.note_act import note_act
from pam.operations.note_call import note_call
from pam.operations.record_refusal import Attempt, record_refusal
from pam.side_by_side import outcomes, side_by_side
from pam.slack import jobs, modal
from pam.slack.blocks import Json
from pam.slack.clicker import Clicker
from pam.slack.deliveries import (
    Changed,
    Click,
    Command,
    HomeOpened,
    Incoming,
    Reaction,
    Shortcut,
    Submission,
    Suggestion,
    UrlVerification,
)
from pam.slack_edge import changes, pressed, typed
from pam.slack_edge.budget import Budget, OutOfTime
from pam.slack_edge.front import Answer, Front, Handling
from pam.slack_edge.gates import Unheard, look_ahead
from pam.slack_edge.gateway import SOCKET_ROUTE, Turned, handled_call, is_slack_call
from pam.slack_edge.modals import NotOpened
from pam.slack_edge.telling import told

logger = Logger()

_NOT_RECORDED = {Code.THROTTLED, Code.ISSUER_UNAVAILABLE}
"""Not refusals of the person: nothing was decided about them."""
_ACTS = (Click, Command, Submission)
_AGAIN = "Nothing was done: PAM had no time. Press again, or use the command pam."
_PERHAPS = (
    "PAM had no time to finish, and part of it may be done. Press again: nothing is done twice. Or "
    "look by the command pam."
)
_NOT_OPENED = "Slack did not open the form. Nothing was done; try again, or use the command pam."


def serve(front: Front, event: object) -> dict[str, Any]:
    """Raises UnknownEvent for anything but a gateway's call, and RequestIdUsed: neither is a call
    of the gateway's. Both are noted, to be told. Calls that Slack has not signed are turned away
    unnoted: they do nothing, and anybody can make them.
    """
    now = front.clock()
    if not is_slack_call(event):
        front.calls.note(stranger(event, Door.SLACK, now, new_id(now)))
        message = "no call of the gateway"
        raise UnknownEvent(message)
    incoming = front.entrance.read(event, now)
    if isinstance(incoming, Turned) and event["resource"] != SOCKET_ROUTE:
        return _gateway_answer(incoming.status, None)
    handled = handled_call(event, now)
    handling = Handling(
        front=front,
        now=now,
        budget=Budget.of(event["requestContext"], now, front.clock),
        request_id=event["requestContext"]["requestId"],
        key=getattr(incoming, "key", ""),
        links=front.links(),
    )
    try:
        _, seen, _ = side_by_side(
            partial(note_call, handled, front.calls),
            partial(_is_handled, front, handling.key),
            partial(_look_ahead, incoming, handling),
        )
    except TryAgain:
        logger.warning("call not noted, so not handled", exc_info=True)
        return _gateway_answer(HTTPStatus.SERVICE_UNAVAILABLE, None)
    status, answer = _answered(incoming, handling, seen=seen)
    _put(answer, handling)
    marks: list[Callable[[], object]] = [partial(front.calls.answered, handled, int(status))]
    if answer.settled and handling.key and not seen:
        marks.append(partial(front.deliveries.handled, handling.key, now))
    if handling.call is not None and isinstance(incoming, _ACTS):
        # Who acts in which office is told, and decides nothing.
        marks.append(partial(note_act, handling.call, front.noted))
    _, faults = outcomes(lambda mark: mark(), marks)
    for fault in faults:
        # What was done stands, and does nothing if it comes again.
        logger.error("answer not noted", exc_info=fault)
    payload = answer.payload
    if event["resource"] == SOCKET_ROUTE and status == HTTPStatus.OK:
        payload = {} if payload is None else {"payload": payload}
    return _gateway_answer(status, payload)


def _look_ahead(incoming: Incoming | Turned, handling: Handling) -> None:
    if not isinstance(incoming, Turned):
        look_ahead(incoming, handling)


def _is_handled(front: Front, key: str) -> bool:
    return bool(key) and front.deliveries.is_handled(key)


def _answered(
    incoming: Incoming | Turned, handling: Handling, *, seen: bool
) -> tuple[HTTPStatus, Answer]:
    if isinstance(incoming, Turned):
        return incoming.status, Answer(settled=False)
    if seen:
        return HTTPStatus.OK, Answer()
    try:
        return HTTPStatus.OK, _done(incoming, handling)
    except Exception:
        logger.exception("unexpected")
        return HTTPStatus.INTERNAL_SERVER_ERROR, Answer(settled=False)


def _done(incoming: Incoming, handling: Handling) -> Answer:
    """Whatever is refused is told, and recorded if it was a person's act."""
    try:
        return _act(incoming, handling)
    except Unheard as unheard:
        return _unheard(unheard, incoming, handling)
    except Refusal as refusal:
        return _refused(refusal, incoming, handling)
    except (OutOfTime, StaleSession):
        logger.warning("not done in time", exc_info=True)
        return told(incoming, handling, _AGAIN, settled=False)
    except TryAgain:
        # AWS throttled one of several calls; those before it stand.
        logger.warning("not finished in time", exc_info=True)
        return told(incoming, handling, _PERHAPS, settled=False)
    except NotOpened:
        return told(incoming, handling, _NOT_OPENED, settled=False)


def _refused(refusal: Refusal, incoming: Incoming, handling: Handling) -> Answer:
    """What is wrong with a form stands at its inputs, and it can be sent off again."""
    _record(refusal, incoming, handling)
    if isinstance(refusal, Invalid) and isinstance(incoming, Submission):
        return Answer(payload=modal.errors(refusal.errors, incoming), settled=False)
    settled = refusal.code not in _NOT_RECORDED
    sentence = _sentence(refusal.detail)
    if refusal.sessions:
        sentence += f" In the way: {', '.join(refusal.sessions)}."
    return told(incoming, handling, sentence, command=refusal.step_up_command, settled=settled)


def _sentence(detail: str) -> str:
    """As the API words it, begun and ended as a sentence is."""
    begun = detail[:1].upper() + detail[1:]
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."


def _act(incoming: Incoming, handling: Handling) -> Answer:
    if isinstance(incoming, UrlVerification):
        return Answer(payload={"challenge": incoming.challenge})
    act = _ACTS_BY_KIND.get(type(incoming))
    return act(incoming, handling) if act else Answer()


_ACTS_BY_KIND: Mapping[type, Callable[[Any, Handling], Answer]] = MappingProxyType(
    {
        Command: typed.command,
        Click: pressed.click,
        Submission: pressed.submission,
        Shortcut: pressed.shortcut,
        Suggestion: pressed.suggestion,
        HomeOpened: pressed.home_opened,
        Reaction: pressed.reaction,
        Changed: changes.changed,
    }
)
"""What is none of these, PAM does not act on."""


def _unheard(unheard: Unheard, incoming: Incoming, handling: Handling) -> Answer:
    """Whoever is of another team hears of it only where no call is needed for that."""
    _record(unheard, incoming, handling)
    answer = told(incoming, handling, unheard.detail, settled=not unheard.passing)
    if unheard.foreign:
        return Answer(payload=answer.payload, settled=answer.settled)
    if isinstance(incoming, Click) and incoming.channel and unheard.of_channel:
        # Nothing stands in a shared channel: the painter looks at it, and withdraws what does.
        return Answer(
            payload=answer.payload,
            jobs=(*changes.painted(incoming.value, incoming.channel),),
            settled=answer.settled,
        )
    return answer


def _record(refusal: Refusal, incoming: Incoming, handling: Handling) -> None:
    """A refusal has no effect that would have to wait for its record."""
    clicker = getattr(incoming, "clicker", None)
    looked_only = isinstance(incoming, (HomeOpened, Suggestion))
    if clicker is None or looked_only or refusal.code in _NOT_RECORDED:
        return
    # Whoever was refused at the gates may know of no session.
    caller = handling.call.caller if handling.call else None
    actor = caller.actor if caller else _unknown(clicker)
    attempt = Attempt(
        act=_act_name(incoming),
        actor=actor,
        person=caller.person if caller else None,
        requester=actor.principal,
        request_id=handling.request_id,
    )
    front = handling.front
    try:
        record_refusal(refusal, attempt, now=handling.now, store=front.store, policy=front.policy)
    except Exception:
        logger.exception("refusal not recorded")


def _unknown(clicker: Clicker) -> Actor:
    """What is no principal of Slack's is not quoted."""
    known = scheme_of(clicker.principal) is not None
    return Actor(
        principal=clicker.principal if known else "slack:unknown",
        kind=ActorKind.PERSON,
        surface=Surface.SLACK,
        auth=Auth.SLACK,
    )


def _act_name(incoming: Incoming) -> str:
    match incoming:
        case Command():
            return f"slack command {incoming.command}"
        case Click(action_id=name):
            return f"slack button {name}"
        case Submission(callback_id=name) | Shortcut(callback_id=name):
            return f"slack form {name}"
    return f"slack {type(incoming).__name__.lower()}"


def _put(answer: Answer, handling: Handling) -> None:
    """What was done stands, whether or not Slack hears more of it."""
    for number, job in enumerate(answer.jobs):
        try:
            handling.front.queue.put(
                jobs.to_text(job),
                group=jobs.group_of(job),
                once=f"{handling.key or handling.request_id}/{number}",
            )
        except Exception:
            logger.exception("not told in Slack")


def _gateway_answer(status: HTTPStatus, payload: Json | None) -> dict[str, Any]:
    told_as = {"Content-Type": ["application/json"], "Cache-Control": ["no-store"]}
    return {
        "statusCode": int(status),
        "multiValueHeaders": told_as,
        "body": "" if payload is None else json.dumps(payload, separators=(",", ":")),
        "isBase64Encoded": False,
    }
