"""What somebody in Slack waits for, and what becomes of many clicks and of many ends at once.

On the stack's own Slack. A click is timed there: from the act to its acknowledgement. Where clicks
come by the hundred, the bench puts up their cards, with the blocks and buttons of one that PAM
painted: PAM puts up one a second, which is Slack's limit.
"""

import itertools
import json
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from typing import Any

from local import crowd
from local.bench import slack_clicks
from local.bench.bare import API, API_WRITE, Timed
from local.bench.figure import SECONDS, Breakdown, Figure, of_seconds
from local.bench.needed import SUM_BAR, Act, breakdown_of, count, figure_of, measure
from local.bench.place import Place
from local.bench.rounds import in_turn, timed
from local.bench.slack_clicks import (
    LEDGER,
    AskedSlack,
    Clicks,
    Pressed,
    cards_by_session,
    side_by_side,
)
from local.cast import Cast, NotSeenError, Person, until
from local.slack.control import Shown
from local.slack_beside import recorded_calls
from pam.slack import actions

SANDBOX = "core-sandbox-admin"
WAYS = ("http", "socket")
_ROUNDS, _REPAINTED, _COUNTED = 15, 9, 3
_AT_ONCE = 50
_CARDS_ARE_THERE_WITHIN = 150.0
"""Seconds; it takes one, and a fifth, for each."""
ELSEWHERE = "C0WORK00001"
"""A channel in which nothing else is said here."""
_QUIET = 1.2
"""Seconds."""
_ACKNOWLEDGED_BAR, _MINUTE = 5, 60.0
UPDATE, PUT = "Slack: chat.update", "dynamodb:PutItem"
_ACKNOWLEDGED_BOUND = (
    "The reference is one write. A click comes through an API and a function, is noted, looked up "
    "(has it come before, who is it, is the channel shared), judged by policy with the votes so "
    "far, signed by KMS, written with its record, and noted as answered. The emulator answers "
    "calls one by one, so those that go side by side save nothing here."
)
_REPAINTED_BOUND = (
    "A vote reaches the painter by the table's stream, the bus and a queue, into which the "
    "emulator looks one after the other; the reference has the functions at their ends, and no "
    "way there."
)
_RIGHT_BOUND = "Slack takes 50 updates a minute, and PAM keeps to that."


def bench(place: Place) -> Iterator[Figure | Breakdown]:
    cast = place.cast
    people = crowd.Crowd(crowd.engineers(cast))
    asked = AskedSlack(cast)
    with ExitStack() as undecided:
        cards = _cards_of(cast, people, undecided)
        pattern = cards[0]
        yield from _repainted(place, cards, asked)
        yield from _ended_at_once(cast)
    clicks = Clicks(cast, people, pattern, asked)
    warm = [clicks.vote(way) for way in WAYS * 2]
    alone = dict[str, list[Pressed]]((way, []) for way in WAYS)
    yield from _acknowledged(place, clicks, alone)
    refreshed = slack_clicks.during_refreshes(clicks)
    yield slack_clicks.lost(refreshed)
    yield from slack_clicks.in_time(
        {
            "one at a time": [*warm, *itertools.chain(*alone.values())],
            "several at a time": slack_clicks.many(clicks, "http"),
            "while Slack refreshes": refreshed,
            "cold": slack_clicks.cold(clicks, place.state, WAYS),
        }
    )


def _acknowledged(
    place: Place, clicks: Clicks, pressed: dict[str, list[Pressed]]
) -> Iterator[Figure | Breakdown]:
    """`pressed` takes in, by way, whatever was pressed."""

    def click(way: str) -> float:
        pressed[way].append(clicks.vote(way))
        seconds = pressed[way][-1].seconds
        if seconds is None:
            message = f"a click by {way} was not acknowledged, with nothing else going on"
            raise NotSeenError(message)
        return seconds

    over_all = Act(
        name="click -> acknowledged, by http, over all its calls",
        run=lambda: nullcontext(partial(click, "http")),
        on_the_way=("slack_door",),
        besides={API: 1},
    )
    needed = count(over_all, cast=place.cast, state=place.state)
    bare = {name: place.bare.acts[name] for name in {*needed, PUT, API_WRITE}}
    taken = in_turn({**{way: partial(click, way) for way in WAYS}, **bare}, _ROUNDS)
    for way in WAYS:
        yield of_seconds(
            f"click -> acknowledged, by {way}",
            taken[way],
            "one conditional write by the caller, without API and function",
            taken[PUT],
            bar=_ACKNOWLEDGED_BAR,
            bound=_ACKNOWLEDGED_BOUND,
        )
        yield of_seconds(
            f"click -> acknowledged, by {way}, over a write by a function",
            taken[way],
            "a function that makes one conditional write, through an API",
            taken[API_WRITE],
        )
    taken[over_all.name] = taken["http"]
    yield figure_of(over_all, taken, needed)
    yield breakdown_of(over_all, taken, needed)


def _at_rest(cast: Cast) -> None:
    """Waits until nothing was asked of Slack for a while: what was set going is told."""
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < _QUIET:
        made = sum(cast.slack.counts()["calls"].values())
        if made != seen:
            seen, since = made, time.monotonic()
        time.sleep(0.05)


