"""What the painter of Slack keeps, in memory; and its queue, with the rules of SQS for groups."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pam.ports.slack import Remembered
from pam.ports.slack_cards import StaleCard

_FOR_A_MOMENT = timedelta(seconds=360)
_ONCE_WITHIN = timedelta(minutes=5)
_BATCH = 10


@dataclass
class FakeShelf:
    """`ports.slack_cards.CardShelf` and `ports.slack.SlackFacts`. `before_write` acts between a
    read and its write."""

    cards: dict[str, tuple[str, int]] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    said: dict[str, datetime] = field(default_factory=dict)
    paces: dict[str, tuple[tuple[datetime, ...], int]] = field(default_factory=dict)
    facts: dict[str, Remembered] = field(default_factory=dict)
    before_write: Callable[[], None] | None = None

    def read(self, session_id: str) -> str | None:
        return self.cards.get(session_id, (None, 0))[0]

    def read_several(self, session_ids: Sequence[str]) -> dict[str, str]:
        return {each: self.cards[each][0] for each in session_ids if each in self.cards}

    def write(
        self, session_id: str, text: str, *, version: int, finished: bool, now: datetime
    ) -> None:
        if self.before_write:
            act, self.before_write = self.before_write, None
            act()
        if version != self.cards.get(session_id, ("", 0))[1] + 1:
            raise StaleCard
        self.cards[session_id] = (text, version)
        if version == 1:
            self.open.add(session_id)
        if finished:
            self.open.discard(session_id)

    def unfinished(self) -> Iterable[str]:
        return sorted(self.open)

    def stands(self, channel: str, ts: str, session_id: str, now: datetime) -> None:
        self.places[channel, ts] = session_id

    def session_at(self, channel: str, ts: str) -> str | None:
        return self.places.get((channel, ts))

    def first(self, what: str, now: datetime, until: datetime) -> bool:
        if self.said.get(what, now) > now:
            return False
        self.said[what] = until
        return True

    def taken(self, key: str) -> tuple[tuple[datetime, ...], int]:
        return self.paces.get(key, ((), 0))

    def take(self, key: str, taken: Sequence[datetime], *, version: int, until: datetime) -> None:
        if version != self.taken(key)[1] + 1:
            raise StaleCard
        self.paces[key] = (tuple(taken), version)

    def recall(self, names: Collection[str]) -> Mapping[str, Remembered]:
        return {name: self.facts[name] for name in names if name in self.facts}

    def keep(self, name: str, remembered: Remembered) -> None:
        self.facts[name] = remembered

    def forget(self, name: str, now: datetime) -> None:
        self.facts.pop(name, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    message_id: str
    body: str
    group: str
    visible_at: datetime
    times: int = 0


@dataclass
class FakeQueue:
    """`ports.slack.SlackQueue`. Of a group nothing is brought while one of it is away."""

    clock: Callable[[], datetime]
    messages: list[Message] = field(default_factory=list)
    sent: dict[str, datetime] = field(default_factory=dict)
    number: int = 0

    def put(self, text: str, *, group: str, once: str) -> None:
        now = self.clock()
        if now < self.sent.get(once, now) + _ONCE_WITHIN and once in self.sent:
            return
        self.sent[once] = now
        self.number += 1
        message_id = f"message-{self.number}"
        self.messages.append(Message(message_id=message_id, body=text, group=group, visible_at=now))

    def take(self) -> list[Message]:
        """The next batch: of one group, in order."""
        now = self.clock()
        away = {each.group for each in self.messages if each.visible_at > now}
        free = [each for each in self.messages if each.group not in away]
        batch = [each for each in free if each.group == free[0].group][:_BATCH]
        taken = [
            replace(each, visible_at=now + _FOR_A_MOMENT, times=each.times + 1) for each in batch
        ]
        ids = {each.message_id: each for each in taken}
        self.messages = [ids.get(each.message_id, each) for each in self.messages]
        return taken

    def done(self, message_ids: Collection[str]) -> None:
        self.messages = [each for each in self.messages if each.message_id not in message_ids]

    def put_back(self, message_ids: Sequence[str], seconds: int) -> None:
        """By their ids, which stand for receipts here."""
        at = self.clock() + timedelta(seconds=seconds)
        self.messages = [
            replace(each, visible_at=at) if each.message_id in message_ids else each
            for each in self.messages
        ]

    def next_at(self) -> datetime | None:
        """When something can be taken; None where nothing waits."""
        groups: dict[str, datetime] = {}
        for each in self.messages:
            groups[each.group] = max(each.visible_at, groups.get(each.group, each.visible_at))
        return min(groups.values(), default=None)
