"""Sessions of a story, painted into a fake Slack whose clock is the story's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from local.slack.control import Shown, SlackControl
from pam.domain.links import Link
from pam.domain.session import Session
from pam.painting.addresses import SlackAddresses
from pam.painting.channels import CheckedChannels
from pam.painting.find import Finder, Waker, wake_all_in
from pam.painting.kept import KeptCards, KeptPaces
from pam.painting.painter import Painter
from pam.painting.posting import Post
from pam.painting.work_off import Line, Waiting
from pam.slack.clicker import Workspaces
from pam.slack.jobs import Job, from_text, group_of, to_text
from pam.slack.posted import Posted
from pam.slack_web.client import SlackWeb
from tests.fakes.slack_shelf import FakeQueue, FakeShelf
from tests.fakes.story import Story
from tests.local.slack.running import Running, slack

TEAM, CORE, OPERATORS = "T0BANK00001", "C0CORE00001", "C0OPS000001"
_MOST_TURNS = 5000
_MOST_SWEEPS = 10


@dataclass
class Token:
    """`slack_web.client.Token`: the secret, and what a process has read of it."""

    secret: str
    read: str = ""
    reads: int = 0

    def value(self) -> str:
        return self.read or self.renewed()

    def renewed(self) -> str:
        self.reads += 1
        self.read = self.secret
        return self.read


@dataclass
class FakeLinks:
    """`ports.links.KnownLinks`."""

    links: list[Link] = field(default_factory=list)

    def of_principal(self, principal: str) -> Link | None:
        return next((each for each in self.links if each.principal == principal), None)

    def of_person(self, person: str) -> list[Link]:
        return [each for each in self.links if each.person == person]


@dataclass
class World:
    running: Running
    story: Story
    shelf: FakeShelf = field(default_factory=FakeShelf)
    links: FakeLinks = field(default_factory=FakeLinks)
    lost: int = 0
    faults: int = 0
    late: list[float] = field(default_factory=list)
    given_up: list[Waiting] = field(default_factory=list)
    seconds_a_call: float = 0.05
    """What a call of Slack takes, by the story's clock."""
    silent_after: float = 30

    def __post_init__(self) -> None:
        self.token = Token(secret=self.running.about["bot_token"])
        self.queue = FakeQueue(clock=self.now)
        self._web = SlackWeb(base_url=self.running.about["url"], token=self.token)

    @property
    def slack(self) -> SlackControl:
        return self.running.control

    def now(self) -> datetime:
        return self.story.now

    def web(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self.story.later(seconds=self.seconds_a_call)
        return self._web.call(method, arguments, timeout=self.silent_after)

    @property
    def painter(self) -> Painter:
        def count() -> None:
            self.lost += 1

        def fault() -> None:
            self.faults += 1

        policy, cards = self.story.policy, KeptCards(shelf=self.shelf, clock=self.now)
        return Painter(
            store=self.story.store,
            policy=policy,
            post=Post(
                clock=self.now,
                cards=cards,
                paces=KeptPaces(shelf=self.shelf),
                web=self.web,
                late=self.late.append,
            ),
            count_fault=fault,
            wake_all_in=partial(wake_all_in, cards=cards, queue=self.queue, now=self.now()),
            channels=CheckedChannels(
                clock=self.now,
                web=self.web,
                facts=self.shelf,
                queue=self.queue,
                told=self.shelf,
                operators=policy.slack_operators,
                count=count,
            ),
            addresses=SlackAddresses(
                clock=self.now,
                identities=policy.identities,
                links=self.links,
                workspaces=Workspaces(team_ids=frozenset({TEAM})),
            ),
        )

    def line(self, *, has_time: bool = True) -> Line:
        return Line(painter=self.painter, web=self.web, clock=self.now, has_time=lambda: has_time)

    # What wakes the painter.

    @property
    def waker(self) -> Waker:
        return Waker(policy=self.story.policy, queue=self.queue)

    def heard(self, session: Session) -> None:
        """An event of the session's newest record."""
        newest = self.stored(session)
        self.waker.wake(
            newest.session_id,
            resource=newest.resource,
            domain=newest.domain,
            once=f"heard {newest.sequence}",
        )

    def swept(self) -> int:
        cards = KeptCards(shelf=self.shelf, clock=self.now)
        finder = Finder(
            store=self.story.store,
            cards=cards,
            waker=self.waker,
            waiting=lambda: len(self.queue.messages),
        )
        return finder.wake_for_stale(self.now())

    def swept_clean(self) -> None:
        """Until nothing is left to the next sweep, as it is where Slack fails again and again."""
        for _ in range(_MOST_SWEEPS):
            left = len(self.late)
            self.story.later(minutes=6)
            self.swept()
            self.settle()
            if len(self.late) == left:
                return
        message = "each sweep leaves something to the next"
        raise TimeoutError(message)

    def put(self, job: Job, once: str = "") -> None:
        self.queue.put(to_text(job), group=group_of(job), once=once or to_text(job))

    # What Lambda does.

    def turn(self) -> bool:
        """One batch; whether there was one."""
        batch = self.queue.take()
        if not batch:
            return False
        jobs = [
            Waiting(message_id=each.message_id, job=from_text(each.body), times=each.times)
            for each in batch
        ]
        left = self.line().work_off(jobs)
        again = {each.message_id for each in left.waiting}
        for each in left.to_the_end:
            self.put(each.job, once=f"{each.message_id} once more")
        self.given_up += left.faults
        self.queue.done({each.message_id for each in batch} - again)
        self.queue.put_back([*again], left.seconds)
        return True

    def settle(self, within: float = 0) -> datetime:
        """Until the queue is empty, or so many seconds are over. Raises TimeoutError if it can be
        seen that it never will be."""
        until = self.now() + timedelta(seconds=within) if within else None
        for _ in range(_MOST_TURNS):
            next_at = self.queue.next_at()
            if next_at is None or (until and max(next_at, self.now()) >= until):
                return self.now()
            self.story.now = max(next_at, self.now())
            self.turn()
        message = "the queue is never empty"
        raise TimeoutError(message)

    def painted(self, session: Session) -> Shown:
        """Hears of the session, paints, and answers its card."""
        self.heard(session)
        self.settle()
        return self.card(session)

    # What stands there.

    def stored(self, session: Session) -> Session:
        found = self.story.store.get(session.session_id)
        assert found is not None
        return found

    def posted(self, session: Session) -> Posted:
        text = self.shelf.read(session.session_id)
        assert text is not None
        return Posted.from_text(text)

    def cards(self, channel: str = CORE) -> list[Shown]:
        return [each for each in self.slack.messages(channel) if each.thread_ts in {None, each.ts}]

    def card(self, session: Session) -> Shown:
        posted = self.posted(session)
        return next(each for each in self.cards(posted.channel) if each.ts == posted.ts)

    def thread(self, session: Session) -> list[Shown]:
        return self.slack.thread(self.card(session))

    def told(self, name: str = "alice") -> list[Shown]:
        return self.slack.person(name).direct_messages()

    def link(self, name: str, user: str) -> None:
        link = Link(
            principal=f"slack:{TEAM}/{user}",
            person=name,
            accepted_by=f"arn:aws:iam::000000000000:user/{name}",
            linked_at=self.now(),
            basis="",
        )
        self.links.links.append(link)

    def calls(self, method: str) -> int:
        return int(self.slack.counts()["calls"].get(method, 0))

    def refused(self) -> dict[str, int]:
        return dict(self.slack.counts()["refused"])


@contextmanager
def world() -> Iterator[World]:
    story = Story()

    def clock() -> float:
        return story.now.timestamp()

    with slack(clock=clock) as running:
        made = World(running=running, story=story)
        made.link("alice", "U0ALICE0001")
        yield made