# A card that is painted anew.


def _cards_of(cast: Cast, people: crowd.Crowd, undecided: ExitStack) -> list[Shown]:
    """One for each round, with its buttons; their sessions end with `undecided`."""
    sessions = []
    for _ in range(_REPAINTED + _COUNTED):
        engineer = undecided.enter_context(people.turn())
        sessions.append(str(engineer.request(LEDGER)["session_id"]))
        undecided.callback(engineer.post, "/pam/end", {"session_id": sessions[-1]})

    def all_stand() -> list[Shown] | None:
        shown = cards_by_session(cast)
        stand = [shown[it] for it in sessions if it in shown and shown[it].buttons]
        return stand if len(stand) == len(sessions) else None

    cards = until(all_stand, "the cards to stand with their buttons")
    _at_rest(cast)
    return cards


def _repainted(place: Place, cards: list[Shown], asked: AskedSlack) -> Iterator[Figure | Breakdown]:
    left = iter(cards)
    calls = recorded_calls(place.state)

    @contextmanager
    def run() -> Iterator[Callable[[], object]]:
        card = next(left)
        seen = calls.stat().st_size

        def do() -> None:
            clicked = place.cast.slack.person("bob").click(card, actions.APPROVE, via="http")
            if not clicked.acknowledged:
                message = f"the click was not acknowledged: {clicked}"
                raise NotSeenError(message)
            while not _updated(calls.read_bytes()[seen:], card.ts):
                time.sleep(0.002)

        yield do
        _at_rest(place.cast)

    act = Act(
        name="click -> card repainted",
        run=run,
        on_the_way=("slack_door", "audit_session", "route_slack", "paint_slack"),
        besides={API: 1, "lambda:InvokeFunction": 3, UPDATE: 1},
        bare={UPDATE: _bare_update(asked)},
        bar=SUM_BAR,
        bound=_REPAINTED_BOUND,
    )
    yield from measure(act, cast=place.cast, bare=place.bare, rounds=_REPAINTED, state=place.state)


def _updated(lines: bytes, ts: str) -> bool:
    """Whether the card was painted anew by what was asked of Slack. The last line may be half."""
    whole, _, _ = lines.rpartition(b"\n")
    asked = (json.loads(line) for line in whole.splitlines())
    return any(
        call["method"] == "chat.update" and call["arguments"]["ts"] == ts and not call["error"]
        for call in asked
    )


def _bare_update(asked: AskedSlack) -> Timed:
    """As the painter asks it of Slack: the same message with other words."""
    message = {"channel": ELSEWHERE, "text": "bare"}
    ts = asked("chat.postMessage", **message)["ts"]
    texts = itertools.cycle(("bare", "barer"))
    return lambda: timed(lambda: asked("chat.update", **{**message, "text": next(texts)}, ts=ts))


# Many ends at once.


def _ended_at_once(cast: Cast) -> Iterator[Figure]:
    cast.slack.knobs(tiers=True)
    before = cast.slack.counts()
    people = crowd.Crowd(crowd.engineers(cast))
    borrowed = [people.take() for _ in range(_AT_ONCE)]
    sessions = dict(zip(side_by_side(_active, borrowed), borrowed, strict=True))
    until(
        partial(_all_say, cast, sessions, "Active"),
        "the cards of what is to be ended",
        _CARDS_ARE_THERE_WITHIN,
    )
    side_by_side(lambda each: _end(*each), sessions.items())
    began = time.monotonic()
    until(partial(_all_say, cast, sessions, "ENDED"), "the cards to be right", 3 * _MINUTE)
    took = time.monotonic() - began
    after = cast.slack.counts()
    yield Figure(
        name=f"{_AT_ONCE} sessions ended at once -> every card right",
        value=took,
        unit=SECONDS,
        reference="a minute",
        reference_value=_MINUTE,
        bar=1,
        runs=1,
        bound=_RIGHT_BOUND,
    )
    calls = sum(after["calls"].values()) - sum(before["calls"].values())
    limited = _limited(after) - _limited(before)
    yield Figure(
        name="calls of Slack over its limits, for these sessions",
        value=limited,
        unit="calls",
        reference="all that were made",
        reference_value=calls,
        bar=0,
        runs=1,
        bound="What one function does not know of another's calls.",
    )
    cast.slack.knobs(tiers=False)


def _active(person: Person) -> str:
    session_id = str(person.request(SANDBOX)["session_id"])
    person.wait_for(session_id, "ACTIVE")
    return session_id


def _end(session_id: str, person: Person) -> None:
    answer = person.post("/pam/end", {"session_id": session_id})
    if answer.body.get("status") != "ENDED":
        message = f"{session_id} did not end: {answer.body}"
        raise NotSeenError(message)


def _all_say(cast: Cast, sessions: Collection[str], word: str) -> bool | None:
    shown = cards_by_session(cast)
    return all(it in shown and word in shown[it].text for it in sessions) or None


def _limited(counts: dict[str, Any]) -> int:
    return sum(n for what, n in counts["refused"].items() if what.endswith(" ratelimited"))
