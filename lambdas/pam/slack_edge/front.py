"""What the door has of the world, and the delivery at hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pam.domain.people import Person
from pam.domain.session import Session
from pam.operations.call import Call
from pam.operations.note_act import NotedActs
from pam.operations.open_session import Home
from pam.policy.cedar import CedarPolicy
from pam.ports.calls import NotedCalls
from pam.ports.links import CodeKeeper, KnownLinks
from pam.ports.people import Closer, Workflow
from pam.ports.proofs import Signer
from pam.ports.sessions import SessionStore
from pam.ports.slack import (
    Remembered,
    SlackCalls,
    SlackCards,
    SlackDeliveries,
    SlackFacts,
    SlackQueue,
)
from pam.slack.blocks import Json
from pam.slack.card import Shown
from pam.slack.clicker import Clicker, Workspaces
from pam.slack.jobs import Job, Method, Send
from pam.slack_edge.budget import Budget, TimelySigner
from pam.slack_edge.gateway import Entrance

OF_USE = timedelta(minutes=10)
"""How long an answer that is sent afterwards is worth sending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """`links` and `slack` are made anew, or loaded, by the call that needs them."""

    entrance: Entrance
    workspaces: Workspaces
    commands: tuple[str, ...]
    """Whichever was typed; PAM's own texts name the first."""
    reactions: bool
    home: Home
    store: SessionStore
    policy: CedarPolicy
    links: Callable[[], KnownLinks]
    codes: CodeKeeper
    signer: Signer
    workflow: Workflow
    closer: Closer
    calls: NotedCalls
    noted: NotedActs
    facts: SlackFacts
    deliveries: SlackDeliveries
    cards: SlackCards
    queue: SlackQueue
    slack: Callable[[], SlackCalls]
    shown: Callable[[Session, CedarPolicy], Shown]
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`payload` goes into the acknowledgement; `jobs` are told in Slack after it. `settled`: the
    delivery is handled, and does nothing if it comes again.
    """

    payload: Json | None = None
    jobs: tuple[Job, ...] = ()
    settled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Somebody whom the gates let through. `call.caller.person` is None for a member of the
    workspace whom PAM does not know yet.
    """

    call: Call
    clicker: Clicker
    display: str
    """How Slack names them."""
    basis: str
    """What a link of theirs rests on."""
    command: str
    """By which PAM's texts name the app's command."""

    @property
    def person(self) -> Person:
        """Raises NotEligible for somebody whom PAM does not know."""
        return self.call.person(by_slack=True)


@dataclass(slots=True, kw_only=True)
class Handling:
    """One delivery, from its parsing to its answer."""

    front: Front
    now: datetime
    budget: Budget
    request_id: str
    key: str
    links: KnownLinks
    recalled: dict[str, Remembered] = field(default_factory=dict)
    """What was looked up ahead: as of this call, and no older."""
    view_id: str = ""
    """Of the modal that was opened for it; whatever is to be told is told there."""
    call: Call | None = None
    """Of whoever passed the gates."""

    @property
    def signer(self) -> TimelySigner:
        return TimelySigner(signer=self.front.signer, budget=self.budget)

    def send(self, to: str, method: Method, **arguments: Any) -> Send:
        return Send(to=to, method=method, arguments=arguments, not_after=self.now + OF_USE)
