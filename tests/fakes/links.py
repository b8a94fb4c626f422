"""Links and codes in memory, with the conditions of the real ones, and people who link."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from pam.domain import ids, links
from pam.domain.audit_record import Record
from pam.domain.errors import StaleSession
from pam.domain.links import Link, ShownCode
from pam.domain.people import Caller
from pam.domain.principals import Scheme
from pam.domain.proofs import Maker
from pam.edge.callers import slack_caller
from pam.operations.link_principal import Linking, LinkPaper, link_principal
from pam.operations.show_link_code import show_link_code
from pam.operations.unlink_principal import unlink_principal
from tests.fakes.story import Story
from tests.fakes.world import FakeNotifier

BOB = "slack:T0BANK/U0BOB"


def user(name: str) -> str:
    """The user of Slack who is called like that person."""
    return f"slack:T0BANK/U0{name.upper()}"


@dataclass
class FakeLinks:
    """`ports.links`: all three."""

    codes: dict[str, ShownCode] = field(default_factory=dict)
    """The newest of each principal."""
    used: set[str] = field(default_factory=set)
    links: dict[str, Link] = field(default_factory=dict)
    wrong: dict[str, list[datetime]] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    before_write: Callable[[], None] | None = None

    def show(self, code: ShownCode) -> None:
        self.codes[code.principal] = code

    def shown(self, digest: str) -> ShownCode | None:
        return next((code for code in self.codes.values() if code.digest == digest), None)

    def is_used(self, code: ShownCode) -> bool:
        return code.digest in self.used

    def of_principal(self, principal: str) -> Link | None:
        return self.links.get(principal)

    def of_person(self, person: str) -> list[Link]:
        return [link for link in self.links.values() if link.person == person]

    def add(self, link: Link, code: ShownCode, record: Record) -> None:
        self._act()
        held = self.links.get(link.principal)
        place = links.place_of(link.principal)
        taken = any(
            other.principal != link.principal and links.place_of(other.principal) == place
            for other in self.of_person(link.person)
        )
        if code.digest in self.used or taken or (held and held.person != link.person):
            raise StaleSession
        self.used.add(code.digest)
        self.links[link.principal] = link
        self.records.append(record)

    def remove(self, link: Link, record: Record) -> None:
        self._act()
        if self.links.get(link.principal) != link:
            raise StaleSession
        del self.links[link.principal]
        self.records.append(record)

    def is_undone(self, event_id: str) -> bool:
        return any(record["event_id"] == event_id for record in self.records)

    def wrong_codes(self, person: str, since: datetime) -> int:
        return sum(at > since for at in self.wrong.get(person, []))

    def note_wrong_code(self, person: str, try_id: str) -> None:
        self.wrong.setdefault(person, []).append(ids.opened_at(try_id))

    def _act(self) -> None:
        if self.before_write is not None:
            act, self.before_write = self.before_write, None
            act()


@dataclass
class Linked:
    """PAM with a surface that shows codes."""

    story: Story = field(default_factory=Story)
    known: FakeLinks = field(default_factory=FakeLinks)
    operators: FakeNotifier = field(default_factory=FakeNotifier)

    def show(self, principal: str = BOB) -> str:
        return show_link_code(
            principal,
            display="Bob B.",
            team="The Bank",
            basis="as it is",
            now=self.story.now,
            keeper=self.known,
        )

    def hand_in(
        self,
        code: str,
        accept: str = "",
        who: str | Caller = "bob",
        surface: Scheme = Scheme.SLACK,
    ) -> Linking:
        return link_principal(
            LinkPaper(surface=surface, code=code, accept=accept),
            self.story.call(who),
            known=self.known,
            codes=self.known,
            signer=self.story.keys.of(Maker.DOOR),
            tell=[self.story.notifier, self.operators],
        )

    def __post_init__(self) -> None:
        self.story.links = self.known

    def by_slack(self, principal: str = BOB, basis: str = "as it is") -> Caller:
        """Whoever clicks in Slack now."""
        whose = self.story.decides.identities.whose
        return slack_caller(principal, "slack-1", partial(whose, basis=basis))

    def settled(self, *people: str) -> None:
        """Links each to the user of that name, and lets the time pass in which they cannot vote."""
        for who in people:
            self.link(user(who), who)
        self.story.later(minutes=10)

    def link(self, principal: str = BOB, who: str = "bob") -> Link:
        made = self.hand_in(self.show(principal), accept=principal, who=who).link
        assert made is not None
        return made

    def unlink(self, principal: str = BOB, who: str | Caller = "bob") -> Link:
        return unlink_principal(principal, self.story.call(who), known=self.known)
