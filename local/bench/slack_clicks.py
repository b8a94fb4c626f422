"""Clicks in the stack's Slack by the hundred, each on a session of its own, and their fates."""

import itertools
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urljoin

import urllib3

from local.bench.figure import SECONDS, Figure
from local.bench.processes import pids_of
from local.cast import Cast, NotSeenError
from local.crowd import Crowd
from local.slack.control import Shown
from local.slack_beside import bot_token
from local.state import State
from pam.slack import actions

LEDGER, CHANNEL = "core-ledger-admin", "core-approvals"
_APPROVERS = ("bob", "carol", "erin")
_IN_FLIGHT = 4
_REFRESHED, _MANY, _COLD = 100, 52, 5
_REFRESH_EVERY = 1.0
_SLACK_WAITS = 3.0
_OVER_BOUND = (
    "A door without a process imports all that it needs first, on the cores that the painter, the "
    "emulator and the bench take as well; a click that meets a connection as Slack closes it has "
    "no answer, and is pressed again."
)
_LOST_BOUND = "What was acknowledged before it was written."
_ID, _ULID = "session ", 26

Given = TypeVar("Given")
Made = TypeVar("Made")


class AskedSlack:
    """Slack's Web API by the bot's token, as barely as it can be called."""

    def __init__(self, cast: Cast) -> None:
        self._url = str(cast.about["services"]["slack"]["url"])
        self._token = bot_token(State(cast.state_dir))
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(30), retries=False)

    def __call__(self, method: str, **arguments: Any) -> dict[str, Any]:
        answer = self._http.request(
            "POST",
            urljoin(self._url, method),
            body=json.dumps(arguments),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json; charset=utf-8",
            },
        )
        document: dict[str, Any] = json.loads(answer.data)
        if not document["ok"]:
            message = f"Slack refused {method}: {document['error']}"
            raise NotSeenError(message)
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A click. `seconds`: until it was acknowledged; None for one that was not. `voted`: whether
    the store has the vote of whoever clicked. `error`: what Slack said of one that was not
    acknowledged; `dispatch_failed` if there was no connection by which it could have been told.
    """

    seconds: float | None
    voted: bool
    error: str = ""


class Clicks:
    """Approvals by Slack, each on a session of its own that is closed afterwards. Safe to be used
    by many threads.
    """

    def __init__(self, cast: Cast, people: Crowd, pattern: Shown, asked: AskedSlack) -> None:
        """`pattern` is a card that PAM painted, with its buttons."""
        self.cast, self._people, self._asked = cast, people, asked
        self._channel, self._of = pattern.channel, id_of(pattern)
        self._pattern = json.dumps(pattern.blocks)
        self._ids = {it["name"]: it["id"] for it in cast.slack.call("people")["people"]}
        self._turn, self._turns = threading.Lock(), 0

    def vote(self, way: str) -> Pressed:
        (pressed,) = self._press(way, 1)
        return pressed

    def by_all(self, way: str) -> list[Pressed]:
        """Each approver's click, one after the other. Production counts one approval by Slack: the
        first is a vote, the others are refused and told so.
        """
        return self._press(way, len(_APPROVERS))

    def _press(self, way: str, people: int) -> list[Pressed]:
        with self._people.turn() as engineer:
            session_id = str(engineer.request(LEDGER)["session_id"])
            card, names = self._card(session_id), [self._next() for _ in range(people)]
            approvers = [self.cast.slack.person(name) for name in names]
            seen = [each.click(card, actions.APPROVE, via=way) for each in approvers]
            votes = engineer.session(session_id)["approvals"]["votes"]
            engineer.post("/pam/end", {"session_id": session_id})
        by = {str(it["approver"]).rpartition("/")[2] for it in votes}
        return [
            Pressed(
                seconds=it.ms / 1000 if it.acknowledged and it.ms is not None else None,
                voted=self._ids[name] in by,
                error=it.error or "",
            )
            for it, name in zip(seen, names, strict=True)
        ]

    def _card(self, session_id: str) -> Shown:
        blocks = json.loads(self._pattern.replace(self._of, session_id))
        put = self._asked("chat.postMessage", channel=self._channel, text="bench", blocks=blocks)
        return Shown(
            channel=self._channel,
            ts=put["ts"],
            user="",
            thread_ts=None,
            edited=False,
            fallback="bench",
            text="bench",
            buttons=[],
            blocks=blocks,
            reactions={},
            updates=0,
        )

    def _next(self) -> str:
        with self._turn:
            self._turns += 1
            return _APPROVERS[self._turns % len(_APPROVERS)]


def id_of(card: Shown) -> str:
    return str(card.buttons[0]["value"])


def cards_by_session(cast: Cast) -> dict[str, Shown]:
    """What PAM painted; what stands in threads is none of it."""
    found = {}
    for card in cast.slack.messages(CHANNEL):
        session_id = card.text.rpartition(_ID)[2][:_ULID]
        if card.thread_ts in (None, card.ts) and len(session_id) == _ULID:
            found[session_id] = card
    return found


def side_by_side(do: Callable[[Given], Made], each: Iterable[Given]) -> list[Made]:
    with ThreadPoolExecutor(_IN_FLIGHT) as pool:
        return list(pool.map(do, each))


def many(clicks: Clicks, way: str) -> list[Pressed]:
    """Of several sessions at a time, those of one session one after the other."""
    return list(itertools.chain(*side_by_side(clicks.by_all, [way] * _MANY)))


def during_refreshes(clicks: Clicks) -> list[Pressed]:
    """By the socket, while Slack has each of its connections made anew every second."""
    clicks.cast.slack.knobs(refresh_every=_REFRESH_EVERY)
    try:
        return side_by_side(clicks.vote, ["socket"] * _REFRESHED)
    finally:
        clicks.cast.slack.knobs(refresh_every=0)


def cold(clicks: Clicks, state: State, ways: Sequence[str]) -> list[Pressed]:
    """Each meets a door that has no process any more."""
    pressed = []
    for way in list(ways) * _COLD:
        for pid in pids_of(state, clicks.cast.handlers, "slack_door"):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        pressed.append(clicks.vote(way))
    return pressed


def lost(pressed: Sequence[Pressed]) -> Figure:
    """Of those during refreshes."""
    acknowledged = [it for it in pressed if it.seconds is not None]
    failed = Counter(it.error for it in pressed if it.seconds is None)
    why = "".join(f", {error} {times}" for error, times in sorted(failed.items()) if error)
    voted = sum(it.voted for it in pressed if it.seconds is None)
    return Figure(
        name=f"{len(pressed)} clicks while Slack refreshes every second: acknowledged and lost",
        value=sum(not it.voted for it in acknowledged),
        unit="clicks",
        reference="those that were acknowledged",
        reference_value=len(acknowledged),
        bar=0,
        runs=1,
        note=f"{failed.total()} not acknowledged{why}; {voted} of them a vote all the same",
        bound=_LOST_BOUND,
    )


def in_time(pressed: Mapping[str, Sequence[Pressed]]) -> Iterator[Figure]:
    """`pressed`: by what went on meanwhile. Whatever was not acknowledged was not in time."""
    over = {
        when: sum(it.seconds is None or it.seconds > _SLACK_WAITS for it in some)
        for when, some in pressed.items()
    }
    clicks = list(itertools.chain(*pressed.values()))
    yield Figure(
        name="clicks that were not acknowledged within the 3 s that Slack waits",
        value=sum(over.values()),
        unit="clicks",
        reference="all that were made",
        reference_value=len(clicks),
        bar=0,
        runs=1,
        note=", ".join(f"{when}: {over[when]} of {len(some)}" for when, some in pressed.items()),
        bound=_OVER_BOUND,
    )
    for name, some in (("all", clicks), ("the cold ones", pressed["cold"])):
        taken = [it.seconds for it in some if it.seconds is not None]
        yield Figure(
            name=f"slowest acknowledgement of {name}",
            value=max(taken),
            unit=SECONDS,
            reference="as long as Slack waits",
            reference_value=_SLACK_WAITS,
            bar=1,
            runs=len(taken),
            bound=_OVER_BOUND,
        )
