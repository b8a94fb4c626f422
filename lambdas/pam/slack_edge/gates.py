"""Whom PAM listens to: one way for commands, buttons, modals, Home, shortcuts and reactions.

By the payload: the team. By Slack's word, a minute old at most: the user, and the channel where
something was pressed. By the identities file or a link: the person. What cannot be known now is
refused, and the person is told which way is open to them.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from pam.domain.errors import NotEligible
from pam.edge.callers import slack_caller
from pam.names import SLACK_CHANNEL, SLACK_USER
from pam.operations.call import Call
from pam.ports.slack import Remembered
from pam.side_by_side import outcomes
from pam.slack import facts
from pam.slack.clicker import Clicker, Refused, refuse_channel, refuse_team, refuse_user
from pam.slack.deliveries import (
    Click,
    Command,
    HomeOpened,
    Incoming,
    Shortcut,
    Submission,
    Suggestion,
)
from pam.slack_edge.front import Asker, Handling

_LONGEST_QUESTION = 1.5
"""Seconds that Slack has to say who somebody is."""
_SPARE = 0.7
"""Seconds that are kept for what is done with the answer."""


class Unheard(NotEligible):
    """Refused at the gates. `foreign`: by the payload alone, and nothing is sent to them.
    `of_channel`: for where they pressed, whoever they are. `passing`: another try may be heard.
    """

    def __init__(
        self,
        refused: Refused,
        *,
        foreign: bool = False,
        of_channel: bool = False,
        passing: bool = False,
    ) -> None:
        super().__init__(refused.sentence, recorded=refused.reason)
        self.foreign = foreign
        self.of_channel = of_channel
        self.passing = passing


def look_ahead(incoming: Incoming, handling: Handling) -> None:
    """Reads beside the note of the call what the gates will go by, so that nobody waits for one
    after the other. Whatever cannot be read is read again where it is needed.
    """
    if not isinstance(incoming, (Click, Command, HomeOpened, Shortcut, Submission, Suggestion)):
        return
    clicker, front = incoming.clicker, handling.front
    if refuse_team(clicker, front.workspaces):
        return
    channel = incoming.channel if isinstance(incoming, Click) and incoming.message_ts else ""

    def facts_of() -> None:
        handling.recalled.update(front.facts.recall(_names(clicker, channel)))

    def link_of() -> None:
        if front.policy.identities.listed_as(clicker.principal) is None:
            handling.links.of_principal(clicker.principal)

    outcomes(lambda look: look(), (facts_of, link_of))


def check_team(clicker: Clicker, handling: Handling) -> None:
    """By the payload alone: no call is made. Raises Unheard."""
    refused = refuse_team(clicker, handling.front.workspaces)
    if refused:
        raise Unheard(refused, foreign=True)


def ask_in(
    clicker: Clicker, handling: Handling, *, channel: str = "", session_id: str = ""
) -> Asker:
    """Who it is. `channel`: where they pressed something; `session_id`: for whoever is told what to
    do instead. Raises Unheard.
    """
    check_team(clicker, handling)
    names = _names(clicker, channel)
    known = _known(names, handling)
    user = known.get(names[0])
    if user is None:
        raise Unheard(_unknown("user", session_id), passing=True)
    refused = refuse_user(user["user"], clicker, handling.front.workspaces)
    if refused:
        raise Unheard(refused)
    if channel:
        where = known.get(names[1])
        if where is None:
            raise Unheard(_unknown("channel", session_id), passing=True)
        refused = refuse_channel(where["channel"], channel)
        if refused:
            raise Unheard(refused, of_channel=True)
    return _asker(clicker, user, handling)


def known_person(asker: Asker) -> Asker:
    """Raises Unheard for whoever PAM does not know by this account of Slack's."""
    caller = asker.call.caller
    if caller.person is None:
        reason = caller.nobody_because or f"{caller.principal} is nobody's in PAM"
        sentence = (
            f"PAM does not know whose Slack account this is: {reason}. If it is yours, type "
            f"`{asker.command} link`, then run `pam link slack CODE`. Nothing was done."
        )
        raise Unheard(Refused(reason=reason, sentence=sentence))
    return asker


def _asker(clicker: Clicker, user: facts.Facts, handling: Handling) -> Asker:
    front = handling.front
    policy = front.policy.knowing(handling.links, handling.now)
    identify = partial(policy.identities.whose, basis=user["basis"])
    caller = slack_caller(clicker.principal, handling.request_id, identify)
    call = Call(caller=caller, now=handling.now, store=front.store, policy=policy)
    handling.call = call
    return Asker(
        call=call,
        clicker=clicker,
        display=user["display"],
        basis=user["basis"],
        command=front.commands[0],
    )


def _names(clicker: Clicker, channel: str) -> list[str]:
    return [f"{SLACK_USER}{clicker.user}", *([f"{SLACK_CHANNEL}{channel}"] if channel else [])]


def _known(names: list[str], handling: Handling) -> dict[str, facts.Facts]:
    """By name, what Slack said within a minute, or says now. What it does not say is missing."""
    recalled: Mapping[str, Remembered] = handling.recalled
    if not set(names) <= recalled.keys():
        recalled = handling.front.facts.recall(names)
    fresh = {
        name: dict(each.facts)
        for name, each in recalled.items()
        if handling.now - facts.HOLD <= each.asked_at
    }
    missing = [name for name in names if name not in fresh]
    # Whatever fails leaves its name out.
    asked, _ = outcomes(partial(_asked, handling), missing) if missing else ([], [])
    return fresh | {each.name: each.facts for each in asked}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    name: str
    facts: facts.Facts


def _asked(handling: Handling, name: str) -> _Asked:
    """Raises SlackFailed, OutOfTime."""
    front = handling.front
    asked_at = front.clock()
    timeout = min(handling.budget.left(spare=_SPARE), _LONGEST_QUESTION)
    if name.startswith(SLACK_USER):
        user = name.removeprefix(SLACK_USER)
        answer = front.slack().call("users.info", {"user": user}, timeout=timeout)
        said = facts.of_user(answer.get("user"))
    else:
        channel = name.removeprefix(SLACK_CHANNEL)
        answer = front.slack().call("conversations.info", {"channel": channel}, timeout=timeout)
        said = facts.of_channel(answer.get("channel"))
    with suppress(Exception):
        # Whoever comes next asks Slack again.
        front.facts.keep(name, Remembered(facts=said, asked_at=asked_at))
    return _Asked(name=name, facts=said)


def _unknown(what: str, session_id: str) -> Refused:
    command = f"pam approve {session_id}" if session_id else "pam approve ID"
    sentence = (
        f"Slack does not say now who is who, so nothing was done. Press again in a moment, or vote "
        f"by `{command}`."
    )
    return Refused(reason=f"{what} not known now", sentence=sentence)
